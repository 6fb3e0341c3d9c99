"""Which language is spoken where: what people asked for, what the community speaks, and what threads and children hear."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path

import pytest
from desk_bench import Desk
from markupsafe import Markup
from pipeline_bench import MORNING, SETTINGS, Bench, article

from steadycast import language, pipeline
from steadycast.desk.pages import _templates
from steadycast.errors import InputError
from steadycast.language import N_, current, gettext, known, ngettext, of_user, speak, speaking
from steadycast.pipeline import App
from steadycast.typesetting import sentences
from steadycast.workspace.paths import Paths

CHINESE = SETTINGS.replace('language = "en"', 'language = "zh-CN"')
TODAY = "Today"  # a text of the desk


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has said yet what this process speaks."""
    monkeypatch.setattr(language, "_of_process", [""])


@pytest.mark.parametrize(
    ("tag", "meant"),
    [
        ("zh", "zh_Hans"), ("zh-CN", "zh_Hans"), ("zh_SG.UTF-8", "zh_Hans"), ("zh-Hans-HK", "zh_Hans"),
        ("ZH_tw.UTF-8@stroke", "zh_Hant"), ("zh-Hant", "zh_Hant"), ("zh-MO", "zh_Hant"),
        ("en", "en"), ("en_GB.UTF-8", "en"), ("de", ""), ("C", ""), ("C.UTF-8", ""), ("", ""), ("zhuang", ""), ("z" * 10**6, ""),
    ],
)  # fmt: skip
def test_a_tag_means_one_of_our_languages_or_none(tag: str, meant: str) -> None:
    assert known(tag) == meant


def test_a_text_is_said_in_the_language_that_is_current_when_it_is_said() -> None:
    marked = N_(TODAY)
    assert gettext(marked) == TODAY
    with speaking("zh_Hans"):
        assert gettext(marked) == "今天"
        with speaking("en"):
            assert gettext(marked) == TODAY
        assert current().tag == "zh-Hans"
    assert gettext(marked) == TODAY


def test_no_value_breaks_a_text() -> None:
    """Titles hold per cents, braces and names of values; a text without values is taken as it stands."""
    assert gettext("a %(b)s", b="100 % %(b)s %s {b}") == "a 100 % %(b)s %s {b}"
    assert gettext("100 %") == "100 %"
    assert gettext("") == ""
    assert ngettext("%(num)s of %(all)s", "%(num)s of all %(all)s", 2, all="%d") == "2 of all %d"


def test_a_translation_that_names_something_else_is_not_used() -> None:
    assert language.language("en")._filled("%(c)s", "a %(b)s", {"b": 1}) == "a 1"


def test_what_somebody_wrote_stands_in_the_marks_of_each_language_and_obeys_nothing() -> None:
    said = {name: language.language(name).gettext("%(x)r, %(y)r", x="a\x1b\n", y=7) for name in language.LOCALES}
    assert said == {"en": r"'a\x1b\n', 7", "zh_Hans": r"“a\x1b\n”, 7", "zh_Hant": r"「a\x1b\n」, 7"}
    assert language.language("en")._filled("50 % ", "a %(b)s", {"b": 1}) == "a 1"
    assert language.language("en")._filled("nothing", "a %(b)s", {"b": 1}) == "nothing"


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("评《红楼梦》", "《评〈红楼梦〉》"),
        ("评《谈〈红楼梦〉》", "《评〈谈《红楼梦》〉》"),
        ("《繁花》与〈长恨歌〉", "《〈繁花〉与〈长恨歌〉》"),
        ("说“你好”", "《说“你好”》"),
        ("Bao’s", "《Bao’s》"),
    ],
)
def test_a_title_within_a_title_has_the_inner_marks(title: str, said: str) -> None:
    """GB/T 15834: 《〈〉》. It holds for every text of the catalogues that puts a value between marks, on pages too."""
    say, text = language.language("zh_Hans"), "%(title)s is as it was before."
    whole = say.gettext(text, title=title)
    assert whole == f"{said}已恢复原样。"
    page = _templates("zh_Hans").from_string("{{ _(text, title=title) }}")
    assert page.render(text=text, title=title) == whole


def test_a_quotation_within_a_quotation_has_the_inner_marks() -> None:
    say = language.language("en")
    assert say.gettext("“%(title)s” is a draft now.", title="He said “it’s late”") == (
        "“He said ‘it’s late’” is a draft now."
    )
    assert say.ngettext("“%(a)s”, %(num)s", "“%(a)s”, %(b)s: %(num)s", 2, a="“1”", b="“2”") == "“‘1’”, “2”: 2"
    page = _templates("en").from_string('{{ ngettext("“%(a)s”", "“%(a)s”, %(num)s %%", 2, a="“1” < 2") }}')
    assert page.render() == "“‘1’ &lt; 2”, 2 %"


def test_the_environment_goes_before_the_community_and_both_before_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "STEADYCAST_LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "zh_TW.UTF-8")
    assert current().name == "en"
    speak("", of_user())
    assert current().name == "zh_Hant"
    speak("zh-CN", of_user())
    assert current().name == "zh_Hans"
    speak("de", of_user())
    assert current().name == "zh_Hant"
    monkeypatch.setenv("STEADYCAST_LANGUAGE", "en")
    assert current().name == "en"


def test_a_thread_speaks_as_its_process_and_as_who_asked_where_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEADYCAST_LANGUAGE")
    heard: list[str] = []

    def listen() -> None:
        heard.append(current().name)

    def started(*target: Callable[..., object]) -> None:
        thread = threading.Thread(target=target[0], args=target[1:])
        thread.start()
        thread.join()

    speak("zh-CN")
    with speaking("zh_Hant"):
        started(listen)
        started(copy_context().run, listen)
    assert heard == ["zh_Hans", "zh_Hant"]


@pytest.mark.parametrize(
    ("settings", "meant"),
    [
        (CHINESE, "zh-CN"),
        (SETTINGS, "en"),
        ('[community]\nname = "x"\n', "zh-CN"),  # the setting's default
        ("[community]\nlanguage = 'zh-TW' # here\nname = \"x\n[series.a\n", "zh-TW"),  # broken elsewhere
        ('[series.a]\nlanguage = "fr"\n[community]\nname = "x"\n[x]\nlanguage = "fr"\n', "zh-CN"),
    ],
)
def test_the_communitys_language_is_read_without_the_settings(tmp_path: Path, settings: str, meant: str) -> None:
    assert Paths(tmp_path).language == ""
    (tmp_path / "steadycast.toml").write_text(settings, encoding="utf-8")
    assert Paths(tmp_path).language == meant


def test_whoever_opens_a_workspace_speaks_its_language(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """So do flows: nobody else tells them."""
    bench.set_up(CHINESE, {})
    monkeypatch.delenv("STEADYCAST_LANGUAGE")
    for opened in (App.in_force, App.open):
        speak("en")
        monkeypatch.chdir(bench.root)
        with opened():
            assert current().name == "zh_Hans"


def test_the_desk_says_what_a_verb_says_in_the_readers_language(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A route runs in another thread than the one that found out who reads."""
    bench.set_up(CHINESE, {})

    def refusing(*_: object) -> None:
        raise InputError(gettext("This link has ended. Please ask for a new one."))

    monkeypatch.setattr(pipeline.members, "members", refusing)
    with Desk(bench.root).up() as desk:
        assert "这个链接已失效" in desk.get("/members").text
        desk.session.cookies.set("steadycast_language", "zh_Hant")
        assert "這個連結已失效" in desk.get("/members").text
        desk.session.cookies.set("steadycast_language", "en")
        assert "This link has ended" in desk.get("/members").text


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (dt.timedelta(seconds=-20), "刚刚"),
        (dt.timedelta(minutes=-5), "5 分钟前"),
        (dt.timedelta(hours=11), "11 小时后"),
        (dt.timedelta(hours=36), "1 天后"),  # tomorrow evening, seen in the morning
        (dt.timedelta(days=6, hours=12), "6 天后"),
        (dt.timedelta(days=-40), "40 天前"),
    ],
)
def test_how_far_off_a_day_is_is_counted_as_people_count(after: dt.timedelta, said: str) -> None:
    now = dt.datetime(2026, 12, 2, 9, 0, tzinfo=dt.UTC)
    assert language.language("zh_Hans").away(now + after, now) == said


def test_days_name_the_year_in_which_they_end_where_it_is_another() -> None:
    begin, say = dt.date(2026, 11, 30), language.language
    assert say("zh_Hans").days(begin, dt.date(2027, 1, 3)) == "2026年11月30日周一至2027年1月3日周日"
    assert say("zh_Hans").days(begin, dt.date(2026, 12, 6)) == "2026年11月30日周一至12月6日周日"
    assert say("en").days(begin, dt.date(2027, 1, 3)) == "Mon, Nov 30, 2026 to Sun, Jan 3, 2027"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": "沫沫"}, "沫沫的假，向沫沫请的；沫沫。"),
        ({"name": "Alice"}, "Alice 的假，向 Alice 请的；Alice。"),
        ({"name": "3 天"}, "3 天的假，向 3 天请的；3 天。"),
        ({"name": "12月3日"}, "12月3日的假，向12月3日请的；12月3日。"),  # a date is set as each text has it
        ({"name": ""}, " 的假，向请的；。"),
    ],
)
def test_chinese_has_blanks_only_beside_letters_and_figures(values: dict[str, str], said: str) -> None:
    """Whatever the catalogue has beside a value, since it cannot know what it will be."""
    assert language.language("zh_Hans")._filled("%(name)s 的假，向%(name)s请的；%(name)s。", "", values) == said
    assert language.language("zh_Hans")._filled("%(name)s 的假", "", {"name": Markup("<bdi>沫沫</bdi>")}) == (
        "<bdi>沫沫</bdi>的假"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-11-27T20:00", "11月27日周五 20:00"),
        ("2026-11-27 24:00", "11月27日周五 24:00"),
        ("2027-01-01T09:30:00", "2027年1月1日周五 09:30"),
        ("x2k7-abcd", "x2k7-abcd"),
        ("", ""),
    ],
)
def test_a_slots_time_is_said_with_another_years_number(text: str, said: str) -> None:
    assert language.language("zh_Hans").wall(text, 2026) == said


def test_a_slot_is_called_by_its_series_and_its_time(bench: Bench) -> None:
    """Its id is for programs, and for a command that is copied."""
    app = bench.set_up(CHINESE, {"pgc/1.md": article("One")})
    pipeline.collect(app, MORNING)
    pipeline.plan(app, MORNING)
    slot = next(row.id for row in app.ledger.slots_between(MORNING, MORNING + dt.timedelta(days=9)) if row.draft)
    with speaking("zh_Hans"):
        assert app.slot_title("daily@2027-11-27T20:00") == "Daily 2027年11月27日周六 20:00"
        assert app.slot_title("draft@2abc-def") == "手动发布的那篇"
        assert app.slot_title("daily@2abc-def") == "Daily"
        with pytest.raises(InputError) as refused:
            pipeline.pinning.fill(app, slot, MORNING)
        assert str(refused.value).startswith(f"{app.slot_title(slot)} 已有稿子")


def test_no_blank_follows_a_full_width_stop() -> None:
    assert sentences("做好了。", "", "还有 2 篇。", "See it.", "请看。") == "做好了。还有 2 篇。See it. 请看。"


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "1 byte"),
        (999, "999 bytes"),
        (65_536, "65.53 KB"),
        (999_000, "999 KB"),
        (5_000_000, "5 MB"),
        (2**30, "1.07 GB"),
    ],
)
def test_a_size_is_written_in_units_of_a_thousand_and_never_larger_than_it_is(count: int, said: str) -> None:
    assert current().size(count) == said


def test_a_list_in_an_adapters_words_is_written_as_the_readers_language_does(bench: Bench) -> None:
    """No comma of Latin text stands between Chinese words."""
    app = bench.set_up(SETTINGS)
    for locale, said in (("en", "a, b"), ("zh_Hans", "a、b")):
        with speaking(locale):
            assert app.channel("site").tell("{rights}", rights=["a", "b"]) == said
