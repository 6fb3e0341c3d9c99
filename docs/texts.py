"""The catalogues of texts: new texts go in, old ones out, and the compiled files are written. `make texts` runs it."""

from __future__ import annotations

import datetime as dt
import functools
import io
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from cyclopts import App

from steadycast.cli.command_line import app
from steadycast.cli.help_page import pieces
from steadycast.testing.contract import rules, title_of

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "src" / "steadycast" / "locale"
UNDATED = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)  # a compiled file names a date: always the same one
# A converter makes the traditional texts from the simplified ones; what it gets wrong for readers in Taiwan and Hong
# Kong is put right here, whoever ran it. The first of two is never right in these catalogues.
TRADITIONAL = {
    "“": "「", "”": "」", "‘": "『", "’": "』",
    "透過": "通過", "許可權": "權限", "隻讀": "唯讀", "只讀": "唯讀", "一直髮": "一直發", "上鍊接": "上連結", "覆制": "複製",
    "平臺": "平台", "工作臺": "工作台", "程序": "行程", "介面卡": "配接器", "音影片": "影音", "條影片": "支影片",
    "條音訊": "段音訊", "郵箱": "信箱", "退出登入": "登出", "退出其他裝置": "登出其他裝置", "退出碼": "結束碼", "按回車": "按 Enter 鍵",
    "里": "裡", "周": "週", "連字元": "連字號", "當前": "目前", "上一級": "上一層", "上級資料夾": "上層資料夾", "校驗值": "檢查碼",
    "校驗工具": "驗證工具", "使用者組": "使用者群組", "套接字": "通訊端", "自定義": "自訂", "引數": "參數", "公網": "公開的網路",
    "專案": "項目", "相容性最佳": "最相容", "另存為": "另存新檔", "另存新檔新稿": "另存為新稿", "身份": "身分",
}  # fmt: skip
LANGUAGES = ("zh_Hans", "zh_Hant")  # English is what the source says


@functools.cache
def used() -> Catalog:
    """Every text of the library that is to be translated; it is looked for once, whatever the languages."""
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["babel"]["mappings"]
    methods = [(one["pattern"], one["method"]) for one in asked]
    options = {one["pattern"]: {k: v for k, v in one.items() if k not in ("pattern", "method")} for one in asked}
    found = Catalog(charset="utf-8")
    for _, _, message, comments, context in extract_from_dir(
        ROOT / "src", methods, options, comment_tags=("For translators:",)
    ):
        found.add(message, auto_comments=comments, context=context)
    for command, text in of_commands(app):
        found.add(text, auto_comments=[f"`{command} --help`"])
    for rule in rules():
        found.add(title_of(rule), auto_comments=["`steadycast channel test`"])
    return found


def of_commands(app: App, name: str = "steadycast") -> Iterator[tuple[str, str]]:
    """Every text of the help pages of a command line: the command, and the text."""
    yield from ((name, group.name) for group in app.group if group.name)
    about = (app.help or "").partition("Parameters\n")[0]
    yield from ((name, piece) for piece in pieces(about))
    if app.default_command and not name.rpartition(" ")[2].startswith("-"):
        for argument in app.assemble_argument_collection(parse_docstring=True):
            yield from ((name, piece) for piece in pieces(argument.parameter.help or ""))
            yield from ((name, group.name) for group in argument.parameter.group or () if group.name)
    for word in app:
        if isinstance(app[word], App):
            yield from of_commands(app[word], f"{name} {word}")


def catalogue(language: str) -> Catalog:
    """What is translated so far, with exactly the texts that are used."""
    file = file_of(language)
    kept = read_po(io.BytesIO(file.read_bytes()), locale=language) if file.exists() else Catalog(locale=language)
    made = Catalog(locale=language, charset="utf-8", creation_date=UNDATED, revision_date=UNDATED)
    for message in used():
        if message.id:
            known = kept.get(message.id, message.context)
            text = known.string if known else None
            made.add(message.id, text, auto_comments=message.auto_comments, context=message.context)
    return made


def file_of(language: str) -> Path:
    """The catalogue that people edit."""
    return FOLDER / language / "LC_MESSAGES" / "steadycast.po"


def as_in_taiwan(text: str) -> str:
    """A traditional text in the words and quotation marks of its readers; said once more, it stays as it is."""
    for wrong, right in TRADITIONAL.items():
        text = text.replace(wrong, right)
    return re.sub("(?<!連接)埠", "連接埠", text)


def written(made: Catalog) -> tuple[bytes, bytes]:
    """A catalogue as a file for people, and compiled. Neither holds a date: the same texts are the same bytes."""
    if str(made.locale) == "zh_Hant":
        for m in made:
            if m.id:
                text = m.string
                m.string = (
                    tuple(map(as_in_taiwan, text)) if isinstance(text, (tuple, list)) else as_in_taiwan(text or "")
                )
    po, mo = io.BytesIO(), io.BytesIO()
    write_po(po, made, sort_output=True, omit_header=True, no_location=True, width=120)
    head = f'msgid ""\nmsgstr ""\n"Language: {made.locale}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: {made.plural_forms}\\n"\n\n'
    write_mo(mo, made)
    return head.encode() + po.getvalue(), mo.getvalue()


def missing(made: Catalog) -> list[str]:
    """Texts without a translation."""
    return [
        str(m.id) for m in made if m.id and not all(m.string if isinstance(m.string, (tuple, list)) else [m.string])
    ]


if __name__ == "__main__":
    left = 0
    for name in LANGUAGES:
        one = catalogue(name)
        file_of(name).parent.mkdir(parents=True, exist_ok=True)
        po, mo = written(one)
        file_of(name).write_bytes(po)
        file_of(name).with_suffix(".mo").write_bytes(mo)
        for text in missing(one):
            left += 1
            print(f"{name}: {text}")
    sys.exit(bool(left))
