"""What a channel allows: its platform's limits, over them its server's, over those its settings'; asked, and kept."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_bench import COMMUNITY, DAILY, MORNING, SITE, Bench, article

from steadycast import ops, pipeline
from steadycast.cli import main
from steadycast.errors import SettingsError
from steadycast.pipeline.probed_limits import ask, refresh
from steadycast.platform import Limit, Limits, MediaRule, Platform, count, probed
from steadycast.testing import drop

ADAPTER = """
import json
import os

from steadycast.platform import Busy, Limit, Limits, MediaRule, Receipt


class Adapter:
    def __init__(self, channel):
        self.channel, self.far = channel, channel.out.parent / "far.json"

    def publish(self, post):
        (self.channel.out.parent / "sent.json").write_text(json.dumps([post.text, list(post.parts)]))
        return Receipt(post.key)

    def find(self, post, known):
        return None

    def probe(self):
        with (self.channel.out.parent / "asked").open("a") as log:
            log.write("x")
        if not self.far.exists():
            raise Busy("it is down")
        told = json.loads(self.far.read_text())
        limits = {name: Limit(**rule) for name, rule in told.get("limits", {}).items()}
        return Limits(limits, {role: MediaRule(**rule) for role, rule in told.get("media", {}).items()})
"""
PLATFORM = """
api = 2
title = "Short posts"
forms = ["article"]
delivery = "blind"

[limits.text]
max = 60

[media.image]
formats = ["jpg", "png"]
bytes = 1000

[render]
compose = "{title}\\n\\n{text}\\n\\n{url} {tags}"
"""
SETTINGS = COMMUNITY + DAILY.replace('"far"', '"short"') + SITE + '\n[channel.short]\nplatform = "short"\n'
LONG = "One sentence of the text, and it is not short. " * 20


@pytest.fixture
def far(bench: Bench) -> Any:
    """Sets up a community with a platform whose far side says what it allows; `say` makes it answer."""

    class Far:
        out = bench.root / "var" / "out"

        def say(self, answer: Any) -> None:
            self.out.mkdir(parents=True, exist_ok=True)
            (self.out / "far.json").write_text(json.dumps(answer))

        def asked(self) -> int:
            return len((self.out / "asked").read_text()) if (self.out / "asked").exists() else 0

        def set_up(self, settings: Any = SETTINGS, **drafts: Any) -> Any:
            drop(bench.root, "channels/short/channel.toml", PLATFORM)
            drop(bench.root, "channels/short/adapter.py", ADAPTER)
            return bench.set_up(settings, {"pgc/one.md": article("One", body=LONG)} | drafts)

    return Far()


def test_the_servers_limit_goes_over_the_platforms_and_the_settings_over_both(bench: Bench, far: Any) -> None:
    app = far.set_up()
    assert app.platform("short").limits["text"].max == 60
    far.say({"limits": {"text": {"max": 90}}})
    assert str(ask(app, "short", MORNING)) == "its server's limits are known"
    assert app.platform("short").limits["text"] == Limit(90)
    assert app.platform("short").media["image"].bytes == 1000
    app = bench.settings(SETTINGS + "[channel.short.limits.text]\nmax = 120\n[channel.short.media.image]\ncount = 2\n")
    assert app.channel("short").limits["text"].max == 120
    assert app.channel("short").media["image"] == MediaRule(("jpg", "png"), 1000, 2)


@pytest.mark.parametrize("limit", [90, 140, 4000])
def test_check_preview_and_the_send_measure_one_text(bench: Bench, far: Any, limit: int) -> None:
    app = far.set_up(SETTINGS, **{"pgc/one.md": article("One", "tags: [tea, 'read it']", body=LONG)})
    far.say({"limits": {"text": {"max": limit}}})
    ask(app, "short", MORNING)
    assert [p for p in ops.check(MORNING, root=bench.root) if p.where.startswith("pgc")] == []
    pipeline.collect(app, MORNING)
    shown = pipeline.preview(app, "pgc/one.md", channel="short", now=bench.clock.now())
    pipeline.plan(app, MORNING)
    bench.clock.advance(dt.timedelta(hours=11))
    pipeline.publish(app)
    text, parts = json.loads((far.out / "sent.json").read_text())
    assert parts == [text]
    assert count(text, Limit(limit)) <= limit
    assert text.startswith("One\n\nOne sentence")
    assert text.endswith("\n\nhttps://readers.example/daily/2026-11-23-2000.html #tea #readit")
    assert f"text {len(text)}/{limit}" in shown.counts["short"]
    assert far.asked() == 1, "nothing is asked on the way of a send"


def test_a_title_that_leaves_no_room_is_a_fault_of_intake_and_of_check_with_its_line(bench: Bench, far: Any) -> None:
    title = "A title that is longer than all that may be said at once here"
    app = far.set_up(SETTINGS, **{"pgc/one.md": article(title, body=LONG)})
    said = "short: title, link and tags leave no room for the text: "
    (told,) = [p for p in pipeline.collect(app, MORNING).noticed if said in p.said]
    (checked,) = [p for p in ops.check(MORNING, root=bench.root) if said in p.said]
    assert (told.where, told.line, told.hint) == ("pgc/one.md", 2, "shorten the title")
    assert checked == told


def test_an_answer_is_kept_a_day_and_one_that_fails_changes_nothing(
    bench: Bench, far: Any, caplog: pytest.LogCaptureFixture
) -> None:
    app = far.set_up()
    far.say({"limits": {"text": {"max": 90}}})
    assert [str(p) for p in refresh(app, MORNING)] == ["its server's limits are known"]
    assert refresh(app, MORNING + dt.timedelta(hours=23)) == []
    (far.out / "far.json").unlink()
    (failed,) = refresh(app, MORNING + dt.timedelta(hours=24))
    assert failed.error == "it is down"
    assert "short: its server's limits could not be read: it is down (what was known holds)" in caplog.text
    assert bench.open().platform("short").limits["text"].max == 90
    assert refresh(app, MORNING + dt.timedelta(hours=25)), "asked again at the next look"


def test_the_hourly_look_and_the_doctor_ask_and_the_list_tells_the_source(
    bench: Bench, far: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    app = far.set_up(SETTINGS + "[channel.short.limits.tags]\nmax = 3\n")
    far.say({"limits": {"text": {"max": 90}}})
    pipeline.verify(app, MORNING)
    assert far.asked() == 1
    found = {f.where: f for f in ops.doctor(MORNING, root=bench.root)}
    assert (far.asked(), found["limits short"].severity) == (2, "ok")
    (far.out / "far.json").unlink()
    found = {f.where: f for f in ops.doctor(MORNING, root=bench.root)}
    assert (found["limits short"].severity, found["limits short"].hint) == ("warn", "what was known holds")
    monkeypatch.chdir(bench.root)
    with pytest.raises(SystemExit):
        main(["channel", "list", "--json"])
    rows = {row["platform"]: row for row in json.loads(capfd.readouterr().out)}
    limits = {each["what"]: (each["at most"], each["from"]) for each in rows["short"]["limits"]["short"]}
    assert limits["text"] == ("90 characters", "server, 2026-11-23")
    assert limits["tags"] == ("3 characters", "settings")
    assert limits["image"] == ("jpg png, 1 KB", "platform")


SHORT = Platform(
    "short",
    cast("Any", None),
    "Short",
    ("article",),
    "blind",
    limits={"text": Limit(60)},
    media={"image": MediaRule(("jpg", "png"))},
)
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(min_value=10**12), st.floats(), st.text(max_size=9),
    st.lists(st.text(max_size=4), max_size=3), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip


@given(
    max_=JUNK,
    min_=JUNK,
    url=JUNK,
    kind=JUNK,
    formats=JUNK,
    size=JUNK,
    wide=JUNK,
    name=st.sampled_from(["text", "", "x"]),
)
def test_whatever_a_server_answers_is_a_limit_within_bounds_or_refused(
    max_: Any, min_: Any, url: Any, kind: Any, formats: Any, size: Any, wide: Any, name: Any
) -> None:
    answer = Limits({name: Limit(max_, kind, min_, url)}, {"image": MediaRule(formats, bytes=size, width=wide)})
    try:
        told = probed.plain("short", SHORT, answer)
    except SettingsError:
        return
    assert len(json.dumps(told)) < 1000
    made = probed.over("short", SHORT, json.loads(json.dumps(told)))
    assert 1 <= made.limits["text"].max <= 10**9
    assert made.limits["text"].min >= 0
    assert set(made.media["image"].formats) <= {"jpg", "png"}
    assert made.media["image"].bytes is None or 1 <= made.media["image"].bytes <= 10**13


LIMITS: Any = Limits  # what it is made of here is wrong on purpose


@pytest.mark.parametrize(
    "answer", [None, {"text": 5}, LIMITS({"text": 5}), LIMITS(media={"image": Limit(3)}), LIMITS(5)]
)
def test_an_answer_of_another_kind_is_refused(answer: dict[str, int] | Limits | None) -> None:
    with pytest.raises(SettingsError, match=r"probe\(\) gave"):
        probed.plain("short", SHORT, answer)
