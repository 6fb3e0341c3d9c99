"""A kit is there whole or not at all, whatever crashes, is lost, or is written again."""

# ruff: noqa: F811  the fixtures are those of the other file
from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from test_channel_kit import EVERY, KEY, KITS, App, app, compose_for, files  # noqa: F401  fixtures

from steadycast.platform import Known


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_written_again_it_has_the_same_bytes(name: str, form: str, app: Any, compose_for: Any, tmp_path: Path) -> None:
    """A publish that is repeated changes nothing, in this folder or in another."""
    made = compose_for(name, form)
    first = app(name)
    kit = first.kit(made)
    before = files(kit)
    assert first.kit(made) == kit
    assert files(kit) == before
    elsewhere = App(KITS[name], tmp_path / "elsewhere")
    assert files(elsewhere.kit(made)) == before


@pytest.mark.platforms("wechat")
@pytest.mark.parametrize("where", ["kit.json", "CHECKLIST.md", "article.html", "title.txt"])
def test_a_crash_before_the_commit_point_leaves_no_kit(where: str, app: Any, compose_for: Any) -> None:
    """Until kit.json is there, find says it is surely not; the next publish makes it whole."""
    made = compose_for("wechat", "article")
    at = app("wechat")
    at.fail_at = where
    with pytest.raises(OSError):
        at.adapter.publish(made)
    assert at.adapter.find(made, Known()) is None
    at.fail_at = ""
    at.adapter.publish(made)
    assert at.adapter.find(made, Known()) is not None


@pytest.mark.platforms("wechat")
def test_a_crash_while_writing_other_content_takes_the_old_kit_back(app: Any, compose_for: Any) -> None:
    """A kit is never half of one revision and half of another."""
    made = compose_for("wechat", "article")
    at = app("wechat")
    at.adapter.publish(made)
    at.fail_at = "kit.json"
    with pytest.raises(OSError):
        at.adapter.publish(dataclasses.replace(made, title="改过的标题"))
    assert at.adapter.find(made, Known()) is None


@pytest.mark.platforms("wechat")
def test_files_the_new_kit_lacks_are_gone_and_a_persons_own_stay(app: Any, compose_for: Any) -> None:
    """After a change of mind nobody uploads a picture that is no longer in the text."""
    made = compose_for("wechat", "article")
    at = app("wechat")
    kit = at.kit(made)
    (kit / "my-notes.txt").write_text("mine", encoding="utf-8")
    at.adapter.publish(dataclasses.replace(made, media=made.of("cover"), html="<p>短</p>"))
    assert not (kit / "media/01-lane.png").exists()
    assert (kit / "my-notes.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.platforms("wechat")
@pytest.mark.parametrize("lost", ["media/01-lane.png", "article.html"])
def test_a_kit_that_lost_a_file_is_not_there(lost: str, app: Any, compose_for: Any) -> None:
    """Somebody tidied up: find does not vouch for what is no longer whole."""
    made = compose_for("wechat", "article")
    at = app("wechat")
    (at.kit(made) / lost).unlink()
    assert at.adapter.find(made, Known()) is None


@pytest.mark.platforms("weibo")
def test_another_deliverys_kit_or_a_broken_manifest_is_not_taken_for_this_one(app: Any, compose_for: Any) -> None:
    """The manifest has to name this delivery, and has to be one."""
    made = compose_for("weibo", "article")
    at = app("weibo")
    kit = at.kit(made)
    assert at.adapter.find(dataclasses.replace(made, key=made.key[:5] + "aaaaaaaa"), Known()) is None
    for content in (b"", b"[]", b"\xff", b'{"delivery": "k3f9abcdefgh2"}'):
        (kit / "kit.json").write_bytes(content)
        assert at.adapter.find(made, Known()) is None


@pytest.mark.platforms("zhihu")
def test_two_posts_of_one_day_and_slug_never_share_a_folder(app: Any, compose_for: Any) -> None:
    """Two members may both call a draft review.md."""
    made = compose_for("zhihu", "article")
    at = app("zhihu")
    other = dataclasses.replace(made, key="z" + KEY[1:])
    assert at.kit(made) != at.kit(other)
    assert at.adapter.find(made, Known()) is not None
    assert at.adapter.find(other, Known()) is not None
    assert at.kit(made).name.startswith("2026-11-27-nongtang-")
    assert at.kit(dataclasses.replace(made, slug="")).name == f"2026-11-27-{KEY}"
