"""What platforms say to readers and operators: in each language the same, from their own folder, and the nearest where one lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from platform_bench import PLATFORMS, bench

from steadycast.errors import SettingsError
from steadycast.language import speaking
from steadycast.platform.registry import platforms
from steadycast.platform.words import spoken

SPEAKING = [name for name, spec in PLATFORMS.items() if spec.words]
OURS = {"zh-Hans", "zh-Hant", "en"}
HAN = re.compile(r"[\u4e00-\u9fff]")
WORD = re.compile(r"[A-Za-z]\w+", re.ASCII)
ADDRESS = re.compile(r"`\w+`|https?://\S+|[\w./-]*\w/[\w.-]*|[\w-]+(?:\.\w+)+|\{\w+\}", re.ASCII)
TOLD = re.compile(r"""(?:tell|self\._refused)\(\s*"([^"]+)\"""")
RAISED = re.compile(r"""(?:Refused|Busy|Unknown)\(\s*f?["'][^"']*[a-z] [a-z]""")
# What Chinese texts call by its Latin name: addresses and files of a kit, formats, and what a draft's own keys are called.
KEYS = {"channels", "tickets"}  # of a draft's head
LABEL = re.compile(r"「[^」]*」|“[^”]*”")  # as the site itself writes it


def texts(words: Any) -> Iterator[str]:
    for value in words.values() if isinstance(words, dict) else words:
        if isinstance(value, str):
            yield value
        else:
            yield from texts(value)


def shape(words: Any) -> Any:
    """Which words there are, how many each list has, and what is filled into them."""
    if isinstance(words, str):
        return sorted(re.findall(r"\{\w+\}", words))
    return {k: shape(v) for k, v in words.items()} if isinstance(words, dict) else [shape(v) for v in words]


@pytest.mark.parametrize("name", SPEAKING)
def test_a_platform_says_the_same_in_each_language(name: str) -> None:
    """Whoever changes the community's language loses no step, no word, and nothing that is filled in."""
    words = PLATFORMS[name].words
    assert set(words) == OURS
    kit = PLATFORMS[name].words_in("en").keys()
    for tag in ("zh-Hans", "zh-Hant"):
        assert PLATFORMS[name].words_in(tag).keys() == kit
        assert words[tag].get("steps", {}).keys() == words["en"].get("steps", {}).keys()
    assert shape(words["zh-Hans"]) == shape(words["zh-Hant"])
    assert [len(each) for each in words["zh-Hans"].get("steps", {}).values()] == [
        len(each) for each in words["en"].get("steps", {}).values()
    ]


@pytest.mark.parametrize("name", PLATFORMS)
def test_an_adapter_says_what_went_wrong_in_words_of_its_own(name: str) -> None:
    told = [key for file in PLATFORMS[name].folder.glob("*.py") for key in TOLD.findall(file.read_text("utf-8"))]
    assert set(told) <= PLATFORMS[name].words_in("en").get("errors", {}).keys()
    raised = [
        line for file in PLATFORMS[name].folder.glob("[!f]*.py") for line in RAISED.findall(file.read_text("utf-8"))
    ]
    assert raised == []


@pytest.mark.platforms("podcast")
def test_what_went_wrong_is_told_in_the_language_of_who_reads_it(tmp_path: Path) -> None:
    channel = bench.channel(PLATFORMS["podcast"], tmp_path)
    for language, said in (
        ("zh_Hans", "节目封面 a.jpg 不存在"),
        ("zh_Hant", "節目封面 a.jpg 不存在"),
        ("en", "the show's image a.jpg is not there"),
    ):
        with speaking(language):
            assert channel.tell("no-image", name="a.jpg") == said


@pytest.mark.parametrize("tag", ["zh-Hans", "zh-Hant"])
@pytest.mark.parametrize("name", SPEAKING)
def test_no_english_is_left_in_a_platforms_chinese(name: str, tag: str) -> None:
    """But abbreviations, the platform's own name, and what stands on its buttons."""
    platform = PLATFORMS[name]
    known = KEYS.union(*(WORD.findall(title) for title in (platform.title, *platform.titles.values())))
    for text in texts({k: v for k, v in platform.words[tag].items() if k != "language"}):
        said = {word for word in WORD.findall(LABEL.sub("", ADDRESS.sub("", text))) if not word.isupper()}
        assert said <= known, text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh-CN", "简"), ("zh", "简"), ("zh-Hans-HK", "简"), ("zh-TW", "繁"), ("zh-Hant", "繁"), ("zh-hk", "港"),
        ("en-GB", "en"), ("de", "en"),
    ],
)  # fmt: skip
def test_the_nearest_language_is_spoken(language: str, said: str) -> None:
    tables = {"zh-Hans": {"a": "简"}, "zh-Hant": {"a": "繁"}, "zh-HK": {"a": "港"}, "en": {"a": "en", "b": "left"}}
    assert spoken([tables], language) == {"a": said, "b": "left"}


def test_a_folder_without_the_language_says_its_own_words_and_not_its_bases(tmp_path: Path) -> None:
    """Steps of another platform would be wrong ones, in whatever language."""
    for name, more in (("below", 'title = "B"\nforms = ["article"]\ndelivery = "kit"\n'), ("mine", 'base = "below"\n')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "channel.toml").write_text(f"api = 2\n{more}", encoding="utf-8")
    with (tmp_path / "below/channel.toml").open("a", encoding="utf-8") as file:
        file.write('[words.zh-Hant]\ngo = "走"\n[words.zh-Hant.steps]\nany = ["一", "二"]\n')
    with (tmp_path / "mine/channel.toml").open("a", encoding="utf-8") as file:
        file.write('[words.zh.steps]\nany = ["只此一步"]\n[words.en]\ngo = "go"\n')
    assert platforms([tmp_path])["mine"].words_in("zh-TW") == {"go": "走", "steps": {"any": ["只此一步"]}}


@pytest.mark.parametrize("wrong", ['[words]\nzh = "字"\n', "[words.chinese_words]\na = 'b'\n"])
def test_words_stand_under_a_language(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "mine").mkdir()
    plain = 'api = 2\ntitle = "M"\nforms = ["article"]\ndelivery = "kit"\n'
    (tmp_path / "mine/channel.toml").write_text(plain + wrong, encoding="utf-8")
    with pytest.raises(SettingsError, match="is not a table for a language"):
        platforms([tmp_path])


@pytest.mark.parametrize("locale", ["zh_Hans", "zh_Hant"])
@pytest.mark.parametrize("name", PLATFORMS)
def test_what_a_platform_is_and_asks_for_is_said_in_chinese(name: str, locale: str) -> None:
    """Its title may be a name; the line that says what it is, and what each setting is for, are sentences."""
    spec = PLATFORMS[name]
    with speaking(locale):
        said = [spec.shown_about, *(setting.shown_help for setting in spec.settings.values())]
    assert [text for text in said if text and not HAN.search(text)] == []
