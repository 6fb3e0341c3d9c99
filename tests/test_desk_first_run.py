"""The desk in an empty folder: four pages, and then a calendar with its first promise; nothing half-made is left."""

from __future__ import annotations

import datetime as dt
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from desk_bench import Desk, browsing, opened
from pipeline_bench import HOOK, HOOK_ADAPTER

from steadycast.errors import SettingsError
from steadycast.ops import first_run, settings_forms
from steadycast.ops.first_run import offers
from steadycast.pipeline import App
from steadycast.testing import drop
from steadycast.workspace import load

CHANNELS = Path(__file__).parent.parent / "channels"
NOW = dt.datetime(2026, 11, 27, 4, 0, tzinfo=dt.UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
COMMUNITY: dict[str, Any] = {"name": "每日读书会", "timezone": "Asia/Shanghai", "language": "zh-CN"}
SERIES: dict[str, Any] = {"title": "每日一篇", "rhythm": "每天 20:00", "forms": ["article"]}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "club").mkdir()
    drop(tmp_path / "club", "channels/hook/channel.toml", HOOK)
    drop(tmp_path / "club", "channels/hook/adapter.py", HOOK_ADAPTER)
    with Desk(tmp_path / "club").up() as desk:
        yield desk


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "club"


def made(root: Path) -> set[str]:
    """What lies there besides var/ and the test's own platform."""
    return {path.name for path in root.iterdir()} - {"var", "channels"}


def test_four_pages_make_a_workspace_and_its_first_promise(desk: Desk, root: Path) -> None:
    """Each page leads to the next; nothing is written before the last one; comments stay in what is written."""
    for address in ("/", "/calendar", "/drafts"):
        assert desk.get(address).url.endswith("/start")
    assert "Asia/Shanghai" in desk.get("/start").text
    assert desk.post("/start", **COMMUNITY).url.endswith("/start/series")
    shown = desk.post("/start/slots", "/start/series", rhythm="每周五 20:00").text
    assert shown.count("<time") == 10
    assert "20:00" in shown
    assert desk.post("/start/series", **SERIES).url.endswith("/start/channels")
    page = desk.get("/start/channels").text
    assert 'value="pages" checked' in page, "a platform that says it belongs into a new workspace"
    assert 'value="paste">' in page
    assert desk.post("/start/channels", ticked=["pages", "paste"]).url.endswith("/start/text")
    assert made(root) == set()
    answer = desk.post("/start/text", title="开卷: 第一篇", text="正文。\r\n\r\n第二段。")
    assert answer.url.endswith("/calendar")
    assert "开卷: 第一篇" in answer.text
    text = (root / "steadycast.toml").read_text(encoding="utf-8")
    assert "# 一份承诺" in text
    workspace = load(root)
    assert workspace.community.name == "每日读书会"
    (series,) = workspace.series.values()
    assert (series.title, series.every, series.channels) == ("每日一篇", "每天 20:00", ("pages", "paste"))
    (file,) = (root / "content" / "pgc").iterdir()
    assert file.read_text(encoding="utf-8") == '---\ntitle: "开卷: 第一篇"\n---\n\n正文。\n\n第二段。\n'
    assert desk.get("/start").url == f"{desk.url}/", "it is there: no second first run"
    assert desk.post("/start", "/drafts", **COMMUNITY | {"name": "Other"}).url == f"{desk.url}/"
    assert load(root).community.name == "每日读书会"


def test_a_secret_is_kept_where_it_is_looked_for_and_shown_on_no_page(desk: Desk, root: Path) -> None:
    desk.post("/start", **COMMUNITY)
    desk.post("/start/series", **SERIES)
    assert desk.post("/start/channels", ticked="pages", add="hook").url.endswith("/start/channels/hook")
    address = "https://hook.example/s3cr3t-path"
    refused = desk.post("/start/channels/hook", channel_name="hook", setting_url="no address s3cr3t")
    assert refused.status_code == 422
    assert "s3cr3t" not in refused.text
    answer = desk.post("/start/channels/hook", channel_name="ours", setting_url=address, setting_secret="s3cr3t-key")
    assert answer.url.endswith("/start/channels")
    assert "ours" in answer.text
    assert 'value="pages" checked' in answer.text, "what was ticked is ticked still"
    kept = root / "var" / "secrets" / "OURS_URL"
    assert kept.read_text() == address
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "s3cr3t" not in (root / "var" / "desk" / "first-run.json").read_text()
    pages = [desk.get(f"/start{path}").text for path in ("", "/series", "/channels", "/channels/hook", "/text")]
    assert "s3cr3t" not in "".join(pages)
    desk.post("/start/text", later="1")
    with App.open(load(root)) as app:
        assert app.secret("ours", "url") == address
        (series,) = app.workspace.series.values()
        assert series.channels == ("pages", "ours")
    assert "s3cr3t" not in (root / "steadycast.toml").read_text()


def test_an_account_that_is_taken_away_takes_its_secrets_with_it(desk: Desk, root: Path) -> None:
    desk.post("/start", **COMMUNITY)
    desk.post("/start/series", **SERIES)
    desk.post("/start/channels/hook", channel_name="hook", setting_url="https://hook.example/s3cr3t")
    assert list((root / "var" / "secrets").iterdir())
    assert "added" not in desk.post("/start/channels", remove="hook").text
    assert not list((root / "var" / "secrets").iterdir())


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("上海", "Asia/Shanghai"), ("北京", "Asia/Shanghai"), ("中国（上海）时间", "Asia/Shanghai"), ("中国", "Asia/Shanghai"),
        ("臺北", "Asia/Taipei"), ("紐約", "America/New_York"), ("new york", "America/New_York"), ("乌鲁木齐", "Asia/Urumqi"),
        ("Kolkata", "Asia/Kolkata"), ("United Kingdom Time", "Europe/London"), ("UTC", "UTC"), ("美国", ""), ("x", ""),
    ],
)  # fmt: skip
def test_a_zone_is_meant_by_its_place(desk: Desk, root: Path, typed: str, zone: str) -> None:
    """In any language of the desk; where a country has several nothing is guessed."""
    answer = desk.post("/start", **COMMUNITY | {"timezone": typed})
    assert (answer.status_code, first_run.read(root).timezone) == (200 if zone else 422, zone)


def test_what_is_wrong_is_said_where_it_was_written_and_nothing_typed_is_lost(desk: Desk, root: Path) -> None:
    wrong = desk.post("/start", **COMMUNITY | {"timezone": "Asia/Shanghia"})
    assert wrong.status_code == 422
    assert "did you mean &#39;Asia/Shanghai&#39;" in wrong.text
    assert "每日读书会" in wrong.text
    assert "community.timezone" not in wrong.text, "a form has labels, and no keys"
    assert desk.get("/start/series").url.endswith("/start"), "no page is left out"
    assert desk.post("/start", **COMMUNITY | {"name": " "}).status_code == 422
    desk.post("/start", **COMMUNITY)
    wrong = desk.post("/start/series", **SERIES | {"rhythm": "dya at 20:00"})
    assert (wrong.status_code, "每天" in wrong.text) == (422, True)
    assert desk.post("/start/series", **SERIES | {"rhythm": "每天 07:15"}, look="1").text.count("<time") == 10
    assert "每周五 20:00" in desk.post("/start/series", **SERIES, example="每周五 20:00").text
    desk.post("/start/series", **SERIES)
    assert desk.post("/start/channels").status_code == 422, "no channel"
    assert desk.get("/start/channels/nowhere").status_code == 404
    desk.post("/start/channels", ticked="pages")
    assert desk.post("/start/text", title="", text="Words.").status_code == 422
    assert made(root) == set()


def test_a_first_run_is_taken_up_again_where_it_was_left(desk: Desk, root: Path) -> None:
    desk.post("/start", **COMMUNITY)
    desk.post("/start/series", **SERIES | {"rhythm": "工作日 07:30"})
    kept = root / "var" / "desk" / "first-run.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert first_run.read(root).rhythm == "工作日 07:30"
    for broken in ("", "[]", "{", json.dumps({"forms": 3}), json.dumps({"other": 1})):
        kept.write_text(broken)
        assert first_run.read(root) == first_run.Answers()


def test_a_folder_with_anothers_deployments_is_left_as_it_is(desk: Desk, root: Path) -> None:
    drop(root, "prefect.yaml", "name: theirs\n")
    assert "written over" in desk.post("/start", **COMMUNITY).text
    assert (root / "prefect.yaml").read_text() == "name: theirs\n"


def test_without_a_form_of_the_desks_own_nothing_is_answered(desk: Desk, root: Path) -> None:
    own = {"Sec-Fetch-Site": "same-origin"}
    for headers in ({}, own):
        assert desk.session.post(f"{desk.url}/start", data=COMMUNITY, headers=headers, timeout=10).status_code == 403
    assert not (root / "var" / "desk" / "first-run.json").exists()
    assert desk.get("/health").status_code == 503


def test_a_rhythm_is_seen_as_its_next_ten_slots() -> None:
    seen = settings_forms.rhythm_seen("every weekday at 7:30", SHANGHAI, NOW)
    assert [slot.local.isoformat(" ", "minutes") for slot in seen.slots][:2] == ["2026-11-30 07:30", "2026-12-01 07:30"]
    assert len(seen.slots) == 10
    rule = settings_forms.rhythm_seen("FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0", SHANGHAI, NOW)
    assert rule.slots[0].local.hour == 9
    assert settings_forms.rhythm_seen(" ", SHANGHAI, NOW) == settings_forms.RhythmSeen()
    for wrong in ("sometimes", "FREQ=NEVER", "x" * 1000):
        assert isinstance(settings_forms.rhythm_seen(wrong, SHANGHAI, NOW).wrong, SettingsError)


def test_the_zone_is_the_machines_where_it_says_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TZ", raising=False)
    link = tmp_path / "localtime"
    assert first_run.zone_of_machine(link) == "UTC"
    link.symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    assert first_run.zone_of_machine(link) == "Europe/Berlin"
    monkeypatch.setenv("TZ", ":Asia/Shanghai")
    assert first_run.zone_of_machine(link) == "Asia/Shanghai"
    monkeypatch.setenv("TZ", "Etc/UTC")
    assert first_run.zone_of_machine(link) == "UTC"


def test_who_needs_a_key_is_an_account() -> None:
    """Also a platform with two ways in, of which neither is the one that must be filled in."""
    kinds = {offer.platform.name: offer.kind for offer in first_run.offers((CHANNELS,), ())}
    assert (kinds["twitter"], kinds["site"], kinds["wechat"]) == (first_run.ACCOUNT, first_run.FILES, first_run.KIT)


@pytest.mark.live
@pytest.mark.parallel
def test_from_an_empty_folder_to_the_calendar_in_a_browser(desk: Desk) -> None:
    """Somebody who reads Chinese only, and never sees a terminal."""
    from playwright.sync_api import expect

    with browsing() as browser:
        page = opened(browser, desk, locale="zh-CN", timezone_id="Asia/Shanghai")
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.fill("#name", "读书会")
        page.fill("#timezone", "Asia/Shanghai")
        page.click("button.main")
        page.fill("#title", "每日一篇")
        page.fill("#rhythm", "每周五 20:00")
        expect(page.locator("#slots time", has_text="周五")).to_have_count(10)
        page.click("button[data-fill]:has-text('07:30')")
        expect(page.locator("#slots time", has_text="07:30")).to_have_count(10)
        assert page.input_value("#rhythm") == "工作日 07:30"
        page.click("button.main")
        page.click("button.main")
        page.fill("#text_title", "开卷")
        page.fill("#text", "第一篇。")
        page.click("button.main")
        page.wait_for_url("**/calendar*")
        assert page.locator(".slot.planned", has_text="开卷").count() == 1
        assert faults == []


def test_what_has_a_secret_is_an_account_also_where_none_is_required(tmp_path: Path) -> None:
    for name, more in (("mine", ""), ("theirs", "[settings.token]\nsecret = true\nhelp = 'It lets us in'\n")):
        (tmp_path / name).mkdir()
        sheet = f"api = 2\ntitle = 'M'\nforms = ['article']\ndelivery = 'blind'\n{more}"
        (tmp_path / name / "channel.toml").write_text(sheet, encoding="utf-8")
    assert {o.platform.name: o.kind for o in offers([tmp_path], ())} == {"mine": "files", "theirs": "account"}
