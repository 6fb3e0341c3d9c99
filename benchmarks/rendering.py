"""Drafts for six channels, against Hugo with six output formats: everything, one change, no change; and with a kit."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import corpus
from measure import Row, Run, median, peak_memory, ratio, run, seconds

HERE = Path(__file__).resolve().parent
OURS = [str(Path(sys.executable).with_name("steadycast")), "render", "--all"]
TARGETS = {100: 1.25, 1_000: 1.20, 10_000: 1.00}
AN_HOUR = 3600


def rows(folder: Path, sizes: list[int], rounds: int) -> Iterator[Row]:
    """The three rows of each size; the corpus is laid out once for both sides."""
    for size in sizes:
        ours, peer = _lay_out(folder / f"render-{size}", size)
        yield _cold(ours, peer, size, rounds)
        yield from _warm(ours, peer, size, rounds)
        yield _with_a_kit(ours, size, rounds)
        shutil.rmtree(folder / f"render-{size}")


def _lay_out(folder: Path, size: int) -> tuple[Path, Path]:
    ours, peer = folder / "ours", folder / "peer"
    corpus.write(ours / "content" / "pgc" / "posts", size)
    shutil.copytree(HERE / "channels", ours / "channels")
    shutil.copy(HERE / "steadycast.toml", ours)
    shutil.copytree(HERE / "hugo", peer)
    shutil.copytree(ours / "content" / "pgc" / "posts", peer / "content" / "posts")
    for file in (ours / "content").rglob("*.md"):
        os.utime(file, (time.time() - AN_HOUR,) * 2)  # not written just now: nobody waits to see whether it grows
    return ours, peer


def _steadycast(ours: Path, var: Path) -> Run:
    return run(OURS, ours, {"STEADYCAST_VAR": str(var)})


def _hugo(peer: Path, out: Path) -> Run:
    return run(["hugo", "--quiet", "-d", str(out)], peer)


def _cold(ours: Path, peer: Path, size: int, rounds: int) -> Row:
    found: list[tuple[Run, Run]] = []
    for n in range(rounds + 1):
        var, out = ours.parent / f"var-{n}", ours.parent / f"out-{n}"  # fresh: a folder that was emptied is slower
        found.append((_steadycast(ours, var), _hugo(peer, out)))
        made = [sum(1 for f in where.rglob("*") if f.is_file()) for where in (var / "render", out)]
        assert made == [6 * size, 6 * size], made
        shutil.rmtree(var)
        shutil.rmtree(out)
    a, b = zip(*found[1:], strict=True)
    wall, cpu = ratio([r.wall for r in a], [r.wall for r in b]), ratio([r.cpu for r in a], [r.cpu for r in b])
    held = peak_memory(OURS, ours, {"STEADYCAST_VAR": str(ours.parent / "var-held")})
    shutil.rmtree(ours.parent / "var-held")
    most = TARGETS.get(size)
    target = f"<= {most:.2f} in wall and CPU" + (", <= 160 MB" if size == 10_000 else "") if most else ""
    met = most is None or (max(wall, cpu) <= most and (size != 10_000 or held <= 160))
    return Row(
        f"{size:,} drafts x 6 outputs, cold",
        f"{seconds(median([r.wall for r in a]))} wall, {seconds(median([r.cpu for r in a]))} CPU, {held:.0f} MB",
        f"Hugo {seconds(median([r.wall for r in b]))} wall, {seconds(median([r.cpu for r in b]))} CPU",
        f"{wall:.2f} wall, {cpu:.2f} CPU",
        target,
        met if most else None,
    )


def _warm(ours: Path, peer: Path, size: int, rounds: int) -> Iterator[Row]:
    var = ours.parent / "var"
    _steadycast(ours, var)
    changed: list[tuple[Run, Run, Run]] = []
    for n in range(rounds + 1):
        name = f"piece-{n * 37 % size:05d}.md"
        for folder in (ours / "content" / "pgc" / "posts", peer / "content" / "posts"):
            with (folder / name).open("a", encoding="utf-8") as file:
                file.write(f"\nAdded in round {n}. 又添了一行。\n")
            os.utime(folder / name, (time.time() - 60 - n,) * 2)
        before = {f: f.stat().st_mtime_ns for f in (var / "render").rglob("*.*")}
        one = _steadycast(ours, var)
        written = {f for f in (var / "render").rglob("*.*") if before.get(f) != f.stat().st_mtime_ns}
        assert written == {f for f in before if f.stem == name[:-3] and f.parent.parent.parent.name != "short"}, written
        none = _steadycast(ours, var)
        changed.append((one, none, _hugo(peer, ours.parent / "out")))
    one_, none_, again = zip(*changed[1:], strict=True)
    walls = [r.wall for r in again]
    for what, runs, target in (("one changed", one_, 40), ("nothing changed", none_, 80)):
        part = ratio([r.wall for r in runs], walls)
        yield Row(
            f"{size:,} drafts x 6 outputs, {what}",
            f"{seconds(median([r.wall for r in runs]))} wall, {seconds(median([r.cpu for r in runs]))} CPU",
            f"Hugo run again {seconds(median(walls))} wall",
            f"1/{1 / part:.0f}",
            f"<= 1/{target}" if size == 10_000 else "",
            part <= 1 / target if size == 10_000 else None,
        )


def _with_a_kit(ours: Path, size: int, rounds: int) -> Row:
    """A seventh channel that wants a cover of each draft, where none has one; against the run without it."""
    kit = ours.with_name("kit")
    shutil.copytree(ours, kit)
    with (kit / "steadycast.toml").open("a", encoding="utf-8") as file:
        file.write('\n[channel.kit]\nplatform = "kit"\n')
    found: list[tuple[Run, Run]] = []
    for n in range(rounds + 1):
        var = kit.with_name(f"var-kit-{n}")
        found.append((_steadycast(kit, var), _steadycast(ours, kit.with_name(f"var-six-{n}"))))
        made = sum(1 for f in (var / "render").rglob("*") if f.is_file())
        assert made == 7 * size, made
        shutil.rmtree(var)
        shutil.rmtree(kit.with_name(f"var-six-{n}"))
    a, b = zip(*found[1:], strict=True)
    cpu = ratio([r.cpu for r in a], [r.cpu for r in b])
    return Row(
        f"{size:,} drafts x 6 outputs and a kit that wants covers, cold",
        f"{seconds(median([r.wall for r in a]))} wall, {seconds(median([r.cpu for r in a]))} CPU",
        f"without the kit {seconds(median([r.wall for r in b]))} wall, {seconds(median([r.cpu for r in b]))} CPU",
        f"{cpu:.2f} CPU",
        "<= 1.5 in CPU",
        cpu <= 1.5,
    )
