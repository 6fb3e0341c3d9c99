"""What a scan makes of what was known."""

import itertools
from pathlib import PurePosixPath as P

from hypothesis import given
from hypothesis import strategies as st

from steadycast.draft import Draft
from steadycast.intake.reconcile import Known, Standing, new_id, reconcile, standing
from steadycast.schedule.model import Origin


def draft(path: str, revision: str, **more) -> Draft:
    origin = Origin.UGC if path.startswith("ugc") else Origin.PGC
    return Draft(P(path), origin, "alice" if origin is Origin.UGC else "", revision, "t", "b", **more)


def known(id: str, path: str, revision: str, gone: bool = False) -> Known:
    return Known(id, P(path), revision, gone)


def test_a_draft_seen_for_the_first_time_is_new_and_gets_an_id():
    changes = reconcile([draft("pgc/a.md", "1")], [], make_id=lambda _: "id-1")
    assert [(c.id, c.before) for c in changes.new] == [("id-1", None)]
    assert not (changes.edited)
    assert not (changes.deleted)
    assert not (changes.problems)


def test_other_content_under_the_same_name_is_an_edit():
    (change,) = reconcile([draft("pgc/a.md", "2")], [known("a", "pgc/a.md", "1")]).edited
    assert (change.id, change.before.revision) == ("a", "1")


def test_the_same_content_under_a_new_name_is_a_rename_and_keeps_its_id():
    changes = reconcile([draft("pgc/b.md", "1")], [known("a", "pgc/a.md", "1")])
    assert [(c.id, str(c.draft.path)) for c in changes.renamed] == [("a", "pgc/b.md")]
    assert not changes.new
    assert not changes.deleted


def test_two_files_that_swap_names_swap_paths_and_not_histories():
    rows = [known("a", "pgc/a.md", "1"), known("b", "pgc/b.md", "2")]
    changes = reconcile([draft("pgc/a.md", "2"), draft("pgc/b.md", "1")], rows)
    assert {(c.id, str(c.draft.path)) for c in changes.renamed} == {("a", "pgc/b.md"), ("b", "pgc/a.md")}


def test_the_same_content_under_two_names_is_one_draft_and_a_problem_for_the_second():
    changes = reconcile([draft("pgc/b.md", "1"), draft("pgc/a.md", "1")], [])
    assert [str(c.draft.path) for c in changes.new] == ["pgc/a.md"]
    assert str(changes.problems[0]) == "pgc/b.md: is the same draft as pgc/a.md (remove one of the two)"


def test_a_copy_never_takes_the_place_of_the_draft_that_was_there_first():
    changes = reconcile([draft("pgc/a-copy.md", "1")], [known("z", "pgc/z.md", "1")], present={P("pgc/z.md")})
    assert [str(p.path) for p in changes.problems] == ["pgc/a-copy.md"]
    assert [row.id for row in changes.same] == ["z"]


def test_one_members_text_in_anothers_folder_is_another_draft():
    changes = reconcile([draft("ugc/bob/x.md", "1")], [known("a", "ugc/alice/x.md", "1")])
    assert [str(c.draft.path) for c in changes.new] == ["ugc/bob/x.md"]
    assert [row.id for row in changes.deleted] == ["a"]


def test_a_file_that_is_no_longer_there_is_deleted_once():
    assert [row.id for row in reconcile([], [known("a", "pgc/a.md", "1")]).deleted] == ["a"]
    assert not reconcile([], [known("a", "pgc/a.md", "1", gone=True)]).deleted


def test_an_unreadable_folder_deletes_nothing_below_it():
    rows = [known("a", "pgc/2026/a.md", "1"), known("b", "ugc/alice/b.md", "2")]
    assert [row.id for row in reconcile([], rows, present={P("pgc")}).deleted] == ["b"]
    assert not reconcile([], rows, present={P()}).deleted


def test_a_draft_that_comes_back_is_known_by_its_content():
    changes = reconcile([draft("pgc/other.md", "1")], [known("a", "pgc/a.md", "1", gone=True)])
    assert [c.id for c in changes.back] == ["a"]


def test_a_name_used_anew_is_a_new_draft():
    changes = reconcile(
        [draft("pgc/today.md", "2")], [known("a", "pgc/today.md", "1", gone=True)], make_id=lambda _: "b"
    )
    assert [c.id for c in changes.new] == ["b"]


def test_drafts_of_feeds_do_not_end_with_a_scan():
    assert not reconcile([], [known("f", "feed/alice/1", "1")]).deleted


paths = st.sampled_from(["pgc/a.md", "pgc/b.md", "ugc/alice/a.md", "ugc/alice/b.md", "ugc/bob/a.md"])
worlds = st.dictionaries(paths, st.sampled_from("123"), max_size=5)


def settle(world, rows):
    """The rows after one scan of `world`, as a store would keep them."""
    ids = itertools.count(len(rows))
    changes = reconcile([draft(p, r) for p, r in world.items()], rows, make_id=lambda _: f"id-{next(ids)}")
    after = {row.id: row for row in rows}
    for change in (*changes.new, *changes.edited, *changes.renamed, *changes.back):
        after[change.id] = Known(change.id, change.draft.path, change.draft.revision)
    for row in changes.deleted:
        after[row.id] = Known(row.id, row.path, row.revision, gone=True)
    return changes, list(after.values())


@given(st.lists(worlds, min_size=1, max_size=5))
def test_every_file_is_one_live_draft_or_one_problem_and_a_second_look_changes_nothing(history):
    rows: list[Known] = []
    for world in history:
        changes, rows = settle(world, rows)
        live = {str(row.path): row.revision for row in rows if not row.gone}
        copies = {str(problem.path) for problem in changes.problems}
        assert live == {path: revision for path, revision in world.items() if path not in copies}
        assert len({row.id for row in rows}) == len(rows)
        again, _ = settle(world, rows)
        assert not (again.new)
        assert not (again.edited)
        assert not (again.renamed)
        assert not (again.back)
        assert not (again.deleted)
        assert {str(problem.path) for problem in again.problems} == copies


def test_ids_are_twelve_letters_and_never_the_same():
    ids = {new_id(draft("pgc/a.md", "1")) for _ in range(1000)}
    assert len(ids) == 1000
    assert all((len(id) == 12 and id.isalnum() and id.islower()) or id.isascii() for id in ids)


def test_a_members_draft_waits_and_a_trusted_members_or_the_houses_does_not():
    assert standing(draft("ugc/alice/a.md", "1")) == Standing("waiting", None)
    assert standing(draft("ugc/alice/a.md", "1"), trusted=True) == Standing("approved", "1")
    assert standing(draft("pgc/a.md", "1")) == Standing("approved", "1")
    assert standing(draft("pgc/a.md", "1"), pgc_approved=False) == Standing("waiting", None)


def test_an_edit_asks_again_while_the_approved_revision_stays_usable():
    after = standing(draft("ugc/alice/a.md", "2"), before=Standing("approved", "1"), previous_revision="1")
    assert after == Standing("waiting", "1")


def test_an_edit_taken_back_to_the_approved_revision_needs_nobody():
    after = standing(draft("ugc/alice/a.md", "1"), before=Standing("waiting", "1"), previous_revision="2")
    assert after == Standing("approved", "1")


def test_a_rejected_revision_stays_rejected_until_it_is_edited():
    rejected = Standing("rejected", None)
    assert standing(draft("pgc/a.md", "1"), before=rejected, previous_revision="1") == rejected
    assert standing(draft("ugc/alice/a.md", "1"), before=rejected, previous_revision="1") == rejected
    assert standing(draft("ugc/alice/a.md", "2"), before=rejected, previous_revision="1").state == "waiting"


def test_a_draft_that_is_not_ready_is_taken_from_stock():
    after = standing(draft("pgc/a.md", "2", ready=False), before=Standing("approved", "1"), previous_revision="1")
    assert after == Standing("not-ready", None)
