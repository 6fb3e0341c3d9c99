"""Writes the lists of platforms in the documents from each platform's channel.toml: `make docs`.

A list stands between `<!-- NAME: from channel.toml, make docs -->` and `<!-- end -->`; the rest of a document is written by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from steadycast.platform import Platform
from steadycast.platform.registry import FORMS, platforms

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("docs/platforms.md", "README.md", "README.zh-CN.md")
LIST = re.compile(r"(<!-- ([\w -]+): from channel\.toml, make docs -->)(.*?)(<!-- end -->)", re.DOTALL)
OWN = "| platform | what | forms | delivery | limits | settings |\n|---|---|---|---|---|---|\n"
KITS = "| platform | where | forms | limits | settings of its own |\n|---|---|---|---|---|\n"


def lists(found: Mapping[str, Platform]) -> dict[str, str]:
    """Every list by its name: a table of outlets, one of kits, and the names of each class."""
    kits = {name: p for name, p in found.items() if p.delivery == "kit"}
    own = {name: p for name, p in found.items() if name not in kits}
    made = {"outlets": table(OWN, own), "kits": table(KITS, kits)}
    for delivery in ("conditional", "read-back", "blind"):
        names = [f"`{name}`" for name, p in own.items() if p.delivery == delivery]
        made |= {delivery: f" ({', '.join(names)})", f"{delivery} zh": f"（{'、'.join(names)}）"}
    return made


def table(head: str, found: Mapping[str, Platform]) -> str:
    """One row a platform."""
    rows = ["| " + " | ".join(row(p)) + " |\n" for p in found.values()]
    return "\n" + head + "".join(rows)


def row(platform: Platform) -> list[str]:
    """What a platform takes and promises, in one row; settings of its base stand at the base."""
    inherited = platform.base.settings if platform.base else {}
    asked = [s for s in platform.settings.values() if s.name not in inherited]
    settings = ", ".join(f"`{s.name}`" + ("*" if s.required else "") for s in asked)
    link = f"[{platform.name}](../channels/{platform.name}/README.md)"
    forms = "all" if set(platform.forms) == set(FORMS) else ", ".join(platform.forms)
    delivery = [] if platform.delivery == "kit" else [platform.delivery]
    return [link, platform.about or platform.title, forms, *delivery, limits(platform), settings]


def limits(platform: Platform) -> str:
    """Each limit, and how it counts where that is not by code points."""
    told = [f"{n} {x.max}" + ("" if x.count == "codepoints" else f" {x.count}") for n, x in platform.limits.items()]
    return ", ".join(told) or "none"


def filled(text: str, made: Mapping[str, str]) -> str:
    """A document with its lists as they are now."""
    return LIST.sub(lambda m: f"{m[1]}{made[m[2]]}{m[4]}", text)


def stale(root: Path = ROOT) -> dict[Path, str]:
    """The documents whose lists are not what the platforms say, as they would be."""
    made = lists(platforms([root / "channels"]))
    there = {root / name: (root / name).read_text(encoding="utf-8") for name in DOCUMENTS}
    return {path: new for path, text in there.items() if (new := filled(text, made)) != text}


if __name__ == "__main__":
    for path, text in stale().items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")
