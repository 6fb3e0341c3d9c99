"""What is out is changed in its place, or taken away: once a revision, whatever dies on the way, and told in one table."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from conftest import draft_of
from pipeline_bench import ADAPTER, COMMUNITY, DAILY, FILES, MORNING, SITE, Bench, article

from steadycast import cli, ops, pipeline
from steadycast.cli.being_sent import BeingSent
from steadycast.crash_safety import ending
from steadycast.errors import InputError
from steadycast.ledger.tables import DeliveryRow, State
from steadycast.pipeline import amend
from steadycast.platform.post_bytes import post_from_bytes
from steadycast.report.gather import gather
from steadycast.workspace import load

VERBS = """
    def revise(self, post, known):
        return self.asked("revise", post, known) or Receipt(post.key, f"https://far.example/{post.key}", parts=("new",))

    def withdraw(self, post, known):
        self.asked("withdraw", post, known)

    def asked(self, what, post, known):
        self.note("amended", f"{what} {post.key} {post.revision} {post.title}")
        verb = self.next()
        if verb == "refuse":
            raise Refused("bad content", "422")
        if verb == "busy":
            raise Busy("too many requests", "429", retry_after=dt.timedelta(minutes=20))
        if verb == "fail":
            raise Unknown("internal error", "500")
        if verb == "step":
            self.channel.step("part-2", self.lost)
        if verb == "die":
            os.kill(os.getpid(), signal.SIGKILL)

    def lost(self):
        self.note("replies", "one")
        raise Unknown("connection reset")
"""
HOOKED = """
[channel.hook]
platform = "blind"
"""
SETTINGS = COMMUNITY + DAILY.replace('"far"]', '"far", "hook"]') + SITE + '\n[channel.far]\nplatform = "far"\n' + HOOKED
AMENDING = "import datetime as dt\n" + ADAPTER + VERBS
REVISE = """
import datetime as dt, sys
from steadycast import pipeline
from steadycast.pipeline import amend
from steadycast.testing import Clock
from steadycast.workspace import load
with pipeline.App(load(), clock=Clock(dt.datetime.fromisoformat(sys.argv[1]))) as app:
    pipeline.amend.revise(app, "pgc/one.md") if sys.argv[2] == "revise" else amend.withdraw(app, "pgc/one.md", "x")
"""
ONE = "pgc/one.md"


@pytest.fixture
def app(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> pipeline.App:
    """A draft that went out to a folder, to a far side that can be amended, and to one that cannot."""
    plain = 'api = 2\ntitle = "Plain hook"\nforms = ["article"]\ndelivery = "blind"\n'
    for name, text in (
        ("channels/far/adapter.py", AMENDING),
        ("channels/blind/channel.toml", plain),
        ("channels/blind/adapter.py", ADAPTER),
    ):
        monkeypatch.setitem(FILES, name, text)
    app = bench.set_up(SETTINGS, {ONE: article("Draft one", body="It was in 1943.")})
    monkeypatch.setattr(amend, "who", lambda: "editor")
    pipeline.collect(app, MORNING)
    pipeline.plan(app, MORNING)
    bench.at(23, 20, 0)
    assert {sent.state for sent in pipeline.publish(app).sent} == {"published"}
    return app


def edited(bench: Bench, app: pipeline.App, title: str = "Draft one", body: str = "It was in 1934.") -> None:
    bench.clock.advance(dt.timedelta(hours=1))
    bench.drop(ONE, article(title, body=body))
    pipeline.collect(app, bench.clock.now())


def amended(bench: Bench) -> list[str]:
    """What reached the far side: verb and title."""
    return [f"{line.split(' ')[0]} {line.split(' ', 3)[3]}" for line in bench._lines("far", "amended")]


def states(told: tuple[amend.Amended, ...]) -> dict[str, str]:
    return {each.channel: each.what for each in told}


def rows(app: pipeline.App) -> dict[str, DeliveryRow]:
    return {d.channel: d for d in app.ledger.deliveries(slots=["daily@2026-11-23T20:00"])}


def page(app: pipeline.App) -> str:
    return (app.workspace.out / "site" / "daily" / "2026-11-23-2000.html").read_text(encoding="utf-8")


def test_the_command_tells_what_came_of_it_and_where_it_is_under_heads_of_their_own(
    bench: Bench, app: pipeline.App, run: Callable[..., tuple[int, str, str]]
) -> None:
    edited(bench, app, "Draft one, corrected")
    head, _, *rows = run("revise", ONE, "--yes")[1].splitlines()[1:]
    assert head.split() == ["slot", "channel", "state", "said", "where"]
    told = {row[: head.index("state")].split()[-1]: row[head.index("said") :] for row in rows if row.strip()}
    assert told["far"].strip().startswith("https://far.example/")
    assert "do it by hand" in told["hook"]


def test_what_is_out_is_changed_in_its_place_once(bench: Bench, app: pipeline.App) -> None:
    before, addresses = rows(app), {d.channel: (d.url, d.remote_id) for d in app.ledger.deliveries()}
    edited(bench, app, "Draft one, corrected")
    told = amend.revise(app, ONE)
    assert states(told) == {"site": "revised", "far": "revised", "hook": "cannot here"}
    assert "Plain hook cannot; do it by hand, at https://far.example/" in next(
        t.said for t in told if t.channel == "hook"
    )
    assert amended(bench) == ["revise Draft one, corrected"]
    assert "It was in 1934." in page(app)
    assert "1943" not in page(app)
    after = rows(app)
    assert addresses == {d.channel: (d.url, d.remote_id) for d in app.ledger.deliveries()}
    for name, row in after.items():
        assert (row.verdict, row.finished, row.state) == (before[name].verdict, before[name].finished, "published")
    far = after["far"]
    assert app.ledger.receipts_of([far.id or 0])[far.id or 0].detail["parts"] == ["new"]
    sent = post_from_bytes(app.ledger.frozen([far.id or 0])[far.id or 0])
    assert (sent.title, sent.key, sent.published) == ("Draft one, corrected", far.marker, far.at)
    assert states(amend.revise(app, ONE)) == {"site": "as it is", "far": "as it is", "hook": "cannot here"}
    assert amended(bench) == ["revise Draft one, corrected"]
    edited(bench, app)
    assert states(amend.revise(app, ONE, "far")) == {"far": "revised"}
    edited(bench, app, "Draft one, corrected")  # the first correction again: what is there is another by now
    assert states(amend.revise(app, ONE, "far")) == {"far": "revised"}
    assert amended(bench) == [f"revise Draft one{more}" for more in (", corrected", "", ", corrected")]
    assert len(bench.there()) == 1


def test_a_folder_that_is_made_again_has_the_correction(bench: Bench, app: pipeline.App) -> None:
    edited(bench, app)
    amend.revise(app, ONE)
    pipeline.rebuild(app, "site")
    assert "It was in 1934." in page(app)


def test_what_is_taken_away_stays_away(bench: Bench, app: pipeline.App) -> None:
    before = rows(app)
    bench.at(23, 20, 30)
    told = amend.withdraw(app, ONE, "the author asked")
    assert states(told) == {"site": "withdrawn", "far": "withdrawn", "hook": "cannot here"}
    assert amended(bench) == ["withdraw Draft one"]
    assert not (app.workspace.out / "site" / "daily" / "2026-11-23-2000.html").exists()
    after = rows(app)
    assert {n: (r.state, r.verdict, r.finished) for n, r in after.items()} == {
        n: ("published" if n == "hook" else "withdrawn", r.verdict, r.finished) for n, r in before.items()
    }
    assert states(amend.withdraw(app, ONE, "again")) == {"site": "as it is", "far": "as it is", "hook": "cannot here"}
    for _ in range(30):
        bench.clock.advance(dt.timedelta(hours=1))
        pipeline.verify(app, bench.clock.now())
        pipeline.publish(app)
    assert not (app.workspace.out / "site" / "daily" / "2026-11-23-2000.html").exists()
    assert len(bench.calls()) == 1
    assert amended(bench) == ["withdraw Draft one"]
    assert draft_of(app.ledger, ONE).state == "rejected"
    report = gather(app.ledger, app.workspace, bench.clock.now(), [])
    [gone] = [gone for gone in report.lately if gone.slot == "daily@2026-11-23T20:00"]
    assert {place.channel: (place.url, place.withdrawn) for place in gone.places} == {
        "site": ("", True), "far": ("", True), "hook": (after["hook"].url, False),
    }  # fmt: skip


def test_from_one_channel_alone(bench: Bench, app: pipeline.App) -> None:
    assert states(amend.withdraw(app, ONE, "wrong place", "far")) == {"far": "withdrawn"}
    assert draft_of(app.ledger, ONE).state == "approved"
    sent = pipeline.publish(app, draft=ONE).sent
    assert {s.channel: s.state for s in sent} == {"site": "published", "far": "withdrawn", "hook": "published"}
    edited(bench, app, "Another")
    pipeline.publish(app, draft=ONE)
    assert bench.there() == ["Draft one"]
    with pytest.raises(InputError, match=r"was taken away from far \(it is on hook, site\)"):
        amend.revise(app, ONE, "far")
    with pytest.raises(InputError, match="is not out on nowhere"):
        amend.revise(app, ONE, "nowhere")


def test_a_copy_does_not_go_on_with_what_the_original_began(bench: Bench, app: pipeline.App, tmp_path: Path) -> None:
    bench.far("busy")
    edited(bench, app)
    assert states(amend.revise(app, ONE, "far")) == {"far": "busy"}
    shutil.copytree(bench.root, tmp_path / "copy")
    bench.clock.advance(dt.timedelta(hours=1))
    with pipeline.App(load(tmp_path / "copy"), clock=bench.clock) as copy:
        assert amend.resume(copy) == []
        assert len(amend.resume(app)) == 1


def test_an_edit_that_was_not_taken_in_does_not_go_out_as_the_text_before(bench: Bench, app: pipeline.App) -> None:
    bench.clock.advance(dt.timedelta(hours=1))
    bench.drop(ONE, article("Draft one", body="It was in 1934."))
    for verb in (lambda: amend.revise(app, ONE), lambda: pipeline.publish(app, draft=ONE)):
        with pytest.raises(InputError, match=r"it was edited since it was taken in \(run `steadycast intake` first\)"):
            verb()
    pipeline.collect(app, bench.clock.now())
    assert states(amend.revise(app, ONE, "site")) == {"site": "revised"}


def test_a_slot_whose_post_was_taken_away_is_over(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shown as withdrawn, and who publishes the series by hand gets the next one."""
    app = bench.set_up(
        COMMUNITY + DAILY.replace(', "far"', "") + SITE, {ONE: article("One"), "pgc/two.md": article("Two")}
    )
    monkeypatch.setattr(amend, "who", lambda: "editor")
    pipeline.collect(app, MORNING)
    pipeline.plan(app, MORNING)
    [first] = pipeline.publish(app, series="daily").sent
    assert states(amend.withdraw(app, first.delivery.draft, "a wrong name in it")) == {"site": "withdrawn"}
    assert pipeline.plan(app, bench.clock.now()).slots[0].state == "withdrawn"
    pipeline.decide(app, [first.delivery.draft], "approve", by="eve", now=bench.clock.now())
    [told] = pipeline.publish(app, draft=first.delivery.draft).rows()
    assert (told["state"], told["link"]) == ("withdrawn", "not sent: it was taken away")
    [second] = pipeline.publish(app, series="daily").sent
    assert (second.state, second.delivery.draft != first.delivery.draft) == ("published", True)


def test_what_was_still_to_go_does_not(bench: Bench, app: pipeline.App) -> None:
    """Refused on one channel, out on the others: taken away everywhere, nobody sends it there any more."""
    far = rows(app)["far"]
    with app.ledger.write() as connection:
        connection.exec_driver_sql(f"UPDATE delivery SET state = 'refused', verdict = '' WHERE id = {far.id}")
    assert states(amend.withdraw(app, ONE, "x")) == {"far": "cancelled", "site": "withdrawn", "hook": "cannot here"}
    assert amended(bench) == []


@pytest.mark.parametrize("begun", [False, True])
def test_what_a_worker_has_rendered_is_stopped_unless_its_request_was_begun(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    """The worker that has it sends nothing then; where it was faster, that is said."""
    app = bench.set_up(COMMUNITY + DAILY.replace(', "far"', "") + SITE, {ONE: article("One")})
    monkeypatch.setattr(amend, "who", lambda: "editor")
    pipeline.collect(app, MORNING)
    pipeline.plan(app, MORNING)
    now, hour = bench.at(23, 20, 0), dt.timedelta(hours=1)
    [claim] = claims = app.ledger.claim(now, "elsewhere:1", hour)
    app.ledger.freeze([(claim, b"post")], now)
    if begun:
        assert app.ledger.intend(claims, now, hour)
    [told] = amend.withdraw(app, ONE, "x")
    assert told.what == ("cannot here" if begun else "cancelled")
    assert ("it is being sent just now" in told.said) == begun
    assert rows(app)["site"].state == ("sending" if begun else "cancelled")
    assert app.ledger.intend(claims, now, hour) == []
    assert draft_of(app.ledger, ONE).state == "rejected"


def test_a_correction_ends_when_its_channel_is_taken_out_of_the_settings(bench: Bench, app: pipeline.App) -> None:
    """It waited for ever: now a person is told once what to do."""
    edited(bench, app)
    bench.far("busy")
    assert states(amend.revise(app, ONE, "far")) == {"far": "busy"}
    app.close()
    app = bench.settings(SETTINGS.replace('"far", ', "").replace('\n[channel.far]\nplatform = "far"\n', ""))
    pipeline.verify(app, bench.clock.advance(dt.timedelta(hours=1)))
    [row] = app.ledger.amendments_of()
    assert (row.state, row.wake) == ("refused", None)
    assert row.message.startswith(
        "steadycast.toml has no such channel any more; do it by hand, at https://far.example/"
    )
    [waits] = [w for w in ops.status(app, bench.clock.now())["waiting"] if w["channel"] == "far"]
    assert waits["message"] == row.message
    assert re.fullmatch(
        r"do it by hand, at https://far\.example/.*, then `steadycast revise .* --channel far` closes this",
        waits["say"],
    )
    assert states(amend.revise(app, ONE, "far")) == {"far": "cannot here"}
    assert [w for w in ops.status(app, bench.clock.now())["waiting"] if w["channel"] == "far"] == []
    assert amended(bench) == ["revise Draft one"]


def test_what_is_due_goes_out_nowhere_though_another_channel_has_it_already(bench: Bench, app: pipeline.App) -> None:
    """Each channel is told of: what was stopped, what is being sent just now, of what thread the first parts are there."""
    there = rows(app)

    def becomes(**states: str) -> None:
        with app.ledger.write() as connection:
            for channel, state in states.items():
                sql = f"UPDATE delivery SET state = '{state}', verdict = '' WHERE id = {there[channel].id}"
                connection.exec_driver_sql(sql)

    becomes(far="due", hook="sending")
    assert states(amend.withdraw(app, ONE, "x", "far")) == {"far": "cancelled"}
    becomes(far="due")
    with app.ledger.write() as connection:
        part = f"INSERT INTO step (delivery, name, value, begun) VALUES ({there['far'].id}, 'part-1', '\"id1\"', 0)"
        connection.exec_driver_sql(part)
    told = {each.channel: each for each in amend.withdraw(app, ONE, "x")}
    assert {c: t.what for c, t in told.items()} == {"far": "cannot here", "hook": "cannot here", "site": "withdrawn"}
    assert told["far"].said == "nobody sends the rest of it; what may be there (part-1) take away by hand"
    assert "being sent just now" in told["hook"].said
    assert rows(app)["far"].state == "cancelled"


def test_what_is_nowhere_yet_is_said_to_be_nowhere(bench: Bench, app: pipeline.App) -> None:
    with app.ledger.write() as connection:
        connection.exec_driver_sql("UPDATE delivery SET state = 'claimed', verdict = ''")
    with pytest.raises(InputError, match="is not out on nowhere") as caught:
        amend.withdraw(app, ONE, "x", "nowhere")
    assert caught.value.hint is None


@pytest.mark.parametrize(
    ("verbs", "first", "then"),
    [
        (["refuse"], "refused", ["revise Draft one"]),
        (["busy"], "busy", ["revise Draft one"] * 2),
        (["fail"], "busy", ["revise Draft one"] * 2),
        (["fail"] * 9, "busy", ["revise Draft one"] * 4),
    ],
)
def test_what_does_not_come_to_its_end_is_done_again_or_told(
    bench: Bench, app: pipeline.App, verbs: list[str], first: str, then: list[str]
) -> None:
    """What surely was not taken waits as long as it was asked to; what may have been is done again a few times."""
    edited(bench, app)
    bench.far(*verbs)
    [told] = amend.revise(app, ONE, "far")
    assert told.what == first
    if first == "refused":
        assert "fix it, then `steadycast revise" in told.said
    for _ in range(14):
        pipeline.verify(app, bench.clock.advance(dt.timedelta(minutes=15)))
    assert amended(bench) == then
    [row] = app.ledger.amendments_of()
    wanted = {"refused": "refused", "busy": "published"}[first] if len(verbs) == 1 else "unknown"
    assert row.state == wanted
    waiting = [w for w in ops.status(app, bench.clock.now())["waiting"] if w["channel"] == "far"]
    assert [(w["state"], "steadycast revise" in w["say"]) for w in waiting] == (
        [] if wanted == "published" else [(wanted, True)]
    )


def test_what_cannot_be_made_is_refused_and_not_tried_again(bench: Bench, app: pipeline.App) -> None:
    edited(bench, app)
    row = app.ledger.draft(ONE)
    assert row
    with app.ledger.write() as connection:
        connection.exec_driver_sql(f"DELETE FROM revision WHERE hash = '{row.revision}'")
    [told] = amend.revise(app, ONE, "far")
    assert told.what == "refused"
    assert "not in the ledger any more" in told.said
    assert "tried again" not in told.said
    assert app.ledger.amendments_of()[0].wake is None
    assert amended(bench) == []


def test_a_far_side_that_asks_to_wait_is_not_asked_sooner(bench: Bench, app: pipeline.App) -> None:
    edited(bench, app)
    bench.far("busy")
    amend.revise(app, ONE, "far")
    [told] = amend.revise(app, ONE, "far")
    assert (told.what, "its far side asked to wait" in told.said) == ("busy", True)
    assert amended(bench) == ["revise Draft one"]


def test_a_step_in_doubt_waits_for_a_person(bench: Bench, app: pipeline.App) -> None:
    """A new part of a thread, whose answer was lost, is not sent twice; `--again` says that it did not arrive."""
    edited(bench, app)
    bench.far(*["step"] * 9)
    amend.revise(app, ONE, "far")
    for _ in range(14):
        pipeline.verify(app, bench.clock.advance(dt.timedelta(minutes=15)))
    assert bench._lines("far", "replies") == ["one"]
    [told] = amend.revise(app, ONE, "far")
    assert told.what == "unknown"
    assert "--again" in told.said
    assert bench._lines("far", "replies") == ["one"]
    amend.revise(app, ONE, "far", again=True)
    assert bench._lines("far", "replies") == ["one"] * 2
    bench.far()
    assert states(amend.revise(app, ONE, "far")) == {"far": "revised"}


def test_what_was_asked_for_last_holds(bench: Bench, app: pipeline.App) -> None:
    """A first correction that waits is not sent after a second one that is out."""
    edited(bench, app, "First")
    bench.far("fail")
    amend.revise(app, ONE, "far")
    edited(bench, app, "Second")
    assert states(amend.revise(app, ONE, "far")) == {"far": "revised"}
    for _ in range(8):
        pipeline.verify(app, bench.clock.advance(dt.timedelta(minutes=25)))
    assert amended(bench) == ["revise First", "revise Second"]
    assert {row.state for row in app.ledger.amendments_of()} == {"cancelled", "published"}


def test_an_edit_asks_for_approval_first(bench: Bench, app: pipeline.App) -> None:
    row = app.ledger.draft(ONE)
    assert row
    bench.drop("ugc/bob/two.md", article("Two"))
    pipeline.collect(app, bench.clock.now())
    with pytest.raises(InputError, match="is not approved"):
        amend.revise(app, "ugc/bob/two.md")
    with app.ledger.write() as connection:
        connection.exec_driver_sql("UPDATE draft SET approved_revision = 'older' WHERE path = 'pgc/one.md'")
    with pytest.raises(InputError, match="the edit is not approved"):
        amend.revise(app, ONE)
    with pytest.raises(InputError, match="is not out"):
        amend.withdraw(app, "ugc/bob/two.md", "x")


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["revise", "withdraw"])
@pytest.mark.parametrize(
    "point", ["amend-written", "amend-durable", "amend-answered", "amended-written", "amended-durable"]
)
def test_killed_anywhere_it_comes_to_its_end(bench: Bench, app: pipeline.App, verb: str, point: str) -> None:
    """SIGKILL between intent and answer, and around each commit: done again where it was begun, and there once."""
    edited(bench, app)
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("STEADYCAST_") or key == "STEADYCAST_LANGUAGE"
    }
    environment["STEADYCAST_CRASH"] = f"{point}:{1 if point.startswith('amend-') else 2}:kill"
    now = bench.clock.now().isoformat()
    killed = subprocess.run(
        [sys.executable, "-c", REVISE, now, verb], cwd=bench.root, env=environment, check=False, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    for _ in range(30):
        pipeline.verify(app, bench.clock.advance(dt.timedelta(minutes=5)))
    told = amend.revise(app, ONE) if verb == "revise" else amend.withdraw(app, ONE, "x")
    assert {each.what for each in told if each.channel != "hook"} <= {"revised", "withdrawn", "as it is"}
    done = {State.PUBLISHED} if verb == "revise" else {State.WITHDRAWN}
    after = rows(app)
    assert {after[name].state for name in ("site", "far")} <= done | {State.SEEN}
    assert {row.state for row in app.ledger.amendments_of()} == {"published"}
    assert 1 <= len(amended(bench)) <= 2
    assert len(bench.there()) == 1
    assert ("It was in 1934." in page(app)) if verb == "revise" else not bench_page(app)


def bench_page(app: pipeline.App) -> bool:
    return (app.workspace.out / "site" / "daily" / "2026-11-23-2000.html").exists()


@pytest.mark.parametrize("answer", ["n", "y"])
def test_a_terminal_asks_before_others_can_see_it(
    bench: Bench, app: pipeline.App, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str
) -> None:
    edited(bench, app)
    monkeypatch.chdir(bench.root)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda words: print(words) or answer)
    with pytest.raises(SystemExit) as ended:
        cli.main(["revise", ONE])
    said = capsys.readouterr().out
    assert "Far side: https://far.example/" in said
    assert "Revise this now? [y/N]" in said
    assert "site:" not in said
    assert ended.value.code == (0 if answer == "n" else 1)
    assert len(amended(bench)) == (answer == "y")
    assert ("Nothing was changed." in said) == (answer == "n")


def test_a_script_is_told_in_json(
    bench: Bench, app: pipeline.App, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(bench.root)
    with pytest.raises(SystemExit) as ended:
        cli.main(["withdraw", ONE, "--why", "a wrong year", "--channel", "far", "--json"])
    assert ended.value.code == 0
    [row] = json.loads(capsys.readouterr().out)
    assert (row["channel"], row["state"], row["said"]) == ("far", "withdrawn", "a wrong year")
    with pytest.raises(SystemExit) as ended:
        cli.main(["withdraw", ONE])
    assert ended.value.code == 2


def test_up_waits_for_what_is_being_amended_as_for_a_delivery(
    bench: Bench, app: pipeline.App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing more is begun once this process is told to end: neither here nor at the next look."""
    sending = importlib.import_module("steadycast.delivery.amend")  # its package has a function of that name

    answer, seen, told = sending._answer, list[bool](), ending._Told()

    def told_meanwhile(*words: Any) -> Any:
        seen.append(BeingSent(app.workspace).by({os.getpgrp()}))
        told.number = signal.SIGTERM
        return answer(*words)

    monkeypatch.setattr(ending, "_told", told)
    monkeypatch.setattr(sending, "_answer", told_meanwhile)
    edited(bench, app)
    with pytest.raises(ending.EndSoon):
        amend.revise(app, ONE)
    with ThreadPoolExecutor() as threads:
        told_there = threads.submit(lambda: amend.revise(app, ONE)).result(30)
    assert sorted(states(told_there).values()) == ["as it is", "busy", "cannot here"]
    assert seen == [True]
    assert not BeingSent(app.workspace).by({os.getpgrp()})
