"""The official account's API: a draft, then published once or sent to all; what the vendor says in codes is told in words."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from platform_bench import PLATFORMS, adapter, article, changed, event, held

from steadycast.outgoing import HttpClient
from steadycast.platform import Busy, Known, Limits, Post, Refused, Unknown, registry
from steadycast.testing import Reply
from steadycast.testing.posts import drawn

NAME = "wechat-api"
PAGE = "https://hu.example/nongtang/"


def account(**given: Any) -> Any:
    made = registry.fake(PLATFORMS[NAME])
    assert made
    return made(**given)


@pytest.fixture
def far() -> Iterator[Any]:
    with account() as fake:
        yield fake


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


def speaking(far: Any, out: Path, **settings: Any) -> Any:
    given = {**far.settings(), **settings}
    return adapter(NAME, out, secrets=far.secrets(), http=HttpClient("gzh", deadline=3.0), **given)


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return changed(article(tmp_path / "in"), canonical_url=PAGE)


def lost(far: Any, sent: str | None = None) -> Known:
    """The steps of a submission: its draft is known, its answer only where it is given."""
    (draft,) = {each["media_id"] for each in asked(far, "freepublish/submit")}
    name = "submit-" + hashlib.sha256(draft.encode()).hexdigest()[:16]
    return Known(None, {"draft-1": draft, name: sent})


def asked(far: Any, path: str) -> list[Any]:
    return [request.json() for request in far.requests if request.path.endswith(path)]


def test_sample(tmp_path: Path, far: Any, post: Post) -> None:
    speaking(far, tmp_path / "out").publish(post)
    (draft,) = asked(far, "draft/add")
    held(NAME, "draft.json", (json.dumps(draft, ensure_ascii=False, indent=2) + "\n").encode())
    held(NAME, "article.html", (draft["articles"][0]["content"] + "\n").encode())


def test_an_article_is_drafted_published_and_waited_for(tmp_path: Path, far: Any, post: Post) -> None:
    far.polls = 1
    receipt = speaking(far, tmp_path / "out").publish(post)
    (seen,) = far.posts()
    assert (seen.key, seen.title, seen.url) == (post.key, post.title, receipt.url)
    assert receipt.url.startswith("https://mp.weixin.qq.com/s/")
    assert len(seen.media) == len(post.of("image"))
    assert 'src="http://mmbiz.qpic.cn/' in seen.text
    assert "media:" not in seen.text
    assert far.drafts == {}, "a draft leaves its box once it is out"
    (draft,) = asked(far, "draft/add")
    assert draft["articles"][0]["content_source_url"] == f"{PAGE}#{post.key}"
    assert len(asked(far, "freepublish/get")) == 2, "the vendor was still at it at the first look"


def test_chinese_is_sent_as_it_is(tmp_path: Path, far: Any, post: Post) -> None:
    """The vendor refuses escaped characters (40033)."""
    speaking(far, tmp_path / "out").publish(post)
    bodies = [r.body for r in far.requests if r.path.endswith("draft/add")]
    assert all(b"\\u" not in body and post.title.encode() in body for body in bodies)


def test_an_event_tells_when_and_where(tmp_path: Path, far: Any) -> None:
    party = event(tmp_path / "in")
    with pytest.raises(Refused, match="needs a cover"):
        speaking(far, tmp_path / "out").publish(party)
    speaking(far, tmp_path / "out").publish(changed(party, media=(drawn(tmp_path / "in"),)))
    (seen,) = far.posts()
    assert seen.title == party.title


def test_a_lost_answer_is_looked_for_and_never_sent_again_on_a_guess(tmp_path: Path, far: Any, post: Post) -> None:
    channel = speaking(far, tmp_path / "out")
    far.accept_then_cut(path="freepublish/submit")
    with pytest.raises(Unknown):
        channel.publish(post)
    found = channel.find(post, lost(far))
    assert found
    assert [seen.id for seen in far.posts()] == [found.remote_id]


def test_a_draft_that_is_still_in_its_box_was_not_published(tmp_path: Path, far: Any, post: Post) -> None:
    channel = speaking(far, tmp_path / "out")
    far.fail(path="freepublish/submit")
    with pytest.raises(Unknown):
        channel.publish(post)
    known = lost(far)
    assert channel.find(post, known) is None
    orphan = far.drafts.pop(known.steps["draft-1"])
    far.drafts["DRAFT_of_a_lost_answer"] = orphan
    with pytest.raises(Unknown, match="neither among the newest articles nor in the draft box"):
        channel.find(post, known)
    assert channel.find(post, Known(None, {})) is None, "nothing was submitted"
    with pytest.raises(Unknown):
        channel.find(post, Known(None, {}, frozen=False))


def test_what_is_still_being_published_is_unknown_until_the_next_look(tmp_path: Path, post: Post) -> None:
    with account(polls=8) as far:
        channel = speaking(far, tmp_path / "out")
        with pytest.raises(Unknown, match="still being published"):
            channel.publish(post)
        known = lost(far, job := next(iter(far.jobs)))
        with pytest.raises(Unknown, match="still being published"):
            channel.find(post, known)
        far.jobs[job]["left"] = 0
        assert channel.find(post, known)


@pytest.mark.parametrize(
    ("status", "said"), [(2, "original"), (3, "it failed"), (4, "review"), (5, "deleted"), (6, "banned")]
)
def test_what_will_never_be_out_is_refused_with_the_reason(
    tmp_path: Path, far: Any, post: Post, status: int, said: str
) -> None:
    far.status = status
    channel = speaking(far, tmp_path / "out")
    with pytest.raises(Refused, match=said):
        channel.publish(post)
    known = lost(far, next(iter(far.jobs)))
    if status <= 4:
        assert channel.find(post, known) is None
        edited = changed(post, revision="b" * 64, title="改过的标题")
        far.status = 0
        assert channel.publish(edited), "an edited draft is a submission of its own"
        assert len(asked(far, "freepublish/submit")) == 2
    else:
        with pytest.raises(Unknown, match="not sent again"):
            channel.find(post, known)


def by_hand(channel: Any) -> Any:
    """As it is once its far side was asked."""
    assert channel.probe() == Limits(by_hand=True)
    spec = replace(PLATFORMS[NAME], by_hand=True)
    return type(channel)(replace(channel.channel, spec=spec))


def test_an_account_that_may_not_publish_hands_its_draft_to_a_person(tmp_path: Path, post: Post) -> None:
    """Also before anybody asked it; what is left to do is told, and no request publishes anything."""
    with account(certified=False) as far:
        channel = speaking(far, tmp_path / "out")
        told = channel.check()
        assert told.rights == ("draft",)
        assert "a person publishes it there" in told.note
        for each, submits in ((channel, 1), (by_hand(channel), 1)):
            receipt = each.publish(post)
            assert receipt.handed
            assert len(receipt.detail["steps"]) == 4
            assert len(asked(far, "freepublish/submit")) == submits
            assert [*far.drafts] == [receipt.remote_id.removeprefix("draft-")], "the one draft is brought up to date"
        assert channel.find(post, Known(receipt)).handed
        channel.withdraw(post, Known(receipt))
        assert far.drafts == {}
    with account() as far:
        assert speaking(far, tmp_path / "out").probe() == Limits()


def test_a_draft_whose_answer_was_lost_is_found_by_its_mark(tmp_path: Path, post: Post) -> None:
    with account(certified=False) as far:
        channel = by_hand(speaking(far, tmp_path / "out"))
        assert channel.find(post, Known(None, {"draft-1": None})) is None
        far.accept_then_cut(path="draft/add")
        with pytest.raises(Busy):
            channel.publish(post)
        (draft,) = far.drafts
        found = channel.find(post, Known(None, {"draft-1": None}))
        assert (found.handed, found.remote_id, found.seen) == (True, f"draft-{draft}", "read-back")
        edited = changed(post, title="改过的标题", revision="b" * 64)
        assert channel.publish(edited).remote_id == found.remote_id
        assert far.drafts[draft]["title"] == "改过的标题"
        far.publish_by_hand(draft)
        with pytest.raises(Unknown, match="look there"):
            channel.find(post, Known(found))
        with pytest.raises(Refused, match="delete it in the back office"):
            channel.withdraw(post, Known(found))


def test_what_a_person_published_is_seen_where_it_may_be_listed(tmp_path: Path, post: Post) -> None:
    with account(certified=False) as far:
        channel = by_hand(speaking(far, tmp_path / "out"))
        handed = channel.publish(post)
        far.lists = True
        assert channel.find(post, Known(handed)).handed
        url = far.publish_by_hand(handed.remote_id.removeprefix("draft-"))
        found = channel.find(post, Known(handed))
        assert (found.handed, found.url) == (False, url)


def test_an_account_that_may_not_even_draft_is_told_which_kit(tmp_path: Path) -> None:
    with account(certified=False, drafts=False) as far, pytest.raises(Refused, match="may not even make a draft"):
        speaking(far, tmp_path / "out").check()


def test_a_test_says_what_the_account_may_and_makes_nothing(tmp_path: Path, far: Any) -> None:
    told = speaking(far, tmp_path / "out").check()
    assert (told.name, told.rights) == (far.settings()["appid"], ("draft", "publish"))
    assert far.drafts == {}


@pytest.mark.parametrize(
    ("wrong", "said"), [({"appid": "wx-other"}, "AppID or AppSecret is wrong"), ({}, "AppID or AppSecret is wrong")]
)
def test_wrong_credentials_are_refused_with_the_fix(tmp_path: Path, far: Any, wrong: Any, said: str) -> None:
    secrets = far.secrets() if wrong else {"secret": "another"}
    channel = adapter(
        NAME, tmp_path, secrets=secrets, http=HttpClient("gzh", deadline=3.0), **{**far.settings(), **wrong}
    )
    with pytest.raises(Refused, match=said) as refused:
        channel.check()
    assert "another" not in str(refused.value)


def test_a_token_that_ends_early_is_renewed_once(tmp_path: Path, far: Any, post: Post) -> None:
    channel = speaking(far, tmp_path / "out")
    channel.check()
    far.expire()
    assert channel.publish(post)
    assert len(asked(far, "stable_token")) == 2
    assert [each["force_refresh"] for each in asked(far, "stable_token")] == [False, False]


@pytest.mark.parametrize(
    ("code", "error", "waits"),
    [(45009, Busy, 3600), (45011, Busy, 60), (45028, Busy, 3600), (-1, Unknown, 0), (40164, Refused, 0), (48004, Refused, 0),
     (89503, Refused, 0), (53504, Refused, 0), (45166, Refused, 0)],
)  # fmt: skip
def test_each_code_has_its_error(
    tmp_path: Path, far: Any, post: Post, code: int, error: type[Exception], waits: int
) -> None:
    channel = speaking(far, tmp_path / "out")
    far.answer(Reply(200, {"errcode": code, "errmsg": "said so"}), path="freepublish/submit")
    with pytest.raises(error) as raised:
        channel.publish(post)
    if waits:
        assert isinstance(raised.value, Busy)
        assert raised.value.retry_after == dt.timedelta(seconds=waits)
    assert far.posts() == []


def test_a_mass_message_is_known_again_by_the_vendor_itself(tmp_path: Path, far: Any, post: Post) -> None:
    channel = speaking(far, tmp_path / "out", send="mass")
    far.accept_then_cut(path="mass/sendall")
    with pytest.raises(Unknown):
        channel.publish(post)
    with pytest.raises(Unknown):
        channel.find(post, Known(None, {"mass": None}))
    assert channel.find(post, Known(None, {})) is None, "its pictures were on their way"
    again = speaking(far, tmp_path / "again", send="mass")  # a person said: send it again
    assert again.publish(post).remote_id == "mass-" + next(iter(far.masses.values()))[0]
    assert len(far.posts()) == 1
    with pytest.raises(Refused, match="delete it in the back office"):
        channel.withdraw(post, Known())
    with pytest.raises(Busy):
        speaking(far, tmp_path / "third", send="mass").publish(changed(post, key="abcdefghijk23"))


def test_a_withdrawn_article_is_deleted(tmp_path: Path, far: Any, post: Post) -> None:
    channel = speaking(far, tmp_path / "out")
    receipt = channel.publish(post)
    channel.withdraw(post, Known(receipt))
    assert far.posts() == []
    with pytest.raises(Unknown, match="not sent again"):
        channel.find(post, lost(far))


# Who came


def test_followers_are_counted_by_day_and_way(far: Any, tmp_path: Path) -> None:
    """Seven days a call, and only days that the vendor has counted."""
    days = [f"2026-11-{day:02}" for day in range(8, 24)]
    far.followers = [
        {"ref_date": day, "user_source": 30, "new_user": 2, "cancel_user": int(day[-1] == "0")} for day in days
    ] + [{"ref_date": days[0], "user_source": 4711, "new_user": 1, "cancel_user": 0}]
    gzh = speaking(far, tmp_path)
    morning = dt.datetime(2026, 11, 23, 23, 30, tzinfo=dt.UTC)  # half past seven in Beijing
    object.__setattr__(gzh.channel, "now", lambda: morning)
    found = list(gzh.arrivals(dt.date(2026, 11, 8), dt.date(2026, 11, 24)))
    assert [request["end_date"] for request in asked(far, "getusersummary")] == [
        "2026-11-14",
        "2026-11-21",
        "2026-11-22",
    ]
    assert sum(row.n for row in found if (row.kind, row.medium) == ("join", "qr")) == 2 * 15
    assert [(row.day.day, row.n) for row in found if row.kind == "leave"] == [(10, 1), (20, 1)]
    assert [row.medium for row in found if row.medium != "qr"] == ["other"]
    assert {row.source for row in found} == {gzh.channel.name}


def test_an_account_without_the_right_is_told_so(tmp_path: Path) -> None:
    with account(certified=False) as far, pytest.raises(Refused):
        list(speaking(far, tmp_path).arrivals(dt.date(2026, 1, 1), dt.date(2026, 1, 2)))


@pytest.mark.parametrize("said", [{}, {"list": 3}, {"list": [{"ref_date": "x"}]}, {"list": [[]]}])
def test_counts_of_another_form_are_in_doubt(far: Any, tmp_path: Path, said: Any) -> None:
    far.answer(Reply(200, said), path="getusersummary")
    with pytest.raises(Unknown):
        list(speaking(far, tmp_path).arrivals(dt.date(2026, 1, 1), dt.date(2026, 1, 2)))
