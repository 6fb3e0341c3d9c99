"""A slot's draft as a person chose it: pinned in its own file, moved, taken back; filled from reserve."""

from __future__ import annotations

from typing import Any

import pytest
from pipeline_bench import COMMUNITY, DAILY, FAR, SITE, Bench, article
from test_intake_documents import docx

from steadycast import pipeline
from steadycast.errors import InputError
from steadycast.ledger.tables import State
from steadycast.pipeline import pinning

SERIES = (
    '\n[series.weekly]\ntitle = "Weekly"\nevery = "week on friday at 20:00"\nforms = ["video"]\nchannels = ["site"]\n'
)
SETTINGS = COMMUNITY + DAILY.replace(', "far"', "") + SERIES + SITE + FAR
DRAFTS = {f"pgc/{n}.md": article(f"Draft {n}") for n in range(1, 4)}
SLOT = "daily@2026-11-{}T20:00"


@pytest.fixture
def app(bench: Bench) -> Any:
    made = bench.set_up(SETTINGS, {**DRAFTS, "ugc/bob/one.md": article("Bob's", "tags: [a]  # of his own")})
    pipeline.collect(made, bench.clock.now())
    pipeline.decide(made, ["ugc/bob/one.md"], "approve", by="eve", now=bench.clock.now())
    pipeline.plan(made, bench.clock.now())
    return made


def told(app: Any, bench: Bench) -> dict[int, str]:
    """Day of November -> title."""
    planned = pipeline.plan(app, bench.clock.now()).slots
    return {int(s.when[8:10]): s.title for s in planned if s.draft and s.when < "2026-12"}


def test_a_draft_goes_where_a_person_puts_it_and_back(bench: Bench, app: Any) -> None:
    file = bench.root / "content/ugc/bob/one.md"
    before, first, raw = file.stat(), told(app, bench), file.read_bytes()
    done = pinning.pin(app, "ugc/bob/one.md", SLOT.format(28), bench.clock.now())
    assert told(app, bench)[28] == "Bob's"
    assert "slot: daily@2026-11-28\n" in file.read_text()
    assert "# of his own" in file.read_text()
    assert (file.stat().st_mtime_ns, file.stat().st_mode) == (before.st_mtime_ns, before.st_mode)
    row = app.ledger.draft("ugc/bob/one.md")
    assert (row.state, row.approved_by, row.approved_revision) == ("approved", "eve", row.revision)
    pinning.put_pin(app, done.draft, done.before, bench.clock.now())
    assert file.read_bytes() == raw
    assert set(told(app, bench).values()) == set(first.values())
    assert pinning.unpin(app, done.draft, bench.clock.now()).now == ""


def test_what_has_no_head_of_its_own_keeps_its_slot_through_an_edit(bench: Bench, app: Any) -> None:
    """A Word document, as an item of a feed: the ledger keeps the choice, and a newer revision does not lose it."""
    paragraph = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"
    bench.drop("pgc/rain.docx", docx(paragraph.format("Rain")))
    now = bench.clock.now()
    pipeline.collect(app, now)
    raw = (bench.root / "content/pgc/rain.docx").read_bytes()
    done = pinning.pin(app, "pgc/rain.docx", SLOT.format(29), now)
    assert (bench.root / "content/pgc/rain.docx").read_bytes() == raw
    assert pinning.is_pinned(app, app.ledger.draft("pgc/rain.docx"), app.ledger.slot(SLOT.format(29)))
    bench.drop("pgc/rain.docx", docx(paragraph.format("More rain")))
    pipeline.collect(app, now)
    told(app, bench)
    assert app.ledger.slot(SLOT.format(29)).draft == done.draft
    assert pinning.unpin(app, done.draft, now).before == "daily@2026-11-29"
    told(app, bench)
    assert app.ledger.slot(SLOT.format(29)).draft is None


def test_the_effect_on_others_is_told_before(bench: Bench, app: Any) -> None:
    first = told(app, bench)
    draft = app.ledger.slot(SLOT.format(26)).draft
    moved = pinning.moved_by(app, draft, SLOT.format(23), bench.clock.now())
    assert moved[0].title == first[23]
    assert told(app, bench) == first
    pinning.pin(app, draft, SLOT.format(23), bench.clock.now())
    after = told(app, bench)
    assert after[23] == first[26]
    places = {each.title: each.after for each in moved}
    assert places == {title: SLOT.format(day) for day, title in after.items() if title in places}


def test_two_editors_on_one_slot_the_second_is_told(bench: Bench, app: Any) -> None:
    now, draft = bench.clock.now(), app.ledger.slot(SLOT.format(26)).draft
    holds = app.ledger.slot(SLOT.format(24)).draft
    revision = app.ledger.draft(draft).revision
    pinning.pin(app, draft, SLOT.format(24), now, seen=revision, holds=holds)
    with pytest.raises(InputError, match="meanwhile"):
        pinning.pin(app, holds, SLOT.format(24), now, holds=holds)
    with pytest.raises(InputError, match="changed meanwhile"):
        pinning.pin(app, draft, SLOT.format(25), now, seen=revision)
    with pytest.raises(InputError, match="pinned to"):
        pinning.pin(app, app.ledger.slot(SLOT.format(25)).draft, SLOT.format(24), now)


def test_a_file_that_changed_meanwhile_is_left_and_told(bench: Bench, app: Any) -> None:
    bench.drop("pgc/1.md", article("Draft 1", body="Other words."))
    with pytest.raises(InputError, match="edited since"):
        pinning.pin(app, "pgc/1.md", SLOT.format(28), bench.clock.now())
    assert "slot" not in (bench.root / "content/pgc/1.md").read_text()


def test_what_went_out_or_does_not_fit_is_not_moved(bench: Bench, app: Any) -> None:
    sent = app.ledger.slot(SLOT.format(23)).draft
    bench.at(23, 20)
    pipeline.publish(app)
    now = bench.clock.now()
    with pytest.raises(InputError, match="cannot be moved"):
        pinning.pin(app, sent, SLOT.format(28), now)
    other = app.ledger.slot(SLOT.format(24)).draft
    for slot, why in (
        (SLOT.format(23), "past"),
        ("weekly@2026-11-27T20:00", "takes video"),
        ("daily@2027-11-27T20:00", "no slot"),
    ):
        with pytest.raises(InputError, match=why):
            pinning.pin(app, other, slot, now)
    pipeline.publish(app, slot=SLOT.format(25))
    with pytest.raises(InputError, match="out already"):
        pinning.pin(app, other, SLOT.format(25), now)


def test_only_what_is_approved_has_a_slot(bench: Bench, app: Any) -> None:
    bench.drop("ugc/bob/two.md", article("Waits"))
    pipeline.collect(app, bench.clock.now())
    with pytest.raises(InputError, match="not approved"):
        pinning.pin(app, "ugc/bob/two.md", SLOT.format(28), bench.clock.now())


def test_an_empty_slot_is_filled_from_reserve_and_emptied(bench: Bench, app: Any) -> None:
    now = bench.clock.now()
    with pytest.raises(InputError, match="no reserve"):
        pinning.fill(app, SLOT.format(30), now)
    bench.drop("pgc/old.md", article("Evergreen", "evergreen: true"))
    pipeline.collect(app, now)
    assert pinning.fill(app, SLOT.format(30), now, holds="").title == "Evergreen"
    assert told(app, bench)[30] == "Evergreen"
    with pytest.raises(InputError, match="no reserve"):  # it rests
        pinning.fill(app, SLOT.format(29), now)
    with pytest.raises(InputError, match="has a draft"):
        pinning.fill(app, SLOT.format(30), now)
    pinning.empty(app, SLOT.format(30), now)
    assert 30 not in told(app, bench)


def test_an_approval_is_taken_back_with_the_slot_that_was_chosen_since(bench: Bench, app: Any) -> None:
    """A pin is no decision: what is taken back is the editor's word, and the draft stands as before it."""
    file, now = bench.root / "content/ugc/bob/one.md", bench.clock.now()
    raw = file.read_bytes()
    pinned = pinning.pin(app, "ugc/bob/one.md", SLOT.format(28), now)
    assert [each.who for each in app.ledger.decisions_of(pinned.draft)] == ["eve"]
    pipeline.take_back(app, [pinned.draft], by="eve", now=now)
    row = app.ledger.draft(pinned.draft)
    assert (row.state, row.approved_revision) == ("waiting", None)
    assert file.read_bytes() == raw, "and asks for no slot any more"


def test_a_draft_that_is_rejected_is_not_sent_by_the_worker_that_has_it(bench: Bench, app: Any) -> None:
    """A worker takes its deliveries some time before their hour."""
    slot = next(s for s in app.ledger.slots_between(bench.clock.now(), bench.clock.now() + pinning.DAY * 9) if s.draft)
    taken = app.ledger.claim(slot.at, "worker", pinning.DAY, until=slot.at, slots=[slot.id])
    assert taken
    pipeline.decide(app, [slot.draft], "reject", by="eve", now=slot.at)
    (delivery,) = app.ledger.deliveries(slots=[slot.id])
    assert delivery.state == State.CANCELLED
    assert not app.ledger.held(taken)
