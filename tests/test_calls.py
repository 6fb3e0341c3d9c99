"""Calls: a post leads its reader home, in the manner that its platform allows, and never at the cost of its text."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path, PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from pipeline_bench import EVENING, SETTINGS, Bench, article
from publish_bench import ready

from steadycast import ops, pipeline
from steadycast.draft import Draft
from steadycast.errors import SettingsError
from steadycast.platform import Limit, MediaRule, Platform, RenderRule, registry
from steadycast.platform.post_bytes import post_from_bytes, post_to_bytes
from steadycast.render.call import call_at, slot_of, tracked
from steadycast.render.compose import Target, compose, fits
from steadycast.render.prepared_body import prepare
from steadycast.schedule.model import Origin
from steadycast.workspace import load
from steadycast.workspace.settings import Call as Written

CHANNELS = Path(__file__).parent.parent / "channels"
ZONE = ZoneInfo("Asia/Shanghai")
SLOT = "daily@2026-11-27T20:00"
JOIN = Written(text="一起读书：回复「读书会」入群", url="https://huyu.example/join")


def platform(folder: Path, call: str = "link", **values: Any) -> Platform:
    return Platform("outlet", folder, "Outlet", ("article",), "blind", call=call, **values)


def target(outlet: Platform, root: Path, given: Written | None = JOIN, slot: str = SLOT) -> Target:
    call = call_at(("join", given), root, "outlet", outlet, series="daily", slot=slot) if given else None
    return Target(
        "outlet", slot, "abcdefghijklm", zone=ZONE, series="daily", call=call, canonical_url="https://huyu.example/a",
        published=dt.datetime(2026, 11, 27, 20, tzinfo=ZONE),
    )  # fmt: skip


def draft(body: str = "第一句话。第二句话。\n", **values: Any) -> Draft:
    given: dict[str, Any] = {"path": PurePosixPath("pgc/a.md"), "origin": Origin.PGC, "member": "", "title": "题目"}
    return Draft(body=body, revision="r" * 64, **given | values)


@pytest.fixture
def made(tmp_path: Path) -> Any:
    def made(outlet: Platform, given: Written | None = JOIN, **values: Any) -> Any:
        body = prepare(draft(**values), tmp_path / "media", tmp_path / "cache")
        return compose(body, outlet, target(outlet, tmp_path, given))

    return made


def told(tmp_path: Path, outlet: Platform, **values: Any) -> list[str]:
    body = prepare(draft(**values), tmp_path / "media", tmp_path / "cache")
    return [fault.message for fault in fits(body, outlet, target(outlet, tmp_path)) if fault.harmless]


# Where it leads


def test_a_link_says_where_it_stands(tmp_path: Path) -> None:
    """Source, medium, campaign and content: the channel, its kind, the series, the slot."""
    page = platform(tmp_path, permalink="{path}.html")
    said = "https://huyu.example/join?utm_source=site&utm_medium=page&utm_campaign=daily&utm_content=2026-11-27T2000"
    assert tracked("https://huyu.example/join", "site", page, "daily", SLOT) == said


@pytest.mark.parametrize(
    ("outlet", "medium"),
    [({"call": "qr"}, "qr"), ({"subscribers": True}, "email"), ({"permalink": "{path}"}, "page"), ({}, "post")],
)
def test_the_medium_is_the_kind_of_outlet(tmp_path: Path, outlet: dict[str, Any], medium: str) -> None:
    assert f"utm_medium={medium}&" in tracked("https://a.example/", "x", platform(tmp_path, **outlet), "daily", SLOT)


def test_what_an_address_says_itself_stays(tmp_path: Path) -> None:
    """Its own parameters, its fragment; and a parameter that it has already is not said twice."""
    url = tracked("https://a.example/?x=%E4%B8%80&utm_source=mine#top", "site", platform(tmp_path), "", "")
    assert url == "https://a.example/?x=%E4%B8%80&utm_source=mine&utm_medium=post#top"


def test_a_slot_is_known_again_by_what_was_counted() -> None:
    assert slot_of("daily", "2026-11-27T2000") == SLOT
    assert slot_of("daily", "x" * 4000) == slot_of("", "2026-11-27T2000") == ""


# In which manner


def test_a_link_stands_below_the_text_and_in_the_page(made: Any, tmp_path: Path) -> None:
    post = made(platform(tmp_path))
    assert '<p class="call"><a href="https://huyu.example/join?utm_source=outlet&amp;' in post.html
    assert post.text.endswith("一起读书：回复「读书会」入群 " + str(target(platform(tmp_path), tmp_path).call.url))  # type: ignore[union-attr]


def test_links_of_the_text_are_left_as_they_are(made: Any, tmp_path: Path) -> None:
    post = made(platform(tmp_path), body="看[我的](https://mine.example/x)。\n")
    assert 'href="https://mine.example/x"' in post.html
    assert "https://mine.example/x?" not in post.html + post.text


def test_words_alone_lead_by_what_they_say(made: Any, tmp_path: Path) -> None:
    post = made(platform(tmp_path, "text"))
    assert post.text.endswith("\n\n" + JOIN.text)
    assert "huyu.example" not in post.html + post.text


def test_a_code_is_drawn_for_whom_no_link_works(made: Any, tmp_path: Path) -> None:
    """The picture comes last, leads to the counted address, and the page's own address is counted as well."""
    post = made(platform(tmp_path, "qr", media={"image": MediaRule(formats=("png",), count=1)}))
    (picture,) = post.media
    assert post.html.endswith(f'<p><img src="media:{picture.sha256}" alt="{JOIN.text}"></p>')
    assert post.canonical_url == (
        "https://huyu.example/a?utm_source=outlet&utm_medium=qr&utm_campaign=daily&utm_content=2026-11-27T2000"
    )
    with Image.open(picture.path) as drawn:
        assert drawn.size == (picture.width, picture.height)
        assert drawn.convert("L").getextrema() == (0, 255)


def test_a_picture_of_the_communitys_own_goes_before_a_drawn_one(made: Any, tmp_path: Path) -> None:
    Image.new("RGB", (120, 120), "teal").save(tmp_path / "join.png")
    post = made(platform(tmp_path, "qr"), Written(text="入群", qr="join.png"))
    assert [(m.width, m.alt) for m in post.media] == [(120, "入群")]


def test_nothing_is_said_where_nobody_may_be_led_away(made: Any, tmp_path: Path) -> None:
    outlet = platform(tmp_path, "none")
    assert post_to_bytes(made(outlet)) == post_to_bytes(made(outlet, None))


def test_one_post_has_the_same_bytes_each_time(made: Any, tmp_path: Path) -> None:
    outlet = platform(tmp_path, "qr")
    first = post_to_bytes(made(outlet))
    for file in (tmp_path / "cache").rglob("*.*"):
        file.unlink()
    assert post_to_bytes(made(outlet)) == first
    assert post_to_bytes(post_from_bytes(first)) == first


def test_the_words_are_words(made: Any, tmp_path: Path) -> None:
    post = made(platform(tmp_path), Written(text='<script>alert("x")</script>\n二行', url='https://a.example/"onload='))
    assert "<script" not in post.html
    assert '"onload' not in post.html
    assert "&lt;script&gt;" in post.html


# Where it has no room


@pytest.mark.parametrize(
    "limits",
    [
        {"limits": {"text": Limit(60)}},
        {"limits": {"text": Limit(40, count="bytes", cut=True)}},
        {"limits": {"html": Limit(60)}},
        {"limits": {"whole": Limit(120, count="bytes")}},
        {"call": "qr", "media": {"image": MediaRule(count=0)}},
        {"limits": {"text": Limit(100)}, "render": RenderRule(thread=True)},
    ],
)
def test_a_call_without_room_is_left_out_and_told(made: Any, tmp_path: Path, limits: dict[str, Any]) -> None:
    """It never cuts the text, adds no part to a thread, and costs no picture of the draft's."""
    outlet = platform(tmp_path, **limits)
    assert (made(outlet).text, made(outlet).html) == (made(outlet, None).text, made(outlet, None).html)
    assert told(tmp_path, outlet) == ["the call join has no room here, and is left out"]


def test_a_thread_has_it_in_its_last_part(made: Any, tmp_path: Path) -> None:
    outlet = platform(tmp_path, "text", limits={"text": Limit(60)}, render=RenderRule(thread=True))
    body = "这是很长的一篇文章，要分成好几段来发。" * 4
    post, without = made(outlet, body=body), made(outlet, None, body=body)
    assert len(post.parts) == len(without.parts) > 1
    assert JOIN.text in post.parts[-1]


def test_a_link_counts_as_the_platform_counts_links(made: Any, tmp_path: Path) -> None:
    outlet = platform(tmp_path, limits={"text": Limit(60, url=23)})
    assert "utm_content" in made(outlet).text
    assert told(tmp_path, outlet) == []


# Who has which


@pytest.mark.parametrize("name", sorted(f.parent.name for f in CHANNELS.glob("*/channel.toml")))
def test_a_platform_says_why_readers_may_be_led_away_there(name: str) -> None:
    """In its own file, beside its `call`; one that says nothing lets nobody be led away."""
    text = (CHANNELS / name / "channel.toml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("call = ")]
    assert all("  # " in line for line in lines)
    assert lines or registry.platforms([CHANNELS])[name].call == "none"


def test_those_that_punish_it_have_none() -> None:
    found = registry.platforms([CHANNELS])
    assert {found[name].call for name in ("xiaohongshu", "douyin", "zhihu", "kit")} == {"none"}


CALLS = """
[call.join]
text = "Join us"
url = "https://readers.example/join"

[call.chat]
text = "Come to the chat"
channels = ["site"]
"""


def page(bench: Bench, series: str = "", *front: str) -> str:
    """The page that a draft of that head has, once its slot was served."""
    settings = SETTINGS.replace("[series.daily]\n", f"[series.daily]\n{series}\n", 1)
    app = ready(bench, settings + CALLS, {"pgc/1.md": article("One", *front)})
    bench.at(23, 20)
    pipeline.publish(app)
    return (app.workspace.out / "site" / "daily" / "2026-11-23-2000.html").read_text(encoding="utf-8")


def test_a_page_of_the_site_ends_with_the_call(bench: Bench) -> None:
    at = "utm_source=site&amp;utm_medium=page&amp;utm_campaign=daily&amp;utm_content=2026-11-23T2000"
    assert f'<p class="call"><a href="https://readers.example/join?{at}"' in page(bench)


@pytest.mark.parametrize(
    ("series", "front", "shown"),
    [
        ("", (), "Join us"),
        ("", ("call: chat",), "Come to the chat"),
        ("", ("引导: chat",), "Come to the chat"),
        ("", ("call: none",), None),
        ("", ("call: nobody-knows",), None),
        ('call = "chat"', (), "Come to the chat"),
        ('call = "none"', (), None),
        ('call = "none"', ("call: join",), "Join us"),
    ],
)
def test_a_draft_and_a_series_may_choose_another_or_none(
    bench: Bench, series: str, front: tuple[str, ...], shown: str | None
) -> None:
    text = page(bench, series, *front)
    assert {said for said in ("Join us", "Come to the chat") if said in text} == ({shown} if shown else set())


def test_what_is_frozen_stays_as_it_was_when_the_call_is_edited(bench: Bench) -> None:
    """A folder that is made again shows the call that went out; the next slot has the new one."""
    before = page(bench)
    app = bench.settings(SETTINGS + CALLS.replace("Join us", "Join us today"))
    assert [made.posts for made in pipeline.rebuild(app, "site")] == [1]
    assert (app.workspace.out / "site" / "daily" / "2026-11-23-2000.html").read_text(encoding="utf-8") == before


# What is told of them


def test_a_channel_that_leads_nobody_away_is_named_at_check(bench: Bench) -> None:
    settings = SETTINGS + CALLS.replace('["site"]', '["site", "far"]')
    bench.set_up(settings)
    (told,) = [p for p in ops.check(EVENING, root=bench.root) if "leads nobody away" in p.message]
    assert told.message.startswith("call.chat: far (Far side)")
    assert told.line == next(n for n, line in enumerate(settings.splitlines(), 1) if '"site", "far"' in line and n > 20)


def test_a_call_that_is_none_is_named_at_check(bench: Bench) -> None:
    bench.set_up(SETTINGS + CALLS, {"pgc/1.md": article("One", "call: joim")})
    (told,) = [p for p in ops.check(EVENING, root=bench.root) if "[call.joim]" in p.message]
    assert (told.where, told.line, told.hint) == ("pgc/1.md", 3, "did you mean 'join'?")


def test_a_picture_that_is_not_there_is_named_at_check(bench: Bench) -> None:
    bench.set_up(SETTINGS + CALLS.replace('channels = ["site"]', 'qr = "images/join.png"'))
    assert [p.message for p in ops.check(EVENING, root=bench.root) if "join.png" in p.message] == [
        "call.chat.qr: the file 'images/join.png' is not there"
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('[call.none]\ntext = "x"', "that is the word for no call"),
        ('[call.x]\nchannels = ["site"]', "give it a text, a url, or both"),
        ('[call.x]\ntext = "x"\nchannels = ["nowhere"]', "there is no [channel.nowhere]"),
        ('[call.x]\ntext = "x"\nqr = "../secret.png"', "is no file of the workspace"),
        ('[call.x]\nurl = "javascript:x"', "is no web address"),
        ('[call.x]\nurl = "https://lin:s3cret@huyu.example/join"', "without a name or a password"),
        ('[call.x]\ntext = "x"\n[series.more]\nevery = "day at 9:00"\ncall = "y"', "there is no [call.y]"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(bench: Bench, wrong: str, said: str) -> None:
    bench.set_up()
    (bench.root / "steadycast.toml").write_text(f"{SETTINGS}\n{wrong}\n")
    with pytest.raises(SettingsError, match=re.escape(said)) as told:
        load(bench.root)
    assert told.value.line
