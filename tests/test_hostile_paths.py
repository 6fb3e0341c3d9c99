"""Names that climb: nothing outside content/ is read for a draft, and nothing outside var/ is written."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hostile import PATHS, corpus, yaml_text
from pipeline_bench import COMMUNITY, DAILY, SITE, Bench, article
from platform_bench import png

from steadycast import pipeline
from steadycast.draft import Reader
from steadycast.errors import DraftError, InputError, Refused, SettingsError
from steadycast.pipeline.app import write_atomically
from steadycast.workspace import load

KITS = '\n[channel.kit]\nplatform = "kit"\n\n[channel.feed]\nplatform = "feed"\n\n[channel.mail]\nplatform = "mail"\nfrom = "a@readers.example"\n'
SHIPPED = COMMUNITY + DAILY.replace('"site", "far"', '"site", "kit", "feed", "mail"') + SITE + KITS
SETTINGS = COMMUNITY + DAILY.replace('"far"', '"hand"') + SITE + '\n[channel.hand]\nplatform = "paste"\n'
SECRET = b"canary-of-another-folder"


class Opened:
    """Every path that this process opens, while it is watched."""

    def __init__(self) -> None:
        self.watching = False
        self.paths: list[tuple[str, int]] = []

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if self.watching and event == "open" and isinstance(args[0], str | bytes):
            self.paths.append((os.path.abspath(os.fsdecode(args[0])), args[2] or 0))


@functools.cache
def listening() -> Opened:
    """What hears of them; it cannot be taken away again, and is asked at each event: only the tests that look begin it."""
    made = Opened()
    sys.addaudithook(made)
    return made


@pytest.fixture
def house(bench: Bench, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A workspace with a secret beside content/, in another member's folder, and above the root."""
    bench.set_up(
        SHIPPED if request.node.get_closest_marker("platforms") else SETTINGS,
        {"pgc/good.md": article("Good"), "ugc/bob/secret.md": "# Bob's\n\nown", "ugc/bob/secret.png": png(1, 2, 3)},
    )
    for path in (bench.root / "secret.md", bench.root.parent / "secret.md"):
        path.write_bytes(SECRET)
    (bench.root / "secret.png").write_bytes(png(3, 2, 1))
    yield bench
    (bench.root.parent / "secret.md").unlink()


def outside(bench: Any) -> dict[str, bytes]:
    """Everything below the workspace's parent that is neither content nor var."""
    top = bench.root.parent
    kept = (bench.root / "var", bench.root / "content")
    return {
        str(f): f.read_bytes()
        for f in sorted(top.rglob("*"))
        if f.is_file() and not any(f.is_relative_to(k) for k in kept)
    }


def spellings(spare: int = 1) -> list[str]:
    found = [
        *PATHS,
        *(
            f"{up}{name}"
            for up in ("../", "../../", "../../../", "./../bob/", "..%2f")
            for name in ("secret.md", "secret.png", "bob/secret.png")
        ),
    ]
    return [*found, *corpus("traversal.json")[::spare]]


@pytest.mark.parametrize("role", ["image", "cover", "media", "html"])
def test_no_spelling_finds_a_file_outside_the_members_folder(house: Any, role: Any) -> None:
    """As picture, cover, media and in raw HTML: an error, or no file at all; nothing outside is opened."""
    zone = house.app.workspace.community.zone
    opened = listening()
    opened.paths.clear()
    for ref in spellings():
        texts = {
            "image": f"# T\n\n![x](<{ref}>)\n",
            "cover": f"---\ncover: {yaml_text(ref)}\n---\n\nx\n",
            "media": f"---\nmedia: {yaml_text(ref)}\n---\n\nx\n",
            "html": f'# T\n\n<img src="{ref}">\n',
        }
        opened.watching = True
        try:
            raw, now = texts[role].encode("utf-8", "replace"), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
            draft = Reader(house.root / "content", zone).draft(raw, PurePosixPath("ugc/alice/a.md"), now)
        except DraftError:
            continue
        finally:
            opened.watching = False
        assert draft.media == (), ref
    mine = str(house.root / "content/ugc/alice")
    assert [
        p for p, _ in opened.paths if not p.startswith(mine) and ("secret" in p or "/etc" in p or "/proc" in p)
    ] == []


@pytest.mark.slow
@pytest.mark.parallel
@pytest.mark.platforms("kit", "feed", "mail")
def test_no_word_of_a_draft_is_a_place_to_write(house: Any) -> None:
    """Slug, title, tags, language, author, series and channels' overrides: all that is written lies in var/."""
    before = outside(house)
    for number, ref in enumerate(spellings(spare=60)):
        text = yaml_text(ref or "x")
        front = [f"title: {text}", f"slug: {text}", f"tags: [{text}]", f"author: {text}", f"language: {text}", f"summary: {text}",
                 "channels:", "  kit:", f"    episode: {text}", f"    tickets: [{{name: {text}}}]"]  # fmt: skip
        house.drop(f"ugc/alice/{number}.md", "---\n" + "\n".join(front) + "\n---\n\nWords.\n")
    pipeline.collect(house.app, house.clock.now())
    titles = [row for row in house.app.ledger.drafts() if row.path.startswith("ugc/alice/")]
    assert len(titles) > 30
    for row in titles[::4]:
        pipeline.publish(house.app, draft=row.id)
    assert outside(house) == before
    for file in (house.root / "var").rglob("*"):
        assert file.resolve().is_relative_to(house.root / "var")
        assert not set(file.name) & set('\0\n\r\\:*?"<>|')


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "..", "/etc/x", "a/\0b"])
def test_an_adapter_writes_below_its_channels_folder_only(tmp_path: Path, name: Any) -> None:
    with pytest.raises((Refused, ValueError, OSError)):
        write_atomically(tmp_path / "out", name, b"x")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_link_in_the_output_is_not_written_through(tmp_path: Path) -> None:
    """Somebody who can write to var/out/site/ sends no page into another folder."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/notes").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused):
        write_atomically(tmp_path / "out", "notes/a.html", b"x")
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *itertools.product(["series", "channel", "members"], ["../x", "a/b", "..", "x\\ny", "-", ""]),
        *itertools.product(["series", "channel"], ["A B", "张三"]),
    ],
)
def test_names_in_the_settings_lead_nowhere_else(bench: Bench, kind: Any, name: Any) -> None:
    """They become folders, addresses and ids of slots; a member's is that of one folder, and may be in any script."""
    bench.set_up(COMMUNITY + SITE)
    table = {"series": 'every = "day at 20:00"', "channel": 'platform = "pages"', "members": 'title = "x"'}[kind]
    (bench.root / "steadycast.toml").write_text(COMMUNITY + SITE + f'\n[{kind}."{name}"]\n{table}\n')
    with pytest.raises(SettingsError):
        load(bench.root)


def test_a_slot_or_an_id_is_never_a_path(house: Any) -> None:
    """Confirming, settling, publishing and previewing by a name that climbs: an error in one line, and no file."""
    before = outside(house)
    app, now = house.app, house.clock.now()
    calls: list[Callable[[str], object]] = [
        lambda name: pipeline.confirm(app, name, "https://a.example/", now),
        lambda name: pipeline.settle(app, name, url="https://a.example/", again=False, now=now),
        lambda name: pipeline.publish(app, slot=name or "x"),
        lambda name: pipeline.publish(app, draft=name or "x"),
        lambda name: pipeline.publish(app, series=name or "x"),
        lambda name: pipeline.preview(app, name, now=now),
        lambda name: pipeline.preview(app, "pgc/good.md", channel=name or "x", now=now),
        lambda name: pipeline.decide(app, [name], "approve", by="x", now=now),
    ]
    for name in spellings(spare=300):
        for call in calls:
            with pytest.raises((InputError, ValueError) if "\0" in name else InputError):
                call(name)
    assert outside(house) == before


def test_a_preview_reads_drafts_only(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a file beside content/ nor one that content/ links to."""
    (house.root / "content/pgc/out.md").symlink_to(house.root / "secret.md")
    for named in (
        "steadycast.toml",
        "secret.md",
        "../secret.md",
        str(house.root / "secret.md"),
        "pgc/out.md",
        "/etc/passwd",
        "/dev/zero",
    ):
        monkeypatch.chdir(house.root)
        with pytest.raises(InputError):
            pipeline.preview(house.app, Path(named), now=house.clock.now())
    assert SECRET not in b"".join(f.read_bytes() for f in (house.root / "var").rglob("*") if f.is_file())
