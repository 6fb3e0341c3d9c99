"""Series with editors of their own: who decides, on page, API and command line alike, and what owners do all the same."""

from __future__ import annotations

import requests
from desk_bench import Desk
from pipeline_bench import COMMUNITY, FAR, MORNING, SITE, Bench

from steadycast import pipeline
from steadycast.ledger import editor_events
from steadycast.ops.check_settings import of_settings
from steadycast.pipeline.permissions import Act, Person, Role, may

PASSWORD = "a few words in a row"
SERIES = """
[series.daily]
every = "day at 20:00"
channels = ["far"]
editors = ["momo"]

[series.weekly]
every = "week on fri at 20:00"
channels = ["far"]
"""
SETTINGS = COMMUNITY + SERIES + SITE + FAR
EDITORS = {"daily": ("momo",), "weekly": ()}
DRAFT = "---\nseries: {}\n---\n# {}\n\nText.\n"


def test_an_editor_decides_where_the_series_and_the_account_allow_it() -> None:
    momo, bo, both = (Person(name, Role.EDITOR).within(EDITORS) for name in ("momo", "bo", "owner"))
    assert momo.series == set()
    assert bo.series == {"weekly"}
    assert may(momo, Act.DECIDE, ["daily"])
    assert not may(bo, Act.DECIDE, ["daily"])
    assert not may(bo, Act.PLAN, ["daily", "weekly"])
    assert may(bo, Act.PLAN, ["weekly"])
    assert may(both, Act.SETTLE)  # what concerns no series is still any editor's
    narrow = Person("momo", Role.EDITOR, frozenset({"weekly"})).within(EDITORS)
    assert not may(narrow, Act.DECIDE, ["daily"])
    assert not may(narrow, Act.SETTLE)


def test_who_is_left_no_series_decides_nothing_and_an_owner_everywhere() -> None:
    """An empty list would mean all of them."""
    nobody = Person("bo", Role.EDITOR, frozenset({"daily"})).within(EDITORS)
    assert (nobody.role, nobody.series) == (Role.MEMBER, frozenset())
    owner = Person("lin", Role.OWNER).within(EDITORS)
    assert may(owner, Act.DECIDE, ["daily"])
    token = Person("bo", Role.EDITOR).within(EDITORS).at_most(Role.EDITOR, ["daily"])
    assert token.role is Role.MEMBER


def test_a_refusal_names_who_decides_and_an_owners_act_is_seen(bench: Bench) -> None:
    """The desk and the API refuse another editor; the owner's approval stands on the first page."""
    app = bench.set_up(SETTINGS, {f"ugc/bob/{n}.md": DRAFT.format("daily", n) for n in "123"})
    now = pipeline.now()
    pipeline.collect(app, now)
    for name, role in (("momo", Role.EDITOR), ("bo", Role.EDITOR), ("lin", Role.OWNER)):
        pipeline.accounts.add_person(app, name, role, PASSWORD, now)
    one, two, three = (row.id for row in app.ledger.drafts())
    token = pipeline.accounts.make_token(app, "bo", "program", Role.EDITOR, now).text
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "once"}
    with Desk(bench.root).up() as desk:
        bo, momo, lin = (desk.logged_in(name, PASSWORD) for name in ("bo", "momo", "lin"))
        refused = bo.post("/drafts/decide", on="/drafts", ids=one, verdict="approve")
        assert (refused.status_code, "This is decided by momo." in refused.text) == (403, True)
        asked = requests.post(f"{desk.url}/api/v1/drafts/{one}/approve", json={}, headers=headers, timeout=30)
        assert asked.status_code == 403
        assert momo.post("/drafts/decide", on="/drafts", ids=two, verdict="approve").status_code == 200
        assert "Decided by others" not in momo.get("/").text
        assert lin.post("/drafts/decide", on="/drafts", ids=three, verdict="approve").status_code == 200
        shown = momo.get("/").text
    assert "Decided by others than the editors of the series" in shown
    assert "approved it" in shown
    states = {row.id: row.state for row in app.ledger.drafts()}
    assert (states[one], states[two], states[three]) == ("waiting", "approved", "approved")


def test_the_command_line_is_told_of_as_well(bench: Bench) -> None:
    """By `--by` as a series' editor: nothing. As somebody else: an event, for what is approved, pinned and filled."""
    app = bench.set_up(SETTINGS, {f"ugc/bob/{n}.md": DRAFT.format("daily", n) for n in "12"})
    pipeline.collect(app, MORNING)
    pipeline.decide(app, ["ugc/bob/1.md"], "approve", by="momo", now=MORNING)
    assert editor_events.overrides(app.ledger, MORNING, 9) == []
    pipeline.decide(app, ["ugc/bob/2.md"], "reject", by="lin", now=MORNING)
    with pipeline.acting("lin"):
        pipeline.plan(app, MORNING)
        pipeline.pinning.pin(app, "ugc/bob/1.md", "daily@2026-11-25T20:00", MORNING)
    told = [(each.who, each.act, each.series) for each in editor_events.overrides(app.ledger, MORNING, 9)]
    assert told == [("lin", "pin", ("daily",)), ("lin", "reject", ("daily",))]


def test_check_names_editors_who_cannot_decide(bench: Bench) -> None:
    """Nobody has an account yet: nothing is said. Then each with its line, in one line."""
    app = bench.set_up(SETTINGS.replace('["momo"]', '["momo", "bob", "cy"]'))

    def told() -> list[str]:
        return [each.message for each in of_settings(app, MORNING) if "editors" in each.message]

    assert told() == []
    for name, role in (("momo", Role.EDITOR), ("bob", Role.MEMBER)):
        pipeline.accounts.add_person(app, name, role, PASSWORD, MORNING)
    assert told() == [
        "series.daily.editors: 'bob' may decide nothing, being Member",
        "series.daily.editors: nobody logs in as 'cy'",
    ]
