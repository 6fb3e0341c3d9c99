"""The Bluesky platform against the imitation of its server: keys, marked text, threads, sessions, and what it refuses."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_bench import COMMUNITY, MORNING, Bench
from pipeline_bench import article as draft
from platform_bench import NOW, PLATFORMS, article, changed, held, media, png
from test_channel_bluesky_cases import SKY, Cases, Far, fresh

from steadycast import ops, pipeline
from steadycast.outgoing import HttpClient
from steadycast.platform import Busy, Known, MemoryState, Post, Refused, Unknown
from steadycast.platform.registry import load
from steadycast.testing import Reply

PACKAGE = load(PLATFORMS["bluesky"]).__module__
RECORD, RULES, FAKE = (import_module(f"{PACKAGE}.{name}") for name in ("record", "fake_rules", "fake"))


@pytest.fixture
def fake() -> Iterator[Any]:
    with FAKE.Fake() as running:
        yield running
        assert not running.broken


@pytest.fixture
def far(fake: Any) -> Far:
    state = MemoryState(lambda: NOW)
    return Far(fake.url, FAKE.HANDLE, FAKE.PASSWORD, FAKE.DID, FAKE.FRIEND, lambda: fake.records, state)


class TestFake(Cases):
    """The imitation keeps what the real server keeps."""


def test_sample(fake: Any, far: Far, tmp_path: Path) -> None:
    text = "弄堂口的书摊\n\n老底子，弄堂口有个书摊，见 https://example.org/lane/about?a=1&b=2。 1/2"
    thread = changed(
        fresh(tmp_path, text, "书要借得勤。 #沪语 2/2", key="aaaaaaaaaaaab"), media=article(tmp_path / "in").media
    )
    far.made(tmp_path).publish(changed(thread, published=article(tmp_path / "in").published, slot_at=None))
    shown = [json.loads(r.body) for r in fake.requests if r.path.endswith("putRecord")]
    told = "\n\n".join(
        f"POST /xrpc/com.atproto.repo.putRecord\n\n{json.dumps(s, ensure_ascii=False, indent=2)}" for s in shown
    )
    held("bluesky", "thread.http", (told + "\n").encode())


# Keys


@given(st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC)), st.integers(1, 250))
def test_a_key_is_a_tid_of_the_promised_hour(at: dt.datetime, n: int) -> None:
    post = Post("aaaaaaaaaaaab", "sky", "", "", "", "", "", (), published=at.replace(microsecond=0))
    made = RECORD.tid(post, n)
    assert RULES.TID.fullmatch(made)
    number = sum(RECORD.DIGITS.index(digit) << 5 * (12 - place) for place, digit in enumerate(made))
    assert number >> 10 in range(int(at.timestamp()) * 1_000_000, (int(at.timestamp()) + 1) * 1_000_000)
    assert made < RECORD.tid(post, n + 1)
    assert made == RECORD.tid(changed(post, title="Another", text="another"), n)


def test_ten_thousand_posts_of_one_moment_have_keys_of_their_own() -> None:
    post = Post("", "sky", "", "", "", "", "", (), published=NOW)
    keys = {RECORD.tid(changed(post, key=f"{number:013}"), 1) for number in range(10_000)}
    assert len(keys) == 10_000


# Marked text


@given(
    st.lists(
        st.sampled_from(
            [
                "沪语 ",
                "👨‍👩‍👧‍👦",
                " https://example.org/a/long/path/with/é/in?it=1 ",
                " #标签 ",
                " @alice.test ",
                "e\u0301 ",
                "\n",
                " #1 ",
            ]
        )
    )
)
def test_what_is_marked_is_what_is_meant(pieces: list[str]) -> None:
    text = "".join(pieces)
    shown, facets = RECORD.rich(text, {"alice.test": "did:plc:a"}.get)
    data, ends = shown.encode(), 0
    for facet in facets:
        begin, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        assert ends <= begin < end
        words, ends = data[begin:end].decode(), end
        (feature,) = facet["features"]
        match feature["$type"].rpartition("#")[2]:
            case "link":
                assert feature["uri"].removeprefix("https://").startswith(words.removesuffix("..."))
                assert len(words.encode()) <= 30
            case "tag":
                assert words == f"#{feature['tag']}" == "#标签"
            case _:
                assert (words, feature["did"]) == ("@alice.test", "did:plc:a")
    assert RULES.read({"text": shown, "facets": facets}) == text


def test_only_so_many_people_are_looked_up(fake: Any, far: Far, tmp_path: Path) -> None:
    """A handle twice is one question, and a list of names is not a way to call everybody."""
    text = " ".join(f"@a{n}.test @a{n}.test" for n in range(11))
    far.made(tmp_path).publish(fresh(tmp_path, text, media=()))
    assert sum(r.path.endswith("resolveHandle") for r in fake.requests) == 10


def test_a_hashtag_that_is_too_long_is_plain_text(far: Far, tmp_path: Path) -> None:
    (record,) = far.of(far.made(tmp_path).publish(fresh(tmp_path, "#" + "沪" * 65, media=())))
    assert "facets" not in record


def test_pictures_are_shown_where_the_text_leads_to_the_page_itself(far: Far, tmp_path: Path) -> None:
    page = "https://hu.example/p/1.html"
    post = fresh(tmp_path, f"One {page}", canonical_url=page)
    (record,) = far.of(far.made(tmp_path).publish(post))
    assert record["embed"]["$type"] == "app.bsky.embed.images"
    (record,) = far.of(far.made(tmp_path).publish(fresh(tmp_path, f"One {page}", canonical_url=page, media=())))
    assert record["embed"]["$type"] == "app.bsky.embed.external"


def test_no_more_than_four_pictures_are_shown(far: Far, tmp_path: Path) -> None:
    files = tuple(media(tmp_path / "in", "image", f"{n}.png", "image/png", png(n, n, n)) for n in range(6))
    (record,) = far.of(far.made(tmp_path).publish(fresh(tmp_path, media=files)))
    assert len(record["embed"]["images"]) == 4


def test_a_preview_shows_what_readers_see(far: Far, tmp_path: Path) -> None:
    made = far.made(tmp_path).views(
        fresh(tmp_path, "See https://example.org/a/very/long/path/to/it", canonical_url="https://hu.example/")
    )
    assert made[0].text.startswith("See example.org/a/very/long/pat...\n\n▭\n弄堂口的书摊\n")


# Sessions


def test_workers_share_one_session(fake: Any, far: Far, tmp_path: Path) -> None:
    for _ in range(5):
        far.made(tmp_path).publish(fresh(tmp_path))
    assert (fake.sessions.log_ins, fake.sessions.refreshed) == (1, 0)


def test_a_session_that_ends_is_renewed_and_nobody_logs_in(fake: Any, far: Far, tmp_path: Path) -> None:
    far.made(tmp_path).publish(fresh(tmp_path))
    fake.sessions.forget("access")
    far.made(tmp_path).publish(fresh(tmp_path))
    assert (fake.sessions.log_ins, fake.sessions.refreshed, len(fake.records)) == (1, 1, 2)


def test_where_it_cannot_be_renewed_there_is_one_log_in(fake: Any, far: Far, tmp_path: Path) -> None:
    far.made(tmp_path).publish(fresh(tmp_path))
    fake.sessions.forget("access", "refresh")
    far.made(tmp_path).publish(fresh(tmp_path))
    assert (fake.sessions.log_ins, fake.sessions.refreshed, len(fake.records)) == (2, 0, 2)


def test_check_logs_in_anew_and_keeps_nothing(fake: Any, far: Far, tmp_path: Path) -> None:
    """The doctor reads the ledger and writes nothing into it; and a password that was taken back is told at once."""
    for _ in range(2):
        far.made(tmp_path).check()
    assert (fake.sessions.log_ins, far.state._kept) == (2, {})


def test_another_password_is_another_session(fake: Any, far: Far, tmp_path: Path) -> None:
    far.made(tmp_path).publish(fresh(tmp_path))
    with pytest.raises(Refused):
        far.made(tmp_path, password="another").publish(fresh(tmp_path))
    assert len(fake.records) == 1


def test_a_message_repeats_no_secret(fake: Any, tmp_path: Path) -> None:
    learnt: set[str] = set()
    state = MemoryState(lambda: NOW, learnt.add)
    far = Far(fake.url, FAKE.HANDLE, FAKE.PASSWORD, FAKE.DID, FAKE.FRIEND, dict, state)
    far.made(tmp_path).publish(fresh(tmp_path))
    assert set(fake.sessions.tokens) == learnt
    assert FAKE.DID not in learnt


# What the server says


@pytest.mark.parametrize(
    ("status", "said", "error"),
    [
        (400, {"error": "InvalidRequest", "message": "no"}, Refused),
        (401, {"error": "AuthFactorTokenRequired", "message": "A sign in code has been sent"}, Refused),
        (413, {"error": "PayloadTooLarge", "message": "request entity too large"}, Refused),
        (429, {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}, Busy),
        (500, {"error": "InternalServerError", "message": "Internal Server Error"}, Unknown),
        (502, {"error": "UpstreamFailure", "message": "Upstream Failure"}, Unknown),
        (200, {"uri": "at://x/y/z"}, Unknown),
    ],
)
def test_what_it_answers_is_sorted(fake: Any, far: Far, tmp_path: Path, status: int, said: Any, error: Any) -> None:
    fake.answer(Reply(status, said), path="putRecord")
    with pytest.raises(error):
        far.made(tmp_path).publish(fresh(tmp_path))


def test_its_rate_limit_says_when(fake: Any, far: Far, tmp_path: Path) -> None:
    at = int(NOW.timestamp()) + 240
    reset = {"RateLimit-Remaining": "0", "RateLimit-Reset": str(at)}
    fake.answer(Reply(429, {"error": "RateLimitExceeded"}, headers=reset), path="putRecord")
    sending = far.made(tmp_path)
    sending.channel.__dict__["http"] = HttpClient("sky", now=lambda: NOW)
    with pytest.raises(Busy) as told:
        sending.publish(fresh(tmp_path))
    assert told.value.retry_after == dt.timedelta(seconds=240)


def test_a_post_that_was_taken_down_is_not_sent_again(fake: Any, far: Far, tmp_path: Path) -> None:
    post = fresh(tmp_path)
    far.made(tmp_path).publish(post)
    fake.hidden |= set(fake.records)
    assert far.made(tmp_path).find(post, Known()) is None
    with pytest.raises(Refused, match="shows it to nobody"):
        far.made(tmp_path).publish(changed(post, text="another", parts=("another",)))
    assert len(fake.records) == 1


def test_what_a_person_deleted_cannot_be_edited(fake: Any, far: Far, tmp_path: Path) -> None:
    post = fresh(tmp_path)
    receipt = far.made(tmp_path).publish(post)
    fake.records.clear()
    with pytest.raises(Refused, match="no longer there"):
        far.made(tmp_path).revise(post, Known(receipt))


def test_what_was_changed_between_is_read_again(fake: Any, far: Far, tmp_path: Path) -> None:
    post = fresh(tmp_path)
    receipt = far.made(tmp_path).publish(post)
    fake.answer(Reply(400, {"error": "InvalidSwap", "message": "Record was at bafyother"}), path="putRecord")
    with pytest.raises(Busy, match="changed from elsewhere"):
        far.made(tmp_path).revise(changed(post, parts=("new",)), Known(receipt))


# Before it is sent


def test_check_refuses_what_a_post_cannot_be(bench: Bench, far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth picture, a recording, and more parts than anybody reads; a title and text of any length are a thread."""
    monkeypatch.setenv("SKY_PASSWORD", far.password)
    content: dict[str, str | bytes] = {f"pgc/{n}.png": png(n, 2 * n, 3 * n) for n in range(1, 6)}
    content["pgc/pictures.md"] = draft("Pictures", body=" ".join(f"![{n}]({n}.png)" for n in range(1, 6)))
    content["pgc/endless.md"] = draft("Endless", body="Ten words are in this sentence, which is not long. " * 1500)
    content["pgc/long.md"] = draft("A title " * 24, body="Family " + "👨‍👩‍👧‍👦" * 400)
    content["pgc/heard.md"] = draft("Heard", "form: audio\nmedia: heard.mp3")
    app = bench.set_up(COMMUNITY + SKY.format(url=far.url, handle=far.handle), content)
    said = {
        p.where.removeprefix("pgc/"): p.said for p in ops.check(MORNING, root=bench.root) if p.where.startswith("pgc")
    }
    assert said.keys() == {"pictures.md", "endless.md", "heard.md"}
    assert "too many of image: 5/4" in said["pictures.md"]
    assert "thread of over 250 parts" in said["endless.md"]
    pipeline.collect(app, MORNING)
    shown = pipeline.preview(app, "pgc/long.md", channel="sky", now=MORNING)
    assert "/300" in shown.counts["sky"]
