"""Writes the lists of platforms in the documents from each platform's channel.toml: `make docs`.

A list stands between `<!-- NAME: from channel.toml, make docs -->` and `<!-- end -->`; the rest of a document is written by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from steadycast.platform import Platform
from steadycast.platform.channel_toml import FORMS
from steadycast.platform.registry import load, platforms

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("docs/platforms.md", "README.md", "README.zh-CN.md")
LIST = re.compile(r"(<!-- ([\w -]+): from channel\.toml, make docs -->)(.*?)(<!-- end -->)", re.DOTALL)
OWN = "| platform | what | forms | delivery | limits | media | settings |\n|---|---|---|---|---|---|---|\n"
TRUST = "| platform | sent | after a lost answer | revise | withdraw | credentials | tried against |\n|---|---|---|---|---|---|---|\n"
PROMISE = {  # by delivery class: how often it is there, and what is done when nobody knows
    "conditional": ("once: sent again, it is the same post", "it is sent again, which changes nothing"),
    "read-back": ("once: it is looked for first", "it is looked for, and sent again only when it surely is not there"),
    "blind": ("at most once", "it is never sent again; a person looks and says what happened"),
}
KITS = "| platform | where | forms | limits | media | settings of its own |\n|---|---|---|---|---|---|\n"


def lists(found: Mapping[str, Platform]) -> dict[str, str]:
    """Every list by its name: a table of outlets, one of kits, and the names of each class."""
    kits = {name: p for name, p in found.items() if p.delivery == "kit"}
    own = {name: p for name, p in found.items() if name not in kits}
    made = {"trust": trusted(own), "outlets": table(OWN, own), "kits": table(KITS, kits)}
    for call in ("link", "qr"):
        made[f"calls {call}"] = f" ({', '.join(f'`{name}`' for name, p in found.items() if p.call == call)})"
    for delivery in ("conditional", "read-back", "blind"):
        names = [f"`{name}`" for name, p in own.items() if p.delivery == delivery]
        made |= {delivery: f" ({', '.join(names)})", f"{delivery} zh": f"（{'、'.join(names)}）"}
    return made


def trusted(found: Mapping[str, Platform]) -> str:
    """What may be left to each platform that needs no person: one row a platform, by what its adapter can do."""
    rows = []
    for p in found.values():
        adapter, secrets = load(p), [f"`{s.name}`" for s in p.settings.values() if s.secret]
        can = ["yes" if hasattr(adapter, verb) else "no" for verb in ("revise", "withdraw")]
        login = [", by log-in"] if hasattr(adapter, "login") else []
        told = "".join([", ".join(secrets), *login]) or "none"
        rows.append(
            row_of(
                [
                    f"[{p.name}](../channels/{p.name}/README.md)",
                    *PROMISE[p.delivery],
                    *can,
                    told,
                    p.tried or ("its own fake only: experimental" if p.experimental else "its own fake"),
                ]
            )
        )
    return "\n" + TRUST + "".join(rows)


def row_of(cells: Iterable[str]) -> str:
    """One row of a table."""
    return "| " + " | ".join(cells) + " |\n"


def table(head: str, found: Mapping[str, Platform]) -> str:
    """One row a platform."""
    return "\n" + head + "".join(row_of(row(p)) for p in found.values())


def row(platform: Platform) -> list[str]:
    """What a platform takes and promises, in one row; settings of its base stand at the base."""
    inherited = platform.base.settings if platform.base else {}
    asked = [s for s in platform.settings.values() if s.name not in inherited]
    settings = ", ".join(f"`{s.name}`" + ("*" if s.required else "") for s in asked)
    link = f"[{platform.name}](../channels/{platform.name}/README.md)"
    forms = "all" if set(platform.forms) == set(FORMS) else ", ".join(platform.forms)
    delivery = [] if platform.delivery == "kit" else [platform.delivery]
    return [link, platform.about or platform.title, forms, *delivery, limits(platform), media(platform), settings]


def limits(platform: Platform) -> str:
    """Each limit, and how it counts where that is not by code points."""
    told = [
        f"{n} {x.max}"
        + ("" if x.count == "codepoints" else f" {x.count}")
        + (f" and {x.bytes} bytes" if x.bytes else "")
        for n, x in platform.limits.items()
    ]
    return ", ".join(told) or "none"


def media(platform: Platform) -> str:
    """Each role of file with its formats, how many, and how large each may be."""
    told = []
    taken = {
        role: r for role, r in platform.media.items() if r.count != 0 and (role not in FORMS or role in platform.forms)
    }
    for role, rule in taken.items():
        bounds = [f"{rule.count} at most" if rule.count else "", f"{size(rule.bytes)}" if rule.bytes else ""]
        bounds += [f"{rule.seconds / 60:.0f} min" if rule.seconds else "", *rule.ratios]
        told.append(
            " ".join(
                filter(
                    None, [role, "/".join(rule.formats), *(f"({x})" for x in [", ".join(filter(None, bounds))] if x)]
                )
            )
        )
    return "; ".join(told) or "none"


def size(octets: int) -> str:
    """A number of bytes as people say it, rounded down: what is promised always fits."""
    return next(
        f"{octets // unit} {name}"
        for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"), (1, "bytes"))
        if octets >= unit
    )


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
