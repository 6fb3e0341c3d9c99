"""What a scan makes of what was known."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from dataclasses import replace
from pathlib import PurePosixPath as P
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steadycast.draft import Draft
from steadycast.intake.draft_status import DraftStatus, draft_status
from steadycast.intake.reconcile import COPY, DOUBTFUL, Changes, KnownDraft, Memory, new_id, reconcile
from steadycast.intake.similar import Text
from steadycast.schedule.model import Origin


def draft(path: str, revision: str, words: str = "b", title: str = "t", **more: Any) -> Draft:
    origin = Origin.UGC if path.startswith("ugc") else Origin.PGC
    return Draft(P(path), origin, "alice" if origin is Origin.UGC else "", revision, title, words, **more)


def known(id: str, path: str, revision: str, gone: bool = False, **more: Any) -> KnownDraft:
    return KnownDraft(id, P(path), revision, gone, **more)


def test_a_draft_seen_for_the_first_time_is_new_and_gets_an_id() -> None:
    changes = reconcile([draft("pgc/a.md", "1")], [], make_id=lambda _: "id-1")
    assert [(c.id, c.before) for c in changes.new] == [("id-1", None)]
    assert not (changes.edited)
    assert not (changes.deleted)


def test_other_content_under_the_same_name_is_an_edit() -> None:
    (change,) = reconcile([draft("pgc/a.md", "2")], [known("a", "pgc/a.md", "1")]).edited
    assert change.before is not None
    assert (change.id, change.before.revision) == ("a", "1")


def test_the_same_content_under_a_new_name_is_a_rename_and_keeps_its_id() -> None:
    changes = reconcile([draft("pgc/b.md", "1")], [known("a", "pgc/a.md", "1")])
    assert [(c.id, str(c.draft.path)) for c in changes.renamed] == [("a", "pgc/b.md")]
    assert not changes.new
    assert not changes.deleted


def test_two_files_that_swap_names_swap_paths_and_not_histories() -> None:
    rows = [known("a", "pgc/a.md", "1"), known("b", "pgc/b.md", "2")]
    changes = reconcile([draft("pgc/a.md", "2"), draft("pgc/b.md", "1")], rows)
    assert {(c.id, str(c.draft.path)) for c in changes.renamed} == {("a", "pgc/b.md"), ("b", "pgc/a.md")}


def test_the_same_content_under_two_names_is_one_draft_and_a_copy() -> None:
    changes = reconcile([draft("pgc/b.md", "1"), draft("pgc/a.md", "1")], [], make_id=lambda d: d.path.stem)
    assert [(c.id, c.held, c.resembles) for c in changes.new] == [("a", "", ""), ("b", COPY, "a")]


def test_a_copy_never_takes_the_place_of_the_draft_that_was_there_first() -> None:
    changes = reconcile([draft("pgc/a-copy.md", "1")], [known("z", "pgc/z.md", "1")], present={P("pgc/z.md")})
    assert [(c.held, c.resembles) for c in changes.new] == [(COPY, "z")]
    assert [row.id for row in changes.same] == ["z"]


def test_a_path_that_stays_is_its_draft_and_a_copy_beside_it_is_one_though_the_original_was_edited() -> None:
    """The copy has the content that the original had a moment ago: content alone would move the history to it."""
    changes = reconcile([draft("pgc/rain.md", "2"), draft("pgc/rain 2.md", "1")], [known("a", "pgc/rain.md", "1")])
    assert [(c.id, str(c.draft.path)) for c in changes.edited] == [("a", "pgc/rain.md")]
    assert [(c.held, c.resembles) for c in changes.new] == [(COPY, "a")]


@pytest.mark.parametrize(
    "name",
    [
        "a.sync-conflict-20261122-101010-ABCDEF7",
        "a (Alice's conflicted copy 2026-11-22)",
        "a (SFConflict alice@example.org 2026-11-22-10-10-10)",
        "a_conflict-20261122-101010",
        "a - 副本",
        "a copy",
        "a 2",
        "a (1)",
        "a副本",
        "Copy of a",
        "a (1) - Copy",
    ],
)
@pytest.mark.parametrize("seen", [True, False], ids=["known", "new"])
def test_the_plain_name_is_the_draft_and_a_sync_tools_name_its_copy(name: Any, seen: Any) -> None:
    """Whatever the alphabet says, and whether the two come together or one after the other."""
    rows = [known("id-a", "pgc/a.md", "1")] if seen else []
    found = [draft(f"pgc/{name}.md", "1"), draft("pgc/a.md", "1")]
    changes = reconcile(found, rows, make_id=lambda d: f"id-{d.path.stem}")
    assert [(str(c.draft.path), c.resembles) for c in changes.new if c.held] == [(f"pgc/{name}.md", "id-a")]


def test_a_conflict_copy_is_one_whatever_it_says_and_a_numbered_file_only_if_its_text_is() -> None:
    conflict = "pgc/a.sync-conflict-20261122-101010-ABCDEF7.md"
    changes = reconcile(
        [draft("pgc/a.md", "1", words="one two three."), draft(conflict, "2", words="Nothing of it.")], [],
        make_id=lambda d: d.path.stem,
    )  # fmt: skip
    assert [c.resembles for c in changes.new] == ["", "a"]
    changes = reconcile([draft("pgc/a.md", "1", words="One."), draft("pgc/a 2.md", "2", words="The second part.")], [])
    assert [c.held for c in changes.new] == ["", ""]
    assert [c.held for c in reconcile([draft("pgc/a 2.md", "2")], []).new] == [""]


LINES = [f"Line {n} says something of its own." for n in range(10)]
OUT = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def remembering(texts: Any, used: Any = (), had: Any = None) -> Any:
    return Memory(
        used=lambda: dict.fromkeys(used, OUT),
        texts=lambda rows: {row.id: Text.of("t", texts[row.id]) for row in rows if row.id in texts},
        had=lambda revisions: {r: ids for r, ids in (had or {}).items() if r in revisions},
    )


@pytest.mark.parametrize("used", [True, False])
@pytest.mark.parametrize("kept", [5, 6, 9])
def test_a_draft_renamed_and_edited_between_two_looks_is_the_same_draft(used: Any, kept: Any) -> None:
    memory = remembering({"a": "\n".join(LINES)}, ["a"] if used else [])
    edited = "\n".join(LINES[:kept] + ["Other words instead of it." for _ in LINES[kept:]])
    changes = reconcile(
        [draft("pgc/new.md", "2", words=edited)], [known("a", "pgc/old.md", "1", title="t")], memory=memory
    )
    assert [(c.id, c.held) for c in changes.renamed] == [("a", "")]
    assert not changes.new
    assert not changes.deleted


def test_less_than_half_of_it_is_a_new_draft() -> None:
    memory = remembering({"a": "\n".join(LINES)}, ["a"])
    edited = "\n".join(LINES[:3] + ["Entirely other words, and more of them than there were." for _ in range(9)])
    changes = reconcile([draft("pgc/new.md", "2", words=edited)], [known("a", "pgc/old.md", "1")], memory=memory)
    assert [c.held for c in changes.new] == [""]
    assert [row.id for row in changes.deleted] == ["a"]


def test_half_of_what_went_out_under_another_title_waits_for_a_person() -> None:
    """It may be the next number of a weekly: to take it for the last one would lose it, to take it for new repeat it."""
    memory = remembering({"a": "\n".join(LINES)}, ["a"])
    edited = "\n".join(LINES[:6] + ["Other words instead of it." for _ in LINES[6:]])
    rows = [known("a", "pgc/week-1.md", "1", title="Week 1")]
    changes = reconcile([draft("pgc/week-2.md", "2", words=edited, title="Week 2")], rows, memory=memory)
    assert [(c.held, c.resembles) for c in changes.new] == [(DOUBTFUL, "a")]


def test_what_is_as_like_to_one_that_went_out_as_to_one_that_did_not_waits() -> None:
    memory = remembering({"a": "\n".join(LINES), "b": "\n".join(LINES)}, ["a"])
    rows = [known("a", "pgc/a.md", "1", title="t"), known("b", "pgc/b.md", "1b", title="t")]
    changes = reconcile([draft("pgc/c.md", "2", words="\n".join(LINES[:9]))], rows, memory=memory)
    assert [(c.held, c.resembles) for c in changes.new] == [(DOUBTFUL, "a")]


def test_a_copy_of_what_went_out_edited_before_it_was_seen_waits() -> None:
    memory = remembering({"a": "\n".join(LINES)}, ["a"])
    rows = [known("a", "pgc/a.md", "1", title="t")]
    found = [draft("pgc/other.md", "2", words="\n".join(LINES[:8]))]
    assert [c.held for c in reconcile(found, rows, present={P("pgc/a.md")}, memory=memory).new] == [DOUBTFUL]
    gone = [known("a", "pgc/a.md", "1", gone=True, title="t")]
    assert [c.held for c in reconcile(found, gone, memory=memory).new] == [DOUBTFUL]


def test_an_older_wording_of_what_went_out_is_its_copy_wherever_it_comes_back() -> None:
    memory = remembering({}, ["a"], had={"0": ["a"]})
    rows = [known("a", "pgc/a.md", "1")]
    for path in ("pgc/backup.md", "ugc/alice/mine.md"):
        changes = reconcile([draft(path, "0")], rows, present={P("pgc/a.md")}, memory=memory)
        assert [(c.held, c.resembles) for c in changes.new] == [(COPY, "a")]


def test_a_draft_with_the_text_of_another_laid_over_it_is_its_copy() -> None:
    rows = [known("a", "pgc/a.md", "1"), known("b", "pgc/b.md", "2")]
    (edit,) = reconcile([draft("pgc/b.md", "1")], rows, present={P("pgc/a.md")}).edited
    assert (edit.id, edit.held, edit.resembles) == ("b", COPY, "a")


@pytest.mark.parametrize(("words", "held"), [("\n".join(LINES[:8]), COPY), ("Words of its own.", "")])
def test_a_copy_stays_one_until_its_words_are_its_own(words: Any, held: Any) -> None:
    """Also when the original was edited, or is gone: it is remembered, and nobody has to be told twice."""
    memory = remembering({"a": "\n".join(LINES)}, ["a"])
    for gone in (False, True):
        rows = [known("a", "pgc/a.md", "1", gone), known("b", "pgc/b.md", "1", held=COPY, resembles="a")]
        (edit,) = reconcile([draft("pgc/b.md", "2", words=words)], rows, memory=memory, present={P("pgc/a.md")}).edited
        assert (edit.id, edit.held, edit.released) == ("b", held, not held)
        again = reconcile([draft("pgc/b.md", "1")], rows, memory=memory, present={P("pgc/a.md")})
        assert [row.held for row in again.same if row.id == "b"] == [COPY]


def test_a_thousand_drafts_renamed_and_edited_at_once_are_each_itself_and_not_compared_with_all() -> None:
    texts = {
        f"d{n}": "\n".join(f"{n}: sentence {k} of it." for k in range(20)) + "\nA common end." for n in range(2000)
    }
    rows = [known(id, f"pgc/{id}.md", id) for id in texts]
    found = [draft(f"pgc/moved/{id}.md", f"{id}b", words=text + "\nOne line more.") for id, text in texts.items()]
    began = time.process_time()
    changes = reconcile(found, rows, memory=remembering(texts, list(texts)[:1000]))
    assert [c.id for c in sorted(changes.renamed, key=lambda c: int(c.id[1:]))] == list(texts)
    assert time.process_time() - began < 8  # comparing all with all takes minutes


def test_one_members_text_in_anothers_folder_is_another_draft() -> None:
    changes = reconcile([draft("ugc/bob/x.md", "1")], [known("a", "ugc/alice/x.md", "1")])
    assert [str(c.draft.path) for c in changes.new] == ["ugc/bob/x.md"]
    assert [row.id for row in changes.deleted] == ["a"]


def test_a_file_that_is_no_longer_there_is_deleted_once() -> None:
    assert [row.id for row in reconcile([], [known("a", "pgc/a.md", "1")]).deleted] == ["a"]
    assert not reconcile([], [known("a", "pgc/a.md", "1", gone=True)]).deleted


def test_an_unreadable_folder_deletes_nothing_below_it() -> None:
    rows = [known("a", "pgc/2026/a.md", "1"), known("b", "ugc/alice/b.md", "2")]
    assert [row.id for row in reconcile([], rows, present={P("pgc")}).deleted] == ["b"]
    assert not reconcile([], rows, present={P()}).deleted


def test_a_draft_that_comes_back_is_known_by_its_content() -> None:
    changes = reconcile([draft("pgc/other.md", "1")], [known("a", "pgc/a.md", "1", gone=True)])
    assert [c.id for c in changes.back] == ["a"]


def test_a_name_used_anew_is_a_new_draft() -> None:
    changes = reconcile(
        [draft("pgc/today.md", "2")], [known("a", "pgc/today.md", "1", gone=True)], make_id=lambda _: "b"
    )
    assert [c.id for c in changes.new] == ["b"]


def test_drafts_of_feeds_do_not_end_with_a_scan() -> None:
    assert not reconcile([], [known("f", "feed/alice/1", "1")]).deleted


paths = st.sampled_from(
    ["pgc/a.md", "pgc/b.md", "pgc/a 2.md", "ugc/alice/a.md", "ugc/alice/b.md", "ugc/bob/a.md", "ugc/bob/a copy.md"]
)
worlds = st.dictionaries(paths, st.sampled_from("123"), max_size=6)
WORDS = {r: "\n".join(f"{r}{n} is a sentence." for n in range(8)) for r in "123"}


class Ledger:
    """What a store keeps of each look."""

    def __init__(self) -> None:
        self.rows: dict[str, KnownDraft] = {}
        self.had: dict[str, list[str]] = {}  # revision -> ids
        self.used: set[str] = set()
        self.ids = itertools.count()

    def look(self, world: Any) -> Any:
        memory = Memory(
            used=lambda: dict.fromkeys(self.used, OUT),
            texts=lambda rows: {row.id: Text.of("t", WORDS[row.revision]) for row in rows},
            had=lambda revisions: {r: self.had[r] for r in revisions if r in self.had},
        )
        found = [draft(p, r, words=WORDS[r]) for p, r in world.items()]
        changes = reconcile(found, self.rows.values(), make_id=lambda _: f"id-{next(self.ids)}", memory=memory)
        for c in (*changes.new, *changes.edited, *changes.renamed, *changes.back):
            self.rows[c.id] = KnownDraft(c.id, c.draft.path, c.draft.revision, False, "t", c.held, c.resembles)
            self.had.setdefault(c.draft.revision, []).append(c.id)
        for row in changes.deleted:
            self.rows[row.id] = replace(row, gone=True)
        return changes

    def stock(self) -> Any:
        return [r for r in self.rows.values() if not r.gone and not r.held and r.id not in self.used]


@given(st.lists(st.tuples(worlds, st.integers(0, 3)), min_size=1, max_size=6))
def test_every_file_is_one_draft_a_second_look_changes_nothing_and_no_words_go_out_twice(history: list[Any]) -> None:
    """At each look some of stock goes out; whatever is moved, copied, swapped or taken away, its words never do again."""
    ledger, out = Ledger(), set()
    for world, going in history:
        ledger.look(world)
        live = {str(row.path): row.revision for row in ledger.rows.values() if not row.gone}
        assert live == world
        again = ledger.look(world)
        assert again == Changes(same=again.same)
        for row in sorted(ledger.stock(), key=lambda row: row.id)[:going]:
            words = (row.path.parts[:-1], row.revision)  # two members may say the same
            assert words not in out
            ledger.used.add(row.id)
            out.add(words)


def test_ids_are_twelve_letters_and_never_the_same() -> None:
    ids = {new_id(draft("pgc/a.md", "1")) for _ in range(1000)}
    assert len(ids) == 1000
    assert all((len(id) == 12 and id.isalnum() and id.islower()) or id.isascii() for id in ids)


def test_a_members_draft_waits_and_a_trusted_members_or_the_houses_does_not() -> None:
    assert draft_status(draft("ugc/alice/a.md", "1")) == DraftStatus("waiting", None)
    assert draft_status(draft("ugc/alice/a.md", "1"), trusted=True) == DraftStatus("approved", "1")
    assert draft_status(draft("pgc/a.md", "1")) == DraftStatus("approved", "1")
    assert draft_status(draft("pgc/a.md", "1"), pgc_approved=False) == DraftStatus("waiting", None)


def test_an_edit_asks_again_while_the_approved_revision_stays_usable() -> None:
    after = draft_status(draft("ugc/alice/a.md", "2"), before=DraftStatus("approved", "1"), previous_revision="1")
    assert after == DraftStatus("waiting", "1")


def test_an_edit_taken_back_to_the_approved_revision_needs_nobody() -> None:
    after = draft_status(draft("ugc/alice/a.md", "1"), before=DraftStatus("waiting", "1"), previous_revision="2")
    assert after == DraftStatus("approved", "1")


def test_a_rejected_revision_stays_rejected_until_it_is_edited() -> None:
    rejected = DraftStatus("rejected", None)
    assert draft_status(draft("pgc/a.md", "1"), before=rejected, previous_revision="1") == rejected
    assert draft_status(draft("ugc/alice/a.md", "1"), before=rejected, previous_revision="1") == rejected
    assert draft_status(draft("ugc/alice/a.md", "2"), before=rejected, previous_revision="1").state == "waiting"


def test_a_draft_that_is_not_ready_is_taken_from_stock() -> None:
    after = draft_status(
        draft("pgc/a.md", "2", ready=False), before=DraftStatus("approved", "1"), previous_revision="1"
    )
    assert after == DraftStatus("not-ready", None)
