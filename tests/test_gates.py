"""Whether a community is ready to be copied: what each gate asks, and that what cannot be counted is not passed."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from steadycast.ops.copying import passed
from steadycast.schedule.gates import STAGES, TITLES, Asked, Counted, gates

HOUR = dt.timedelta(hours=1)
WELL = Counted(
    runways={"Daily": 14, "Friday": 30},
    decisions={"ann": 2, "ben": 1, "cai": 1},
    waits=[24 * HOUR, HOUR, 100 * HOUR],
    turns=[["ann", "ben", "cai"], ["dora", "eva"]],
    core={f"m{n}": 3 for n in range(8)},
    by_duties=True,
    absence=3,
    founder=0.5,
    active=20,
    comments=(6, 10),
    rituals=[True, True, True],
    early=4,
    stayed=1,
    sentence="We read aloud.",
)


def verdicts(asked: Asked = Asked(), **other: Any) -> dict[str, bool | None]:
    return {gate.name: gate.ok for gate in gates(asked, dataclasses.replace(WELL, **other))}


def test_a_community_that_just_meets_every_gate_passes() -> None:
    """Each figure is the very one that is asked; the gates stand in the order of their stages."""
    found = gates(Asked(), WELL)
    assert passed(found)
    assert [gate.name for gate in found] == list(TITLES)
    assert list(dict.fromkeys(gate.stage for gate in found)) == list(STAGES)
    assert all(gate.asked and gate.found and gate.how and gate.title for gate in found)


def test_each_gate_fails_by_its_own_figure_alone() -> None:
    failing: dict[str, dict[str, Any]] = {
        "runway": {"runways": {"Daily": 13, "Friday": 30}},
        "decisions": {"decisions": {"ann": 3, "ben": 1, "cai": 1}},
        "waits": {"waits": [25 * HOUR]},
        "turns": {"turns": [["ann", "ben"], ["ann", "ben", "ben"]]},
        "members": {"core": {f"m{n}": 3 for n in range(7)} | {"m7": 2}},
        "absence": {"absence": 2},
        "founder": {"founder": 0.51},
        "active": {"active": 19},
        "comments": {"comments": (59, 100)},
        "rituals": {"rituals": [True, False, True]},
        "stay": {"early": 5},
        "sentence": {"sentence": ""},
    }
    for gate, other in failing.items():
        assert [name for name, ok in verdicts(**other).items() if not ok] == [gate]
    assert verdicts(decisions={"ann": 1, "ben": 1})["decisions"] is False, "two people are not three"


def test_what_cannot_be_counted_is_told_and_never_passed() -> None:
    """A new community without a class: nothing was decided, served, published or due."""
    found = {gate.name: gate for gate in gates(Asked(), Counted(sentence="We read."))}
    missing = [name for name, gate in found.items() if gate.ok is None]
    assert missing == ["runway", "decisions", "waits", "turns", "absence", "founder", "comments", "rituals", "stay"]
    assert all(found[name].found.startswith("cannot be counted: ") for name in missing)
    assert found["turns"].found == "cannot be counted: no class has turns"
    assert found["absence"].found == "cannot be counted: no slot carried a member's piece in these days"
    assert found["founder"].found.endswith("no slot carried a piece of this community in these days"), (
        "others may be out"
    )
    assert not passed(list(found.values()))
    assert verdicts(turns=[["ann", "ben"], ["ann"]])["turns"] is None, "one turn is over, and two are asked"
    assert verdicts(comments=(0, 0))["comments"] is None


def test_what_is_asked_can_be_changed() -> None:
    asked = Asked(members=6, runway=dt.timedelta(days=15), turns=3, pieces=2)
    found = verdicts(asked, core={f"m{n}": 2 for n in range(6)}, turns=[["ann", "ben", "ann"]])
    assert found["members"] is True
    assert found["runway"] is found["turns"] is False
