"""A new workspace: settings with one series, a first draft, and the flows that serve it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from slugify import slugify

from steadycast.crash_safety import durable
from steadycast.errors import SettingsError
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.ops import deployments
from steadycast.platform import Platform
from steadycast.platform.registry import platforms
from steadycast.workspace.loading import Workspace, read
from steadycast.workspace.paths import SETTINGS_FILE, bundle

SETTINGS = """\
# {name}
# {keys}

[community]
name = {quoted}
timezone = {timezone}
language = {language}
url = "https://example.org/"  # {address}

# {promise}
[series.{series}]
title = {title}
{rhythm}
channels = {names}
mix = {{ pgc = 3, ugc = 7 }}  # {mix}
fill = ["evergreen"]  # {fill}
reserve = 3  # {reserve}

# {outlet}
{channels}
# {members}
# [members.alice]
# title = "Alice"
# trusted = true

# [[feed]]
# member = "alice"
# url = "https://alice.example/feed.xml"

# {alarms}
[alarms]
urls = []
"""
WORDS = {
    "en": {
        "keys": "The desk has forms for all of this (`steadycast up`). `steadycast check` says which line is wrong.",
        "address": "your site's address: links and QR codes lead there",
        "promise": "A promise: what, from whom, how often, on which channels.",
        "title": "One a day",
        "every": "day at 20:00",
        "mix": "the ratio of your editors to members",
        "fill": "what fills a slot that has no fresh draft",
        "reserve": "with fewer drafts in stock than this you get an alarm",
        "outlet": "An outlet: an instance of a platform (`steadycast channel list`).",
        "members": "Members write in content/ugc/<name>/. An untrusted member's drafts wait for `steadycast approve`.",
        "alarms": "Each entry is the name of an environment variable that holds an Apprise URL.",
    },
    "zh": {
        "keys": "这些在工作台的“设置”里都能改（`steadycast up`）；哪一行写错了，`steadycast check` 会指出来。",
        "address": "换成你的网址：链接和二维码都指向这里",
        "promise": "一份承诺：发什么、谁来写、多久一次、发到哪些渠道。",
        "title": "每日一篇",
        "every": "每天 20:00",
        "mix": "自家稿与成员稿的比例",
        "fill": "没有新稿时用常青稿补位",
        "reserve": "存稿少于这个数就告警",
        "outlet": "渠道：每个渠道用一个平台（`steadycast channel list` 列出全部平台）。",
        "members": "成员的稿子放在 content/ugc/<名字>/。不写 trusted 的成员，稿子要先用 `steadycast approve` 通过。",
        "alarms": "告警发到哪里：每一项是一个环境变量的名字，变量里放 Apprise 地址。",
    },
}

WELCOME = {
    "zh": "---\ntitle: 第一篇\nsummary: 从这里开始。\ntags: [开始]\n"
    "draft: true   # 去掉这一行，它就进排期\n---\n\n把 Markdown 文件放进 `content/pgc/`，或者 "
    "`content/ugc/<成员>/`，它就会进入排期。\n\n- 每一个渠道都会得到它自己的版本\n- 每一个档期都会留下记录\n",
    "en": "---\ntitle: The first one\nsummary: Start here.\ntags: [start]\n"
    "draft: true   # take this line out, and it is planned\n---\n\nDrop a Markdown file in "
    "`content/pgc/`, or in `content/ugc/<member>/`, and it is planned.\n\n- every channel gets its own shape of it\n"
    "- every slot is kept on record\n",
}
TAKEN = (("prefect.yaml", N_("these deployments would be written over")),)
IGNORED = "var/\n.env\n__pycache__/\n"


@dataclass(frozen=True)
class Promise:
    """The first series, as a person asks for it; its rhythm in words, or an RRULE where that says FREQ=."""

    title: str
    rhythm: str
    name: str = ""
    forms: tuple[str, ...] = ("article",)

    def lines(self) -> str:
        """The lines of its table that say what is promised, and when."""
        key = "rrule" if "FREQ=" in self.rhythm.upper() else "every"
        forms = "" if self.forms == ("article",) else f"\nforms = {_toml(self.forms)}"
        return f"{key} = {_toml(self.rhythm)}{forms}"


def write(folder: Path, *, name: str, timezone: str, language: str) -> list[Path]:
    """The files of a new workspace, written under `folder`; refuses where a steadycast.toml lies already."""
    refuse_taken(folder)
    workspace = drafted(folder, name=name, timezone=timezone, language=language)
    return put(workspace, {"content/pgc/first.md": welcome(language)})


def series_name(title: str, taken: Collection[str] = ()) -> str:
    """A name for a series' table, made from its title."""
    base = slugify(title, max_length=30, word_boundary=True) or "series"
    return next(
        name for name in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3)))
        if name not in taken and name != "draft"
    )  # fmt: skip


def refuse_taken(folder: Path) -> None:
    """A SettingsError where a new workspace would write over another one's files."""
    for file, said in ((SETTINGS_FILE, N_("there is a workspace already")), *TAKEN):
        if (folder / file).exists():
            raise SettingsError(_(said), file=folder / file, hint=_("choose another folder"))


def drafted(
    folder: Path, *, name: str, timezone: str, language: str, promise: Promise | None = None,
    platforms: Sequence[Platform] | None = None,
) -> Workspace:  # fmt: skip
    """A new workspace as it would be read from the disk: nothing is written. `platforms` become its channels."""
    words, plain = WORDS[_tongue(language)], " ".join(name.split())
    first = _first_channels() if platforms is None else platforms
    promise = promise or Promise(words["title"], words["every"], name="daily")
    text = SETTINGS.format(
        name=plain,
        quoted=_toml(plain),
        timezone=_toml(timezone),
        language=_toml(language),
        names=_toml([p.name for p in first]),
        channels="\n".join(map(_table, first)),
        **words | {"series": promise.name, "title": _toml(promise.title), "rhythm": promise.lines()},
    )
    try:
        return read(folder, {SETTINGS_FILE: text.encode()}, folder / SETTINGS_FILE)
    except SettingsError as error:  # said before anything is written, and so of no file
        raise replace(error, file=None, line=None) from None


def put(workspace: Workspace, texts: Mapping[str, str]) -> list[Path]:
    """Writes a new workspace with these files; its settings last, as whoever waits for it begins with them."""
    folder, made = workspace.root, list[Path]()
    for path, text in {**texts, ".gitignore": IGNORED}.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            target.write_text(text, encoding="utf-8")
            made.append(target)
    (folder / "content" / "ugc").mkdir(parents=True, exist_ok=True)
    if not (folder / "flows").exists():
        shutil.copytree(bundle() / "flows", folder / "flows", ignore=shutil.ignore_patterns("__pycache__"))
        made.append(folder / "flows")
    deployments.write(workspace)
    durable.put(workspace.settings_file, workspace.sources[SETTINGS_FILE])
    return [workspace.settings_file, *made, workspace.prefect_yaml]


def welcome(language: str) -> str:
    """A first draft that says how it goes, and is not planned as it is."""
    return WELCOME[_tongue(language)]


def _tongue(language: str) -> str:
    return "zh" if language.startswith("zh") else "en"


def _first_channels() -> list[Platform]:
    """The platforms that say they belong into a new workspace: those with pages first, as others link to them."""
    there = platforms([bundle() / "channels"]).values()
    return sorted((p for p in there if p.starter is not None), key=lambda p: (not p.permalink, p.name))


def _table(platform: Platform) -> str:
    settings = "".join(f"{name} = {_toml(value)}\n" for name, value in (platform.starter or {}).items())
    return f'[channel.{platform.name}]\nplatform = "{platform.name}"\n{settings}'


def _toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)  # a JSON string is a TOML basic string, and a list of them a list
