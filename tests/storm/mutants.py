"""The protocol broken in one place at a time: a judge that lets one of these pass is no judge.

Each mutant is the source with one passage replaced, in a copy of its own that a storm of its own runs on. The storm is
bounded, ends at the first broken promise, and is aimed: at the class that the mutant concerns, and where it takes a
worker who was frozen at a certain point, half of the workers are.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KILLS, LONGEST, PATIENCE = 150, 14, 150  # of one storm: deaths, seconds it blows, seconds until it is given up
DELIVERY, LEDGER, OUTGOING, FAR = (
    "src/steadycast/delivery",
    "src/steadycast/ledger",
    "src/steadycast/outgoing",
    "platforms",
)
AT_ONCE = os.cpu_count() or 1  # more would be late for what is real time in them
SEEDS = 4  # tries, each with a seed of its own, before a mutant has survived: a busy machine hides some


@dataclass(frozen=True)
class Mutant:
    """One way to get it wrong: (file, passage, what stands there instead), and the storm that shows it."""

    name: str
    changes: tuple[tuple[str, str, str], ...]
    storm: str = "read-back"
    freeze_at: tuple[str, ...] = ()
    rare: int = 1  # times as many deaths and seconds as others: another guard hides it nearly always
    fault: str = ""  # "channel: kind": one scripted fault shows it, whatever the machine's load


@dataclass(frozen=True)
class Catch:
    """How a mutant was caught: by which rule, with which seed, after how many deaths."""

    number: int
    name: str
    rule: str  # "" when it survived
    why: str
    seed: int
    kills: int


def one(name: str, file: str, passage: str, instead: str, **more: object) -> Mutant:
    """A mutant of one passage."""
    return Mutant(name, ((file, passage, instead),), **more)  # type: ignore[arg-type]


MUTANTS = (
    one("a 5xx says that nothing was taken", f"{OUTGOING}/http_client.py",
        'return self._error(Busy if harmless else Unknown, answer.message or _("no usable answer")',
        'return self._error(Busy, answer.message or _("no usable answer")', fault="read-back-0: send error-before"),
    one("a reset says that nothing was taken", f"{OUTGOING}/http_client.py",
        "raise self._error(Busy if harmless or not wire.sending else Unknown, reason(error, wire))",
        "raise self._error(Busy, reason(error, wire))", fault="read-back-0: send reset-after"),
    one("what is in doubt is sent again", f"{DELIVERY}/transitions.py",
        "return _outcome(claim, State.UNKNOWN, now, said, deadline=deadline, wake=wake)",
        "return _outcome(claim, State.DUE, now, said, wake=now)", fault="read-back-0: send cut-after"),
    one("SETTLE is nothing", f"{DELIVERY}/transitions.py",
        "return deadline + dt.timedelta(seconds=platform.settle)", "return deadline", fault="read-back-0: send error-before"),
    one("SETTLE counts from the answer, not from the deadline", f"{DELIVERY}/transitions.py",
        "deadline = max(ended, began + dt.timedelta(seconds=opened.platform.deadline))", "deadline = now", fault="read-back-0: send error-before"),
    Mutant("a thread's deadline counts from its first part", (
        ("src/steadycast/crash_safety/send_window.py", "self.until = max(self.until, until)", "self.until = max(self.until, until) if self.until < 0 else self.until"),
        (f"{DELIVERY}/send.py", "max(began, job.steps.began or began)", "began"),
    ), fault="read-back-3: send error-before"),
    one("a look counts before SETTLE", f"{DELIVERY}/settle.py",
        "return replace(still, wake=earliest) if now < earliest else None", "return None", fault="read-back-3: late death"),
    one("a look that cannot tell says absent", f"{DELIVERY}/transitions.py",
        "if opened.platform.delivery in RESENDABLE and", "if True and", fault="read-back-0: look error"),
    one("a refusal of a second sending is believed of the first", f"{DELIVERY}/transitions.py",
        "return in_doubt(claim, said, now) if claim.looks else _outcome(claim, State.REFUSED, now, said, wake=claim.last)",
        "return _outcome(claim, State.REFUSED, now, said, wake=claim.last)", fault="two-phase-0: again refuse"),
    one("what a look does not find is called published", f"{DELIVERY}/transitions.py",
        "return _absent(look, now)",
        "return _arrived(look, opened, Receipt(post.key), now, read_back=True)", fault="read-back-0: send error-before"),
    one("no answer is called published", f"{DELIVERY}/transitions.py",
        '    said = _said(answer, opened.redact)\n    if opened.platform.delivery == "blind":',
        '    return _arrived(claim, opened, Receipt(claim.marker), now)\n    if opened.platform.delivery == "blind":', fault="read-back-0: send error-before"),
    one("a blind platform's doubt is sent again", f"{DELIVERY}/transitions.py",
        "return _outcome(claim, State.UNKNOWN, now, said, deadline=deadline)",
        "return _outcome(claim, State.DUE, now, said, wake=now)", fault="blind-0: send cut-after"),
    Mutant("the intent is written after the send", (
        (f"{DELIVERY}/send.py", "granted = {claim.id: claim for claim in ledger.intend(claims, now, lease, alone=alone, posts=posts)}",
         "granted = {claim.id: replace(claim, lease=now + lease) for claim in claims}"),
        (f"{DELIVERY}/send.py", '        crashpoints.checkpoint("answered")\n',
         '        crashpoints.checkpoint("answered")\n        self._ledger.intend([job.claim], self._clock.now(), QUEUED, posts=_fresh([job]))\n'),
    ), storm="blind"),
    one("the receipt is written before the send", f"{DELIVERY}/send.py",
        '        crashpoints.checkpoint("cleared")\n',
        "        from steadycast.platform import Receipt\n"
        "        at = self._clock.now()\n"
        "        early = tried(job.claim, job.opened, Receipt(job.claim.marker), at, at, at)\n"
        "        self._ledger.receive([early], at)\n"
        '        crashpoints.checkpoint("cleared")\n'),
    one("the receipt is not kept", f"{LEDGER}/outcomes.py",
        "run(connection, PROVEN, [_receipt(e) for e in took if e.receipt])", "pass", fault="read-back-0: send accept"),
    one("each try renders anew", f"{DELIVERY}/send.py",
        "job.post = _unharmed(claim, kept[claim.id])",
        "job.post = _rendered(claim, make_post)[1]", fault="conditional-0: look error"),
    one("a lease that ran out in mid-send is due again", f"{LEDGER}/recovery.py",
        'doubt = {"state": State.UNKNOWN,', 'doubt = {"state": State.DUE,'),
    one("recovery leaves what was in mid-send", f"{LEDGER}/recovery.py",
        "unknown=doubtful + lapse_sendings(connection, moment),",
        "unknown=doubtful,"),
    one("recovery leaves what was claimed", f"{LEDGER}/recovery.py",
        "due=lapse_claims(connection, moment),", "due=(),", storm="blind"),
    one("nobody looks for what recovery put in doubt", f"{LEDGER}/recovery.py",
        'doubt = {"state": State.UNKNOWN, "wake": now,', 'doubt = {"state": State.UNKNOWN, "wake": None,',
        storm="conditional"),
    one("a person is not shown what is in doubt", f"{LEDGER}/delivery.py",
        "state IN ('unknown', 'refused', 'handed')", "state IN ('refused', 'handed')", storm="blind"),
    Mutant("a claim asks for neither state nor hour", (
        (f"{LEDGER}/claims.py", 'WAITS = "state = ? AND wake <= ?"', "WAITS = \"state || ? <> '' AND ? > 0\""),
        (f"{LEDGER}/claims.py", "(attempt = 0 OR wake = at OR wake <= ?)", "? > 0"),
    ), storm="blind"),
    one("an intent asks for no token and no state", f"{LEDGER}/claims.py",
        'MINE = "WHERE id = ? AND token = ? AND state = ? AND lease > ?"',
        "MINE = \"WHERE id = ? AND token + ? >= 0 AND state || ? <> '' AND coalesce(lease, 0) + ? > 0\"",
        freeze_at=("held", "rendered", "freeze-durable"), rare=3),
    one("an outcome asks for no token and no state", f"{LEDGER}/outcomes.py",
        'HERE = "WHERE id = ? AND token = ? AND state = ?"',
        "HERE = \"WHERE id = ? AND token + ? >= 0 AND state || ? <> ''\"",
        freeze_at=("gathered", "look-answered")),
    one("the wire does not ask whether its turn is over", "src/steadycast/crash_safety/send_window.py",
        "return turn.left() if turn else math.inf", "return math.inf", fault="read-back-0: frozen"),
    one("a worker that was frozen in the send itself lives on", "src/steadycast/crash_safety/send_window.py",
        "with deadman.switch(began + seconds):", "if seconds:", fault="read-back-0: frozen in the send"),
    one("a lease never runs out", f"{DELIVERY}/clock.py",
        "return min((self._until - self._clock.now()).total_seconds(), self._span - self.age())",
        "return self._span", fault="read-back-0: frozen"),
    one("an adapter's fault after its request says that nothing was sent", f"{DELIVERY}/send.py",
        "if not mine.touched:  # not begun is not sent", "if True:", fault="blind-0: send no-id"),
    one("a step's remote id is not kept", f"{DELIVERY}/steps.py",
        "self._ledger.finish_step(self._claim, name, value, self._clock.now())", "pass", fault="two-phase-0: look newest-missing"),
    one("a kept remote id is not used", f"{DELIVERY}/steps.py",
        "if begun.done:", "if False:", fault="read-back-3: send too-many"),
    one("a thread goes on one part too early", f"{DELIVERY}/transitions.py",
        "enumerate(found.parts, 1)", "enumerate(found.parts[:-1], 1)"),
    one("an absurd Retry-After is obeyed", f"{DELIVERY}/transitions.py",
        "asked is not None and asked < ABSURD", "asked is not None", fault="blind-0: send too-many:1000000000"),
    one("a platform believes any 2xx", f"{FAR}/blind/adapter.py",
        'if told.get("key") != post.key:', "if False:", fault="blind-0: send wrong-id"),
    one("a platform believes a list that is not whole", f"{FAR}/read-back/adapter.py",
        'if len({i["id"] for i in found}) != told["total"]:', "if False:", fault="read-back-0: look newest-missing"),
    one("a platform believes an old list", f"{FAR}/read-back/adapter.py",
        ' or told["as_of"] < asked - OLD', "", fault="read-back-0: look stale"),
    one("a platform keeps no id of its draft", f"{FAR}/two-phase/adapter.py",
        'draft = self.channel.step("draft", lambda: self._ask(post, "drafts", {"key": post.key, "text": post.text}))',
        'draft = self._ask(post, "drafts", {"key": post.key, "text": post.text})', fault="two-phase-0: look newest-missing"),
    Mutant("leases and deadlines go by the wall", (
        (f"{LEDGER}/time_spans.py", "    return own_moment(db, connection) or now", "    return now"),
        (f"{LEDGER}/time_spans.py", "    return EPOCH + here.at + before", "    return now"),
        (f"{LEDGER}/time_spans.py", "        _move(connection, here.offset - before)", "        pass"),
    ), fault="read-back-0: wall ahead-in-send"),
    one("a channel with one writer asks nobody", f"{LEDGER}/claims.py",
        "free = [d for d in claims if d.channel not in alone or pacing.may_write(connection, d, moment)]",
        "free = claims", storm="conditional"),
    one("what lasts does not follow a wall that is set", f"{LEDGER}/time_spans.py",
        "        _move(connection, here.offset - before)", "        pass", fault="read-back-0: wall ahead"),
)  # fmt: skip


def run(seed: int, only: Collection[int] = (), tell: bool = True) -> list[Catch]:
    """Each mutant's storm, some at once, the long ones first; what survives is tried once more by itself."""
    chosen = [(number, mutant) for number, mutant in enumerate(MUTANTS, 1) if not only or number in only]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        longest_first = sorted(chosen, key=lambda one: bool(one[1].fault))
        caught = {number: pool.submit(_caught, number, mutant, seed, tell) for number, mutant in longest_first}
        done = [caught[number].result() for number, _ in chosen]
    return [each if each.rule else _caught(each.number, MUTANTS[each.number - 1], seed + SEEDS, tell) for each in done]


def _caught(number: int, mutant: Mutant, seed: int, tell: bool) -> Catch:
    """How one is; another seed where one shows nothing."""
    catch = Catch(number, mutant.name, "", "survived", seed, 0)
    for nth in range(SEEDS):
        if not catch.rule:
            catch = _stormed(number, mutant, seed + nth)
    if tell:
        print(f"{number:2} {mutant.name}: {catch.rule or 'SURVIVED'} ({catch.why})", file=sys.stderr, flush=True)
    return catch


def _stormed(number: int, mutant: Mutant, seed: int) -> Catch:
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        _mutated(mutant, Path(folder))
        order = [sys.executable, "-m", "storm", *_aim(mutant), "--json", "--seed", str(seed)]
        paths = os.pathsep.join([f"{folder}/src", f"{folder}/tests"])
        process = subprocess.Popen(
            order, env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}, cwd=folder,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            said, _ = process.communicate(timeout=PATIENCE)
        finally:  # a storm whose mutant broke it leaves nobody behind
            with_it = process.pid
            try:
                os.killpg(with_it, signal.SIGKILL)
            except ProcessLookupError:
                pass
    found = json.loads(said.splitlines()[-1]) if said.strip() else []
    if not found:
        return Catch(number, mutant.name, "", "survived" if said else "its storm broke", seed, 0)
    first = found[0]
    return Catch(number, mutant.name, first["rule"], first["why"], seed, first["kills"])


def _aim(mutant: Mutant) -> list[str]:
    """The storm, or the one scripted fault, that shows it."""
    if mutant.fault:
        channel, _, kind = mutant.fault.partition(": ")
        return ["faults", "--channels", channel, "--kinds", kind]
    freeze = ["--freeze-at", *mutant.freeze_at] if mutant.freeze_at else []
    bounds = ["--stop-at-first", "--kills", str(KILLS * mutant.rare), "--longest", str(LONGEST * mutant.rare)]
    return ["storm", *bounds, "--classes", mutant.storm, *freeze]


def _mutated(mutant: Mutant, folder: Path) -> None:
    """A copy of the library and of the storm with the mutant's passages replaced; each must stand there once.

    What is compiled is copied too, and holds for every file but those: Python compares size and time.
    """
    shutil.copytree(ROOT / "src", folder / "src")
    shutil.copytree(ROOT / "tests" / "storm", folder / "tests" / "storm")
    for name, text in mutated(mutant).items():
        (folder / name).write_text(text, encoding="utf-8")


def mutated(mutant: Mutant) -> dict[str, str]:
    """File below the root -> its text with the passages replaced; ValueError where one does not stand there once."""
    texts: dict[str, str] = {}
    for name, passage, instead in mutant.changes:
        path = f"tests/storm/{name}" if name.startswith(FAR) else name
        text = texts.get(path) or (ROOT / path).read_text(encoding="utf-8")
        if text.count(passage) != 1:
            raise ValueError(f"{mutant.name}: {name} holds {text.count(passage)} times {passage!r}")
        texts[path] = text.replace(passage, instead)
    return texts


def table(done: Sequence[Catch]) -> str:
    """mutant | caught by | seed | kills needed."""
    from storm.table import markdown

    head = ("#", "mutant", "caught by", "seed", "kills needed")
    rows = [
        (str(c.number), c.name, f"{c.rule}: {c.why}" if c.rule else "nothing", str(c.seed), str(c.kills)) for c in done
    ]
    return markdown(head, rows)
