"""The files that a draft names: found where its tool keeps them, and nothing outside its own folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from reading_drafts import read, refused

from steadycast.draft import names_below
from steadycast.schedule.model import Form


@pytest.fixture
def content(tmp_path: Path) -> Path:
    for folder in ("pgc/site/_posts", "pgc/site/static/img", "pgc/img", "ugc/alice", "ugc/bob"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


class TestFiles:
    def test_pictures_are_found_in_markdown_html_and_references_with_their_lines(self, content: Path) -> None:
        for name in "abc":
            (content / f"pgc/img/{name}.png").write_bytes(name.encode())
        text = "---\ntitle: t\n---\n\n![甲](img/a.png)\n\n<p>\n<img src='img/b.png' alt=乙></p>\n\n![r]\n\n[r]: img/c.png\n\n`![](no.png)`\n"
        draft = read(content, text)
        assert [(m.role, m.ref, m.alt, m.line) for m in draft.media] == [
            ("image", "img/a.png", "甲", 5),
            ("image", "img/b.png", "乙", 8),
            ("image", "img/c.png", "r", 10),
        ]
        assert all(len(m.sha256) == 64 for m in draft.media)

    def test_a_sound_or_film_is_shown_as_a_picture_is_and_gives_the_draft_its_form(self, content: Path) -> None:
        for name in ("voice.m4a", "film.mp4"):
            (content / "pgc/img" / name).write_bytes(b"...")
        draft = read(content, "# t\n\n![](img/voice.m4a)\n\n![[film.mp4]]\n")
        assert [(m.role, m.ref) for m in draft.media] == [("audio", "img/voice.m4a"), ("video", "film.mp4")]
        assert draft.form == "video"
        assert read(content, "文 ![](https://x.example/a.mp3)\n").media == ()

    @pytest.mark.parametrize(
        ("head", "said"),
        [
            ("cover: img/a.png\nfocal: 0.3 0.7", {"cover": (0.3, 0.7), "image": (0.3, 0.7)}),
            ("cover: img/a.png\nfocal: [30%, 70%]", {"cover": (0.3, 0.7), "image": (0.3, 0.7)}),
            ("焦点: 0.3，0.7", {"image": (0.3, 0.7)}),
            ("cover:\n  image: img/a.png\n  alt: 海\n  focal: 1, 0", {"cover": (1.0, 0.0), "image": (1.0, 0.0)}),
            ("media:\n  - file: img/a.png\n    focal: 0.3 0.7", {"image": (0.3, 0.7)}),
            ("image:\n  image: img/a.png\n  focal_point: TopRight", {"cover": (1.0, 0.0), "image": (1.0, 0.0)}),
            ("image:\n  image: img/a.png\n  focal_point: Smart", {"cover": None, "image": None}),
            ("cover: img/a.png", {"cover": None, "image": None}),
        ],
    )
    def test_a_head_says_what_a_crop_of_a_picture_has_to_keep(self, content: Path, head: str, said: Any) -> None:
        (content / "pgc/img/a.png").write_bytes(b"a")
        draft = read(content, f"---\ntitle: t\n{head}\n---\n文 ![](img/a.png)\n")
        assert {m.role: m.focal for m in draft.media} == said

    def test_a_focal_point_that_is_none_is_said_with_its_line(self, content: Path) -> None:
        (content / "pgc/img/a.png").write_bytes(b"a")
        for wrong in ("1.2 0", "0.5", "-0.1 0.5", "nan 0.5", "top middle left"):
            said = refused(content, f"---\ntitle: t\ncover: img/a.png\nfocal: {wrong}\n---\n文\n")
            assert said.startswith(f"pgc/a.md:4: '{wrong}' is no point of a picture") or "is no point" in said
        assert "of no picture" in refused(content, "---\ntitle: t\nfocal: 0.1 0.2\n---\n文\n")

    def test_words_for_a_picture_count_wherever_they_are_written(self, content: Path) -> None:
        """And a draft without a focal point, and with its words in one place, keeps the revision that it had."""
        (content / "pgc/img/a.png").write_bytes(b"a")
        head = "---\ntitle: t\ncover: img/a.png\ncover_alt: 海\n---\n文 ![](img/a.png)\n"
        assert [(m.role, m.alt) for m in read(content, head).media] == [("cover", "海"), ("image", "海")]
        moved = head.replace("cover_alt", "focal: 0.1 0.2\ncover_alt")
        assert read(content, moved).revision != read(content, head).revision

    def test_a_missing_picture_is_said_with_its_line(self, content: Path) -> None:
        assert refused(content, "# t\n\n文\n\n![](img/no.png)\n").startswith(
            "pgc/a.md:5: the file 'img/no.png' is not there"
        )

    def test_remote_pictures_stay_links(self, content: Path) -> None:
        assert read(content, "文 ![](https://x.example/a.png)\n").media == ()

    @pytest.mark.parametrize(
        "ref",
        [
            "../bob/b.png",
            "/ugc/bob/b.png",
            "/etc/passwd",
            "../../../../etc/passwd",
            "link.png",
            "%2e%2e/bob/b.png",
            "hard.png",
        ],
    )
    def test_nothing_outside_the_members_own_folder_is_taken(self, content: Path, ref: str) -> None:
        (content / "ugc/bob/b.png").write_bytes(b"bob's")
        (content / "ugc/alice/link.png").symlink_to("../bob/b.png")
        os.link(content / "ugc/bob/b.png", content / "ugc/alice/hard.png")
        refused(content, f"# t\n\n![]({ref})\n", "ugc/alice/a.md")

    @pytest.mark.parametrize("ref", ["file:///etc/passwd", "a\\b.png", "C:/x.png"])
    def test_odd_names_are_refused(self, content: Path, ref: str) -> None:
        refused(content, f"# t\n\n<img src='{ref}'>\n")

    def test_pipes_are_refused_and_never_waited_for(self, content: Path) -> None:
        os.mkfifo(content / "pgc/p.png")
        assert "no regular file" in refused(content, "# t\n\n![](p.png)\n")

    def test_a_name_may_be_composed_otherwise_than_on_disk(self, content: Path) -> None:
        (content / "pgc/cafe\u0301.png").write_bytes(b"x")
        assert len(read(content, "文 ![](caf\u00e9.png)\n").media) == 1

    def test_media_make_the_form(self, content: Path) -> None:
        (content / "pgc/v.mp3").write_bytes(b"x")
        (content / "pgc/v.mp4").write_bytes(b"x")
        assert read(content, "---\ntitle: t\nmedia: v.mp3\n---\n").form is Form.AUDIO
        assert read(content, "---\ntitle: t\nmedia: [v.mp3, {file: v.mp4}]\n---\n").form is Form.VIDEO


class TestFilesByName:
    """Where blogs and note books keep a text's pictures without saying so."""

    @pytest.mark.parametrize(
        ("lies", "named"),
        [
            ("pgc/blog/a/1.png", "1.png"),  # Hexo: the folder named like the post
            ("pgc/blog/attachments/1.png", "attachments/1.png"),
            ("pgc/attachments/1.png", "attachments/1.png"),  # Obsidian: from the vault's folder
            ("pgc/notes/deep/down/1.png", "1.png"),  # by its name alone, wherever it lies
            ("pgc/notes/deep/一 张.png", "一%20张.png"),
            ("pgc/notes/cafe\u0301.png", "caf\u00e9.png"),
        ],
    )
    def test_a_picture_is_found_where_its_tool_keeps_it(self, content: Path, lies: str, named: str) -> None:
        (content / lies).parent.mkdir(parents=True, exist_ok=True)
        (content / lies).write_bytes(b"x")
        draft = read(content, f"# t\n\n![]({named})\n", "pgc/blog/a.md")
        assert [m.path for m in draft.media] == [(content / lies).resolve()]

    def test_the_nearest_place_wins_and_of_equal_names_elsewhere_none(self, content: Path) -> None:
        for folder in ("pgc/blog/a", "pgc/x", "pgc/y"):
            (content / folder).mkdir(parents=True)
            (content / folder / "1.png").write_bytes(folder.encode())
        (content / "pgc/blog/other.md").write_bytes(b"")
        draft = read(content, "# t\n\n![](1.png)\n", "pgc/blog/a.md")
        assert draft.media[0].path.read_bytes() == b"pgc/blog/a"
        assert "several files called '1.png'" in refused(content, "# t\n\n![](1.png)\n", "pgc/blog/b.md")

    @pytest.mark.parametrize(
        "named", ["secret.png", "deep/../secret.png", "../bob/secret.png", "linked/secret.png", "hidden.png"]
    )
    def test_nobody_elses_file_is_found_by_its_name(self, content: Path, named: str) -> None:
        (content / "ugc/bob/secret.png").write_bytes(b"bob's")
        (content / "ugc/alice/linked").symlink_to(content / "ugc/bob")
        (content / "ugc/alice/.trash").mkdir()
        (content / "ugc/alice/.trash/hidden.png").write_bytes(b"x")
        refused(content, f"# t\n\n![]({named})\n", "ugc/alice/a.md")

    def test_a_folder_of_very_many_files_is_not_looked_through_for_ever(
        self, content: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(names_below, "MAX_LISTED", 10)
        for n in range(30):
            (content / f"ugc/alice/{n}.txt").touch()
        (content / "ugc/alice/z").mkdir()
        (content / "ugc/alice/z/1.png").touch()
        refused(content, "# t\n\n![](1.png)\n", "ugc/alice/a.md")
