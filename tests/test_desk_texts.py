"""The desk's texts in each language: none outside the catalogues, none missing, and the compiled files are those of the sources."""

from __future__ import annotations

import importlib.util
import io
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from desk_bench import Desk
from pipeline_bench import SETTINGS, Bench

ROOT = Path(__file__).resolve().parent.parent
TOOL = ROOT / "docs" / "texts.py"
spec = importlib.util.spec_from_file_location("texts", TOOL)
assert spec
assert spec.loader
texts: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(texts)
NAMED = re.compile(r"%\((\w+)\)[sr]")  # what is quoted may have other quotation marks
# A sentence that stands in a template without _(…): words between tags, or in an attribute that people hear or read.
BARE = re.compile(
    r">\s*([A-Za-z][a-z]+(?: [a-z]+)+[.:?]?)\s*<|(?:title|placeholder|aria-label|alt)=\"([A-Za-z][a-z]+ [^\"{]*)\""
)


@lru_cache
def catalogue(language: str) -> Any:
    """What the file holds."""
    return read_po(io.BytesIO(texts.file_of(language).read_bytes()), locale=language)


def test_every_text_is_translated_and_nothing_else_is_there() -> None:
    """After a new text: `make texts`, and write what it names. All the code is looked through, once for all languages."""
    for language in texts.LANGUAGES:
        made = texts.catalogue(language)
        assert texts.missing(made) == []
        po, mo = texts.written(made)
        assert texts.file_of(language).read_bytes() == po
        assert texts.file_of(language).with_suffix(".mo").read_bytes() == mo


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_translation_names_what_its_text_names(language: str) -> None:
    """A placeholder that is missing would lose a fact, and one too many would break the page."""
    for message in catalogue(language):
        if message.id:
            ids = [message.id] if isinstance(message.id, str) else message.id
            strings = [message.string] if isinstance(message.string, str) else message.string
            named = set().union(*(NAMED.findall(each) for each in ids))
            assert [set(NAMED.findall(each)) for each in strings] == [named] * len(strings), message.id


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_text_with_values_can_be_filled_in_and_one_without_has_no_doubled_sign(language: str) -> None:
    """A bare % breaks the page that says it; where nothing is filled in, %% would be shown as it stands."""
    for message in catalogue(language):
        for text in (*as_list(message.id), *as_list(message.string)) if message.id else ():
            rest = NAMED.sub("", text)
            assert "%%" not in text if rest == text else "%" not in rest.replace("%%", ""), text


# One thing has one name (docs/glossary.md): what is said instead of it in neither Chinese.
OTHER_NAMES = {
    "断稿": "断更", "准时率": "按时率", "晚发": "迟发", "头信息": "头部（front matter）", "前置信息": "头部（front matter）",
    "回查": "回读", "凭证": "凭据", "适配程序": "适配器", "存档": "旧稿", "归档": "旧稿", "投稿包": "物料包",
    "所有者账号": "负责人", "管理员": "负责人", "守约记录": "履约记录", "官方": "编辑部", "值月": "值日",
    "请出": "出局", "频道": "渠道", "时段": "档期", "专栏": "栏目", "账本": "台账", "库存": "存稿", "文稿": "稿子", "令牌已撤销": "令牌已作废", "您": "你", "「": "“",
}  # fmt: skip
QUOTED = re.compile(r"`[^`]*`|%\(\w+\)[sr]|\"[^\"]*\"|\[[^\]]*\]")  # is typed, or comes from elsewhere
UNSET = re.compile(
    r"[一-鿿][,;?!()]|[,;:?!()][一-鿿]|[一-鿿]:(?!”|」)|[一-鿿][A-Za-z0-9]|[A-Za-z0-9][一-鿿]|[一-鿿] [一-鿿]|\s[，。；：？！）]"
)


def test_one_thing_has_one_name_in_chinese() -> None:
    said = [text for message in catalogue("zh_Hans") if message.id for text in as_list(message.string)]
    assert [(text, right) for text in said for wrong, right in OTHER_NAMES.items() if wrong in text] == []


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_chinese_is_set_with_full_width_marks_and_a_blank_beside_latin_words(language: str) -> None:
    said = [text for message in catalogue(language) if message.id for text in as_list(message.string)]
    assert [text for text in said if UNSET.search(QUOTED.sub("\0", text))] == []


def as_list(text: str | tuple[str, ...] | list[str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def test_what_a_converter_gets_wrong_for_readers_in_taiwan_is_put_right() -> None:
    assert texts.as_in_taiwan("透過“埠”，許可權") == "通過「連接埠」，權限"
    assert all(texts.as_in_taiwan(texts.as_in_taiwan(text)) == texts.as_in_taiwan(text) for text in texts.TRADITIONAL)


@pytest.mark.parametrize(
    "template", sorted((ROOT / "src/steadycast/desk/templates").glob("*.j2")), ids=lambda file: file.name
)
def test_no_text_stands_outside_the_catalogues(template: Path) -> None:
    without = re.sub(r"\{[{%#].*?[}%#]\}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert [a or b for a, b in BARE.findall(without)] == []


def test_a_page_speaks_the_readers_language_else_the_communitys_else_the_browsers(bench: Bench) -> None:
    """What a person chose goes before all; a browser is asked only where the community's language is none of ours."""
    bench.set_up(SETTINGS.replace('language = "en"', 'language = "zh-CN"'), {})
    with Desk(bench.root).up() as desk:
        desk.session.headers["Accept-Language"] = "en-US,en;q=0.9"
        assert '<html lang="zh-Hans">' in desk.get("/").text
        chosen = desk.post("/language", on="/drafts", locale="zh_Hant", back="/drafts")
        assert chosen.url == desk.url + "/drafts"
        assert '<html lang="zh-Hant">' in chosen.text
        assert '<html lang="en">' in desk.post("/language", on="/", locale="en", back="//evil.example").text
        assert '<html lang="zh-Hans">' in desk.post("/language", on="/", locale="the community's").text
        bench.set_up(SETTINGS.replace('language = "en"', 'language = "pt"'), {})
        desk.session.headers["Accept-Language"] = "zh-TW,zh;q=0.9"
        assert '<html lang="zh-Hant">' in desk.get("/").text


def test_a_hand_in_is_named_only_where_a_class_is_spoken_of() -> None:
    """A community without a class has drafts and slots; 作业 is what members of a class owe."""
    of_a_class = re.compile(
        r"hand|class|piece|nothing of theirs can be seen|what a draft that names it is for", re.IGNORECASE
    )
    said = [m for m in catalogue("zh_Hans") if m.id and any("作业" in text for text in as_list(m.string))]
    assert [m.id for m in said if not of_a_class.search(as_list(m.id)[0])] == []
