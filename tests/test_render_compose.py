"""A draft becomes each channel's post: overrides, limits, media, and everything that would fail, told beforehand."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from steadycast.draft import Draft, DraftEvent, MediaRef
from steadycast.errors import DraftError
from steadycast.platform import Limit, MediaRule, Platform, RenderRule
from steadycast.render import prepared_body as module
from steadycast.render.compose import Target, compose, fits
from steadycast.render.prepared_body import prepare
from steadycast.schedule.model import Form, Origin

SHANGHAI = ZoneInfo("Asia/Shanghai")
TARGET = Target(
    channel="outlet",
    slot="notes@2026-11-27T20:00",
    key="abcdefghijklm",
    published=dt.datetime(2026, 11, 27, 20, tzinfo=SHANGHAI),
    zone=SHANGHAI,
    community="沪语读书会",
    series="notes",
    series_title="每日一文",
    member_title="阿丽",
    canonical_url="https://s.example/a",
)


def draft(body: str = "第一句话。第二句话。\n", **values: Any) -> Any:
    given: dict[str, Any] = {
        "title": "题目",
        "path": PurePosixPath("ugc/alice/a.md"),
        "origin": Origin.UGC,
        "member": "alice",
        "revision": "r" * 64,
    }
    return Draft(body=body, **given | values)


@pytest.fixture
def platform(tmp_path: Path) -> Any:
    def make(**values: Any) -> Any:
        return Platform(
            "outlet", tmp_path, "Outlet", values.pop("forms", ("article", "audio", "event")), "blind", **values
        )

    return make


@pytest.fixture
def post(tmp_path: Path, platform: Any) -> Any:
    def made(a_draft: Any, target: Any = TARGET, **values: Any) -> Any:
        return compose(prepare(a_draft, tmp_path / "media", tmp_path / "cache"), platform(**values), target)

    return made


@pytest.fixture
def faults(tmp_path: Path, platform: Any) -> Any:
    def found(a_draft: Any, now: Any = None, **values: Any) -> Any:
        body = prepare(a_draft, tmp_path / "m", tmp_path / "c")
        return [str(f) for f in fits(body, platform(**values), TARGET, now=now)]

    return found


@pytest.fixture
def picture(tmp_path: Path) -> Any:
    def made(name: Any, role: str = "image", size: Any = (300, 200), line: Any = None) -> Any:
        data = BytesIO()
        Image.new("RGB", size, "teal").save(data, "PNG")
        (tmp_path / name).write_bytes(data.getvalue())
        return MediaRef(role, name, tmp_path / name, line=line)

    return made


def test_a_post_says_where_it_stands_and_who_wrote_it(post: Any) -> None:
    made = post(draft(author="阿丽", tags=("书", "书", " 沪语 "), language="wuu"))
    assert (made.key, made.channel, made.slot) == (TARGET.key, TARGET.channel, TARGET.slot)
    assert (made.title, made.author, made.member, made.member_title) == ("题目", "阿丽", "alice", "阿丽")
    assert (made.series_title, made.canonical_url, made.slug) == ("每日一文", "https://s.example/a", "ti-mu")
    assert (made.tags, made.language, made.form, made.origin) == (("书", "沪语"), "wuu", "article", "ugc")
    assert made.text == "第一句话。第二句话。"
    assert made.parts == (made.text,)
    assert made.summary == "第一句话。第二句话。"
    assert made.html == "<p>第一句话。第二句话。</p>\n"
    assert made.published == TARGET.published


def test_a_channel_of_its_own_may_have_other_words(post: Any) -> None:
    own = {
        "outlet": {"title": "另题", "text": "短文", "summary": "短", "tags": ["a"], "mood": "x"},
        "other": {"title": "no"},
    }
    made = post(draft(channels=own))
    assert (made.title, made.text, made.summary, made.tags) == ("另题", "短文", "短", ("a",))
    assert made.html.startswith("<p>第一句话")
    assert made.extra["mood"] == "x"


@pytest.mark.parametrize("nothing", ["", " ", "\u200b"])
def test_a_channel_s_own_title_in_which_nothing_is_seen_is_none(post: Any, nothing: Any) -> None:
    assert post(draft(channels={"outlet": {"title": nothing}})).title == "题目"


def test_words_are_cut_where_the_platform_lets_them(post: Any) -> None:
    made = post(draft("很长的一句话。" * 30), limits={"text": Limit(20), "summary": Limit(10), "title": Limit(1)})
    assert made.text == "很长的一句话。很长的一句话。"
    assert made.summary == "很长的一句话。"
    assert len(made.title) == 1


def test_too_long_where_nothing_is_cut_names_channel_count_and_hint(post: Any, faults: Any) -> None:
    limits = {"title": Limit(3, "weighted", cut=False)}
    with pytest.raises(DraftError, match="title is too long: 4/3 weights") as caught:
        post(draft(), limits=limits)
    assert (caught.value.channel, str(caught.value.file)) == ("outlet", "ugc/alice/a.md")
    assert "channels.outlet.title" in str(caught.value)
    assert faults(draft(), limits=limits) == [str(caught.value)]
    assert faults(draft(title="题"), limits=limits) == []


def test_all_of_a_post_has_a_limit_with_the_files_that_the_platform_names(faults: Any, picture: Any) -> None:
    given = draft("字" * 400, media=(picture("lane.png", size=(900, 900)),))
    size = 400 * 3 * 2 + len("<p></p>\n") + (given.media[0].path.stat().st_size)
    limits = {"whole": Limit(size, "bytes", cut=False)}
    assert faults(given, limits=limits, media={"image": MediaRule()}) == []
    limits = {"whole": Limit(size // 2, "bytes", cut=False)}
    (said,) = faults(given, limits=limits, media={"image": MediaRule()})
    assert "the whole is too large: " in said
    assert faults(draft(media=given.media), limits=limits) == [], "files that nobody sends"


def test_a_thread_has_parts(post: Any) -> None:
    made = post(
        draft("第一段话很长。\n\n第二段话很长。\n\n第三段"), limits={"text": Limit(14)}, render=RenderRule(thread=True)
    )
    assert made.text == "第一段话很长。\n\n第二段话很长。\n\n第三段"
    assert made.parts == ("第一段话很长。 1/3", "第二段话很长。 2/3", "第三段 3/3")


def test_tags_too_long_or_too_many_are_left_out_or_told(post: Any, faults: Any) -> None:
    tags = ("一", "二二二二", "三")
    assert post(draft(tags=tags), limits={"tag": Limit(3), "tags": Limit(1)}).tags == ("一",)
    strict = {"tag": Limit(3, cut=False), "tags": Limit(1, cut=False)}
    assert len(faults(draft(tags=tags), limits=strict)) == 2
    assert "too few tags: 0/1" in faults(draft(), limits={"tags": Limit(9, min=1)})[0]


def test_a_members_mentions_and_hidden_characters_do_no_harm(post: Any) -> None:
    made = post(draft("@everyone 来", title="a\nb\u202ec @here"))
    assert made.text == "@\u2060everyone 来"
    assert made.title == "a b c @\u2060here"
    assert post(draft("@everyone 来", origin=Origin.PGC)).text == "@everyone 来"


def test_pictures_are_adapted_and_named_in_the_html(post: Any, picture: Any) -> None:
    a_draft = draft("![甲](a.png)", media=(picture("a.png"), picture("c.png", "cover")))
    plain = post(a_draft)
    assert [m.role for m in plain.media] == ["cover", "image"]
    small = post(a_draft, media={"image": MediaRule(formats=("jpg",), width=100)})
    (image,) = small.of("image")
    assert image.mime == "image/jpeg"
    assert image.width == 100
    assert f'src="media:{image.sha256}"' in small.html
    assert small.cover is not None
    assert post(a_draft, media={"image": MediaRule(count=0), "cover": MediaRule(count=0)}).media == ()


def test_media_that_do_not_fit_are_told(faults: Any, picture: Any) -> None:
    two = draft("![](a.png) ![](b.png)", media=(picture("a.png"), picture("b.png", size=(20, 20))))
    assert "too many of image: 2/1" in faults(two, media={"image": MediaRule(count=1)})[0]
    assert "needs at least one image" in faults(draft(), media={"image": MediaRule(required=True)})[0]
    gone = draft("第一行\n\n![](gone.png)", body_line=5)
    assert faults(gone) == ["ugc/alice/a.md:7: outlet: image gone.png is missing (put the file beside the draft)"]


def test_a_missing_cover_is_lettered_where_one_is_required(post: Any) -> None:
    made = post(draft(), media={"cover": MediaRule(required=True, formats=("jpg",), sizes=((300, 200),))})
    assert (made.cover.width, made.cover.height) == (300, 200)


def test_forms_and_files_that_are_not_there_are_told(faults: Any) -> None:
    assert "takes no video" in faults(draft(form=Form.VIDEO, media=()))[0]
    assert "audio without a file" in faults(draft(form=Form.AUDIO))[0]
    assert "event without a start" in faults(draft(form=Form.EVENT))[0]


def test_an_event_stands_in_the_communitys_zone(post: Any, faults: Any) -> None:
    event = DraftEvent(dt.datetime(2026, 12, 5, 14), place="福州路\n书店")
    a_draft = draft(form=Form.EVENT, event=event)
    made = post(a_draft).event
    assert made.start == dt.datetime(2026, 12, 5, 14, tzinfo=SHANGHAI)
    assert made.end - made.start == dt.timedelta(hours=2)
    assert made.place == "福州路 书店"
    assert faults(a_draft, now=dt.datetime(2026, 12, 5, tzinfo=dt.UTC)) == []
    assert "the event ended on 2026-12-05 16:00" in faults(a_draft, now=dt.datetime(2026, 12, 6, tzinfo=dt.UTC))[0]
    backwards = DraftEvent(dt.datetime(2026, 12, 5, 14), dt.datetime(2026, 12, 5, 13))
    assert "ends before it starts" in faults(draft(form=Form.EVENT, event=backwards))[0]


def test_an_all_day_event_ends_with_its_day_and_has_one_id_on_every_channel(post: Any) -> None:
    event = DraftEvent(dt.datetime(2026, 12, 12), all_day=True)
    made = post(draft(form=Form.EVENT, event=event)).event
    assert (made.start.date(), made.end.date(), made.last.date()) == tuple(dt.date(2026, 12, d) for d in (12, 13, 12))
    assert made.all_day
    assert made.uid == post(draft(form=Form.EVENT, event=event), forms=("event",)).event.uid
    assert len(made.uid) == 36


def test_a_picture_that_stops_moving_is_told_with_its_line(tmp_path: Path, post: Any, faults: Any) -> None:
    frames = [Image.new("RGB", (40, 30), (n * 60, 0, 0)) for n in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    moving = draft("![](a.gif)", media=(MediaRef("image", "a.gif", tmp_path / "a.gif", line=7),))
    still = {"image": MediaRule(formats=("jpg", "png"))}
    (said,) = faults(moving, media=still)
    assert said.startswith("ugc/alice/a.md:7: outlet: image a.gif is an animation, and becomes its first picture")
    assert post(moving, media=still).of("image")[0].mime == "image/jpeg"
    assert faults(moving, media={"image": MediaRule(formats=("jpg", "gif"))}) == []


def test_a_cover_of_which_little_is_left_is_told_until_somebody_says_what_stays(
    tmp_path: Path, post: Any, faults: Any
) -> None:
    Image.new("RGB", (900, 300)).save(tmp_path / "a.png")
    cover = MediaRef("cover", "a.png", tmp_path / "a.png", "海", line=3)
    rule = {"cover": MediaRule(ratios=("1:1",))}
    (said,) = faults(draft(media=(cover,)), media=rule)
    assert said.startswith("ugc/alice/a.md:3: outlet: cover a.png is cut to 33 % of it (say what has to stay: focal:")
    assert faults(draft(media=(replace(cover, focal=(0.9, 0.5)),)), media=rule) == []
    assert faults(draft(media=(cover,)), media={"cover": MediaRule(ratios=("2:1",))}) == []


def test_files_of_which_a_platform_takes_none_are_told_as_left_out(tmp_path: Path, post: Any, faults: Any) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    shown = draft("![海](a.png)", media=(MediaRef("image", "a.png", tmp_path / "a.png", "海", line=5),))
    none = {"image": MediaRule(count=0)}
    (said,) = faults(shown, media=none)
    assert said.startswith("ugc/alice/a.md:5: outlet: image a.png is left out: none is taken")
    assert post(shown, media=none).of("image") == ()


def test_the_words_of_a_picture_go_with_it_where_the_text_has_none(tmp_path: Path, post: Any) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    shown = draft("![](a.png)", media=(MediaRef("image", "a.png", tmp_path / "a.png", '海 "1"'),))
    assert 'alt="海 &quot;1&quot;"' in post(shown).html


def test_a_body_that_may_be_clipped_is_told_and_goes_out_all_the_same(post: Any, faults: Any) -> None:
    long = draft("字" * 500)
    (said,) = faults(long, limits={"html": Limit(1000, "bytes")})
    assert "body is long, and may be clipped: 1508/1000 bytes (UTF-8) of HTML" in said
    assert "字" * 500 in post(long, limits={"html": Limit(1000, "bytes")}).html


def test_everything_that_is_wrong_is_told_at_once(faults: Any) -> None:
    wrong = draft("字 ![](x.png)", form=Form.AUDIO, title="很长的题目")
    assert (
        len(faults(wrong, limits={"title": Limit(2, cut=False), "html": Limit(3, cut=False)}, forms=("article",))) == 5
    )


def test_a_body_is_parsed_once_for_all_channels(tmp_path: Path, platform: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    a_draft = draft()
    body = prepare(a_draft, tmp_path / "m", tmp_path / "c")
    monkeypatch.setattr(module, "to_html", lambda source: pytest.fail("parsed again"))
    rules = (RenderRule(), RenderRule(links="footnotes", classes=False), RenderRule(text_links="numbered"))
    posts = [compose(body, platform(render=r), TARGET) for r in rules]
    assert {p.text for p in posts} == {"第一句话。第二句话。"}


def test_a_post_is_the_same_bytes_every_time(post: Any, picture: Any) -> None:
    a_draft = draft("[a](https://a.example) ![](a.png) `x`\n\n- b", media=(picture("a.png"),))
    assert post(a_draft) == post(a_draft)
