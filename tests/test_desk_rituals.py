"""Days to mark on the desk: asked for by a form, seen on calendar and slot, the draft one click away; by API and command."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from api_bench import Client, person
from desk_bench import Desk, hidden
from pipeline_bench import SETTINGS, Bench, article

from steadycast import pipeline
from steadycast.cli import slots as commands
from steadycast.ops import settings_edits
from steadycast.pipeline.permissions import Role

SECOND = '\n[[ritual]]\nwhen = "slot 2 of daily"\nseries = "daily"\ntemplate = "milestone"\n'


@pytest.fixture
def desk(bench: Bench) -> Iterator[Desk]:
    app = bench.set_up(SETTINGS + SECOND, {"pgc/1.md": article("Planned")})
    pipeline.collect(app, pipeline.now())
    pipeline.plan(app, pipeline.now())
    with Desk(bench.root).up() as desk:
        yield desk


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("每日一篇 第 50 期", "daily 第 50 期"),
        ("every 50 of 每日一篇", "every 50 of daily"),
        ("第 3 期 周年", "other 周年"),
        ("daily 周年", "daily 周年"),
        ("周年", "周年"),
    ],
)
def test_a_series_is_called_by_its_title_in_what_is_marked(bench: Bench, said: str, kept: str) -> None:
    other = '\n[series.other]\ntitle = "第 3 期"\nevery = "day at 08:00"\nchannels = []\n'
    app = bench.set_up(SETTINGS.replace('title = "Daily"', 'title = "每日一篇"') + other)
    asked = {"when": said, "series": "daily", "template": "milestone", "lead": ""}
    assert settings_edits.with_ritual(app.workspace, asked).rituals[-1].when == kept


def test_examples_of_days_to_mark_name_series_as_people_do(desk: Desk) -> None:
    page = desk.get("/settings/rituals").text
    assert "every 100 of Daily<" in page.replace("</bdi>", "<")
    assert "every 100 of daily" not in page


def test_a_day_is_marked_and_taken_away_by_a_form_that_shows_what_is_wrong(desk: Desk, bench: Bench) -> None:
    file = bench.root / "steadycast.toml"
    asked = {"when": "every 50 of dayli", "series": "daily", "template": "milestone", "lead": ""}
    wrong = desk.post("/settings/rituals", "/settings/rituals", **asked)
    assert wrong.status_code == 422
    assert "did you mean" in wrong.text
    assert 'value="every 50 of dayli"' in wrong.text, "what was filled in is still there"
    page = desk.post(
        "/settings/rituals", "/settings/rituals", **asked | {"when": "every 50 of daily", "lead": "3d"}
    ).text
    assert "every 50" not in file.read_text(), "a look writes nothing"
    answer = desk.post("/settings/rituals", "/settings/rituals", **hidden(page))
    assert answer.url.endswith("/settings/rituals")
    assert "Daily: number 50" in answer.text
    assert "Daily: every 50 slots" in answer.text, "in words, and not as the file says it alone"
    assert file.read_text().endswith(
        '[[ritual]]\nwhen = "every 50 of daily"\nseries = "daily"\ntemplate = "milestone"\nlead = "3d"\n'
    )
    page = desk.post("/settings/rituals/1/remove", "/settings/rituals").text
    desk.post("/settings/rituals/1/remove", "/settings/rituals", **hidden(page))
    assert file.read_text().rstrip() == (SETTINGS + SECOND).rstrip()


def test_where_the_group_is_reminded_is_a_form_too(desk: Desk, bench: Bench) -> None:
    asked = {"channel": "far", "before": "", "at": "8"}
    wrong = desk.post("/settings/rituals/asks", "/settings/rituals", **asked)
    assert wrong.status_code == 422
    assert 'value="8"' in wrong.text
    page = desk.post("/settings/rituals/asks", "/settings/rituals", **asked | {"at": "08:30"}).text
    desk.post("/settings/rituals/asks", "/settings/rituals", **hidden(page))
    assert (bench.root / "steadycast.toml").read_text().endswith('[asks]\nchannel = "far"\nat = "08:30"\n')
    page = desk.post("/settings/rituals/asks", "/settings/rituals", channel="", before="", at="").text
    desk.post("/settings/rituals/asks", "/settings/rituals", **hidden(page))
    assert '"far"\nat' not in (bench.root / "steadycast.toml").read_text()


def test_calendar_and_slot_show_the_day_and_lead_to_its_draft(desk: Desk, bench: Bench) -> None:
    row = bench.app.ledger.draft("pgc/rituals/slot-2-daily.md")
    assert row
    address = re.search(r'<a class="quiet" href="(/slots/daily%40[^"]+)">[^<]*<span[^>]*>★', desk.get("/calendar").text)
    assert address, "the month shows it"
    assert "Daily: number 2" in desk.get("/calendar?view=list").text
    page = desk.get(address[1]).text
    assert "A draft waits for you." in page
    assert f'href="/drafts/{row.id}"' in page
    assert "Daily: number 2" in desk.get("/drafts?state=waiting").text


def test_programs_read_the_same_by_api_and_command(
    desk: Desk, bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Client(desk, person(bench, "rita", Role.READER))
    (item,) = reader.get("/rituals", days=30).json()["items"]
    assert (item["what"], item["state"], item["template"]) == ("Daily: number 2", "waiting", "milestone")
    assert reader.get("/rituals", day=30).status_code == 422
    monkeypatch.setenv("STEADYCAST_WORKSPACE", str(bench.root))
    assert commands.rituals(days=30, json=True) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["slot"], told["path"]) == (item["slot"], "pgc/rituals/slot-2-daily.md")
    assert commands.rituals(days=30) == 0
    assert "Daily: number 2" in capsys.readouterr().out
