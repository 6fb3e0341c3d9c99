"""A hub looks at independent communities by what each says of itself, offers and asks, and decides nothing there."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from circle_reports import told_by
from desk_bench import KEY, Desk
from pictures import noise
from pipeline_bench import MORNING, SETTINGS, Bench, article
from pytest_httpserver import HTTPServer

from steadycast import ops, pipeline
from steadycast.errors import InputError, SettingsError
from steadycast.pipeline.circles import Heard
from steadycast.pipeline.hub_asks import FOLDER, LARGEST, MOST
from steadycast.report import circle
from steadycast.report.circle import CircleReport

DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
NOW = MORNING.astimezone(dt.UTC)
LEADERS = {"huihua": "chen-huimin", "shufa": "wang", "sheying": "li", "taoyi": "zhao", "mugong": "qian"}


def table(name: str, place: str = "", **more: str) -> str:
    place = place or f'path = "../{name}"'
    lines = [f'{key} = "{value}"' for key, value in more.items()]
    return "\n".join(["", "[[circle]]", f'name = "{name}"', place, f'leader = "{LEADERS.get(name, "x")}"', *lines, ""])


def hub(bench: Bench, *circles: str, content: dict[str, str | bytes] | None = None) -> pipeline.App:
    return bench.set_up(SETTINGS + "".join(map(table, circles)), content)


def report(bench: Bench, name: str, text: str | bytes) -> Path:
    """That circle's workspace has this report, and an inbox."""
    (bench.root.parent / name / "content").mkdir(parents=True, exist_ok=True)
    return bench.drop(f"../../{name}/var/out/report/report.json", text)


# What a hub sees


def test_five_circles_stand_worst_first_and_the_old_one_has_no_number(bench: Bench) -> None:
    """Runways of 12, 3, 30 and 0 days, and a file of four days ago."""
    app = hub(bench, *LEADERS)
    for name, days in {"huihua": 12, "shufa": 3, "sheying": 30, "taoyi": 0}.items():
        report(bench, name, told_by(name, MORNING - HOUR, days, days + 5))
    report(bench, "mugong", told_by("mugong", MORNING - 4 * DAY - HOUR, 1))
    found = pipeline.circles.look(app, MORNING)
    assert [(each.name, each.days, each.says(MORNING)) for each in found] == [
        ("taoyi", 0, "runway 0 d"),
        ("shufa", 3, "runway 3 d"),
        ("mugong", None, "not heard for 4 d"),
        ("huihua", 12, "runway 12 d"),
        ("sheying", 30, "runway 30 d"),
    ]
    assert found[2].gap is None
    assert found == pipeline.circles.shown(app, MORNING), "pages show what was heard last, and read nothing"


def test_the_number_is_the_shortest_runway_of_what_is_promised(bench: Bench) -> None:
    """A series that owes nothing has none, and a community without any promises nothing."""
    over = {"name": "old", "title": "Old", "runway": {"days": 0, "slots": 0, "gap": None}}
    told = json.loads(told_by("x", MORNING, 9, 4))
    told["record"]["series"].append(over)
    assert circle.read(json.dumps(told).encode(), NOW) == CircleReport("x", NOW, 4, "Series 1", NOW + 4 * DAY + HOUR)
    told["record"]["series"] = [over]
    app = hub(bench, "huihua")
    report(bench, "huihua", json.dumps(told))
    (seen,) = pipeline.circles.look(app, MORNING)
    assert (seen.days, seen.says(MORNING)) == (None, "promises nothing")


def test_what_the_product_itself_writes_can_be_read(bench: Bench) -> None:
    """The report of a real community."""
    app = bench.set_up(SETTINGS, {f"pgc/{n}.md": article(str(n)) for n in range(3)})
    pipeline.collect(app, MORNING)
    pipeline.plan(app, MORNING)
    pipeline.report(app, MORNING)
    raw = (app.workspace.out / "report" / "report.json").read_bytes()
    found = circle.read(raw, NOW)
    assert (found.community, found.at, found.days, found.series) == ("Test readers", NOW, 3, "Daily")


def test_a_report_that_cannot_be_read_leaves_what_was_heard_before(bench: Bench) -> None:
    """Until it is of another day: then there is no number."""
    app = hub(bench, "huihua")
    file = report(bench, "huihua", told_by("绘画营", MORNING, 5))
    pipeline.circles.look(app, MORNING)
    file.write_text("{")
    (seen,) = pipeline.circles.look(app, MORNING + HOUR)
    assert (seen.title, seen.days, seen.error) == ("绘画营", 5, "it is no JSON")
    (seen,) = pipeline.circles.shown(app, MORNING + 25 * HOUR)
    assert (seen.heard, seen.days, seen.says(MORNING + 25 * HOUR)) == (Heard.OLD, None, "not heard for 1 d")


def test_a_circle_that_was_never_heard_of_is_told_so(bench: Bench) -> None:
    app = hub(bench, "huihua")
    (seen,) = pipeline.circles.look(app, MORNING)
    assert (seen.heard, seen.says(MORNING)) == (Heard.NEVER, "never heard")
    assert "report.json: it is not there" in seen.error


def changed(**more: Any) -> bytes:
    return told_by("x", MORNING, 5, **more).encode()


def runway(**values: Any) -> bytes:
    return changed(series=[{"title": "x", "runway": {"days": 1, "slots": 1, "gap": None, **values}}])


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\xff\xfe", b"[" * 100_000, b"[]", b"{}", b"null", b'"x"', b'{"report": 2, "record": {}}',
        b'{"report": 1, "record": []}', b" " * (circle.MAX_BYTES + 1), changed(series={}), changed(series=[1]),
        changed(series=[{}]), changed(series=[{"runway": []}]), changed(series=[{}] * (circle.MOST_SERIES + 1)),
        changed(at=None), changed(at="yesterday"), changed(at="2026-11-23T09:00:00"), changed(at=["x"]),
        changed(at="9999-12-31T23:59:59-23:59"), changed(at=(MORNING + DAY).isoformat()), changed(community=7),
        changed(community="\u202e\x00"), runway(days="3"), runway(days=True), runway(days=-1), runway(days=1e9),
        runway(days=10**30), runway(slots=None), runway(gap=5), runway(gap="2026-11-23"), runway(days=1.5),
    ],
)  # fmt: skip
def test_a_hostile_report_is_one_line_and_no_number(raw: bytes) -> None:
    """Its size, depth, types and instants."""
    with pytest.raises(InputError) as error:
        circle.read(raw, NOW)
    assert "\n" not in error.value.message


def test_its_words_are_one_short_line_each() -> None:
    found = circle.read(changed(community="绘\n画\u202e营" + "x" * 10_000), NOW)
    assert found.community.startswith("绘 画 营x")
    assert len(found.community) <= circle.LONGEST


@pytest.mark.parametrize("what", ["link", "pipe", "folder"])
def test_a_report_that_is_no_file_is_not_read(bench: Bench, what: str) -> None:
    """A link out of there, a pipe that nobody writes to."""
    app = hub(bench, "huihua")
    file = report(bench, "huihua", "")
    file.unlink()
    make: dict[str, Callable[[], Any]] = {
        "link": lambda: file.symlink_to("/etc/passwd"), "pipe": lambda: os.mkfifo(file), "folder": file.mkdir,
    }  # fmt: skip
    make[what]()
    (seen,) = pipeline.circles.look(app, MORNING)
    assert seen.heard is Heard.NEVER
    assert seen.error


def test_a_report_on_the_web_is_asked_for_as_feeds_are(bench: Bench, httpserver: HTTPServer) -> None:
    """No private address, unless the circle's table allows it; an answer that is none is told."""
    httpserver.expect_request("/report.json").respond_with_data(told_by("远方", MORNING, 8))
    httpserver.expect_request("/gone").respond_with_data("no", status=404)
    near, gone = (f'url = "{httpserver.url_for(path)}"' for path in ("/report.json", "/gone"))
    allowed = "\nallow_private = true"
    app = bench.set_up(SETTINGS + table("near", near) + table("far", near + allowed) + table("gone", gone + allowed))
    found = {each.name: each for each in pipeline.circles.look(app, MORNING)}
    assert (found["far"].title, found["far"].days) == ("远方", 8)
    assert found["near"].days is None
    assert "allow_private = true for this circle" in found["near"].error
    assert found["gone"].error == "its server answered 404"


# What is wrong in the settings


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('name = "a"\nleader = "x"', "exactly one of path and url"),
        ('name = "a"\nleader = "x"\npath = "../a"\nurl = "https://a.example/r.json"', "exactly one of path and url"),
        ('name = "a"\npath = "../a"', "circle[1].leader"),
        ('name = "a"\nleader = "x"\nurl = "ftp://a"', "is no web address"),
        ('name = "A b"\nleader = "x"\npath = "../a"', "circle[1].name"),
        ('name = "a"\nleader = "x"\npath = "../a"\nboss = 1', "circle[1].boss: unknown key"),
    ],
)
def test_a_table_that_cannot_be_is_told_with_its_line(bench: Bench, lines: str, said: str) -> None:
    with pytest.raises(SettingsError) as error:
        bench.set_up(f"{SETTINGS}\n[[circle]]\n{lines}\n")
    assert said in str(error.value)
    assert error.value.line


def test_two_circles_of_one_name_are_told(bench: Bench) -> None:
    with pytest.raises(SettingsError, match=r"circle\[2\].name: there is another circle"):
        hub(bench, "huihua", "huihua")


def test_a_path_that_is_gone_is_one_line_with_its_place_and_what_to_do(bench: Bench) -> None:
    """And a workspace that has written no report yet."""
    app = hub(bench, "huihua", "shufa", "taoyi")
    (bench.root.parent / "shufa").mkdir()
    report(bench, "taoyi", told_by("x", MORNING, 1))
    found = [p for p in ops.check(MORNING, root=app.workspace.root) if "circle" in p.message]
    lines = (bench.root / "steadycast.toml").read_text().splitlines()
    assert [(p.where, lines[(p.line or 0) - 1], p.message, p.hint) for p in found] == [
        ("steadycast.toml", 'path = "../huihua"', "circle huihua: ../huihua is not there",
         "put its path right, or take the circle out"),
        ("steadycast.toml", 'path = "../shufa"', "circle shufa: there is no report in ../shufa",
         "run `steadycast report` there, or name the report.json itself"),
    ]  # fmt: skip


# What a hub offers


LETTER = article("给绘画营的信", "circle: huihua", body="一起办个展？\n\n![](a.png)")
THERE = "ugc/Test readers/letter/letter.md"


@pytest.fixture
def two(bench: Bench) -> tuple[pipeline.App, pipeline.App]:
    """A hub with a draft that is meant for huihua, and huihua itself: two workspaces."""
    (bench.root.parent / "huihua").mkdir(parents=True)
    theirs = Bench(bench.root.parent / "huihua", bench.empty)
    bench.opened.append(circle_app := theirs.set_up(SETTINGS.replace("Test readers", "绘画营")))
    pipeline.report(circle_app, MORNING)
    app = hub(
        bench, "huihua", content={"pgc/letter.md": LETTER, "pgc/a.png": noise((4, 4)), "pgc/own.md": article("Own")}
    )
    pipeline.collect(app, MORNING)
    pipeline.circles.look(app, MORNING)
    return app, circle_app


def test_a_hubs_draft_waits_in_the_inbox_for_the_leader_there(two: tuple[pipeline.App, pipeline.App]) -> None:
    """There it is a draft like a member's; here it is no stock, and nobody's to approve."""
    app, theirs = two
    now = MORNING + HOUR
    pipeline.collect(theirs, now)
    row = theirs.ledger.draft(THERE)
    assert row
    assert (row.state, row.origin, row.title) == ("waiting", "ugc", "给绘画营的信")
    assert (theirs.workspace.content / THERE).with_name("a.png").read_bytes() == noise((4, 4))
    with pytest.raises(InputError, match="is decided by chen-huimin"):
        pipeline.decide(app, ["pgc/letter.md"], "approve", by="hub", now=now)
    assert [(d.title, d.state) for d in app.ledger.drafts()] == [("给绘画营的信", "not-ready"), ("Own", "approved")]
    assert pipeline.decide(theirs, [row.id], "approve", by="chen-huimin", now=now)


def test_an_edit_follows_once_and_what_was_done_there_stays(
    two: tuple[pipeline.App, pipeline.App], bench: Bench
) -> None:
    """A file that was edited or taken away there is not put back."""
    app, theirs = two
    file = theirs.workspace.content / THERE
    assert file.read_text() == LETTER

    def edited(text: str) -> None:
        bench.drop("pgc/letter.md", text)
        pipeline.collect(app, MORNING)
        pipeline.circles.look(app, MORNING)

    edited(LETTER.replace("办个展", "写生"))
    assert "写生" in file.read_text()
    file.write_text("theirs")
    edited(LETTER.replace("办个展", "看展"))
    assert file.read_text() == "theirs"
    file.unlink()
    pipeline.circles.look(app, MORNING)
    assert "看展" in file.read_text(), "this revision was never there"
    file.unlink()
    pipeline.circles.look(app, MORNING)
    assert not file.exists()


def test_the_name_of_a_community_leads_to_no_folder_elsewhere(bench: Bench) -> None:
    """Nor does a link that somebody put in its way."""
    report(bench, "huihua", "{}")
    settings = SETTINGS.replace("Test readers", "../../x") + table("huihua")
    app = bench.set_up(settings, {"pgc/letter.md": LETTER, "pgc/a.png": noise((4, 4))})
    inbox = bench.root.parent / "huihua" / "content" / "ugc"
    inbox.mkdir()
    (bench.root.parent / "elsewhere").mkdir()
    (inbox / "x").symlink_to(bench.root.parent / "elsewhere")
    pipeline.collect(app, MORNING)
    pipeline.circles.look(app, MORNING)
    assert [each.name for each in (bench.root.parent / "elsewhere").iterdir()] == []
    (inbox / "x").unlink()
    (inbox / "x" / "letter").mkdir(parents=True)
    (inbox / "x" / "letter" / "a.png").symlink_to(bench.root / "steadycast.toml")
    pipeline.circles.look(app, MORNING)
    assert (inbox / "x" / "letter" / "letter.md").is_file()
    assert (bench.root / "steadycast.toml").read_text() == settings, "nor is anything written through one"


def test_a_members_draft_is_put_nowhere(bench: Bench) -> None:
    """Whatever its front matter says."""
    report(bench, "huihua", "{}")
    app = hub(bench, "huihua", content={"ugc/bob/letter.md": LETTER, "ugc/bob/a.png": noise((4, 4))})
    pipeline.collect(app, MORNING)
    pipeline.circles.look(app, MORNING)
    assert [d.state for d in app.ledger.drafts()] == ["waiting"]
    assert not (bench.root.parent / "huihua" / "content" / "ugc").exists()


def test_a_draft_for_a_circle_that_is_none_is_told(bench: Bench) -> None:
    app = hub(bench, "huihua", content={"pgc/letter.md": LETTER.replace("huihua", "huiha"), "pgc/a.png": noise((4, 4))})
    told = ops.check(MORNING, root=app.workspace.root)
    (found,) = [p for p in told if p.where == "pgc/letter.md" and "circle" in p.message]
    assert (found.line, found.message) == (3, "there is no circle 'huiha'")
    assert "huihua" in found.hint


# What a hub asks


def test_a_request_to_take_something_down_is_a_task_of_the_leader(
    two: tuple[pipeline.App, pipeline.App], run: Any
) -> None:
    """The same one asked twice is one; nothing there is taken down by it."""
    _app, theirs = two
    for _ in range(2):
        code, out, _err = run("circles", "ask", "huihua", "https://huihua.example/3", "--why", "A name is in it")
        assert (code, out.strip()) == (0, "It lies on the desk of chen-huimin, who decides.")
    from steadycast.pipeline.today import today

    (asked,) = today(theirs, MORNING).hub_asks
    assert (asked.hub, asked.what, asked.why) == ("Test readers", "https://huihua.example/3", "A name is in it")
    assert pipeline.collect(theirs, MORNING).problems == (), "intake passes over it"
    pipeline.hub_asks.done(theirs, asked.id)
    assert pipeline.hub_asks.waiting(theirs) == []
    with pytest.raises(InputError, match="nobody asked so"):
        pipeline.hub_asks.done(theirs, asked.id)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"7", b"x" * (LARGEST + 1), b'{"hub": 1, "what": "x", "why": "y", "at": "2026-11-23T09:00:00Z"}',
     b'{"hub": "h", "what": "x", "why": "y", "at": 5}', b'{"hub": "h", "what": "", "why": "", "at": "2026-11-23T09:00Z"}',
     b'{"hub": "h", "what": "x", "why": "y", "at": "2026-11-23"}'],
)  # fmt: skip
def test_what_is_no_request_is_passed_over(bench: Bench, raw: bytes) -> None:
    app = bench.set_up()
    bench.drop(f"{FOLDER}/{'a' * 16}.json", raw)
    bench.drop(f"{FOLDER}/../.asks/x.json", raw)
    (app.workspace.content / FOLDER / f"{'b' * 16}.json").symlink_to("/etc/passwd")
    assert pipeline.hub_asks.waiting(app) == []


def test_a_hub_leaves_only_so_many_requests(bench: Bench) -> None:
    app = bench.set_up()
    for n in range(MOST):
        pipeline.hub_asks.leave(app.workspace.content, "hub", f"post {n}", "why", MORNING)
    with pytest.raises(InputError, match="wait there already"):
        pipeline.hub_asks.leave(app.workspace.content, "hub", "one more", "why", MORNING)
    with pytest.raises(InputError, match="between 1 and"):
        pipeline.hub_asks.leave(app.workspace.content, "hub", "x" * 301, "why", MORNING)


def test_a_circle_that_is_elsewhere_is_asked_by_a_person(bench: Bench) -> None:
    app = bench.set_up(SETTINGS + table("huihua", 'url = "https://huihua.example/report.json"'))
    with pytest.raises(InputError, match="ask chen-huimin yourself"):
        pipeline.circles.ask(app, "huihua", "x", "y", MORNING)
    with pytest.raises(InputError, match="there is no circle"):
        pipeline.circles.ask(app, "huihu", "x", "y", MORNING)


# Faces


def test_the_command_shows_them_and_says_whether_all_were_heard(bench: Bench, run: Any) -> None:
    hub(bench, "huihua", "shufa")
    report(bench, "huihua", told_by("绘画营", pipeline.now(), 3))
    code, out, _err = run("circles", "--json")
    assert code == 1
    assert [(each["name"], each["days"], each["heard"]) for each in json.loads(out)] == [
        ("huihua", 3, "yes"), ("shufa", None, "never"),
    ]  # fmt: skip
    assert "runway 3 d" in run("circles")[1]
    bench.settings(SETTINGS)
    assert run("circles")[:2] == (0, "This community looks at no other: write [[circle]] into steadycast.toml.\n")


def test_the_desk_and_the_api_show_the_same_and_take_the_same(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line each, hostile words as words; a request that was seen to is gone."""
    app = hub(bench, "huihua", "shufa")
    report(bench, "huihua", told_by("<b>绘画营</b>", MORNING - HOUR, 3))
    asked = pipeline.hub_asks.leave(app.workspace.content, "<i>hub</i>", "post 3", "why", MORNING)
    monkeypatch.setattr(pipeline, "now", lambda: MORNING)
    program = {"Authorization": f"Bearer {KEY}"}
    with Desk(bench.root).up() as desk:
        assert "never heard" in desk.get("/circles").text
        assert "it is not there" in desk.post("/circles/look", on="/circles").text
        shown = desk.get("/circles").text
        assert "<b>绘画营" not in shown
        assert shown.index("runway 3 d") < shown.index("never heard")
        assert 'href="/circles"' in desk.get("/record").text
        told = desk.get("/api/v1/circles", **program).json()
        assert [(each["name"], each["days"], each["heard"]) for each in told] == [
            ("huihua", 3, "yes"), ("shufa", None, "never"),
        ]  # fmt: skip
        assert [each["id"] for each in desk.get("/api/v1/hub-asks", **program).json()] == [asked.id]
        assert "&lt;i&gt;hub&lt;/i&gt;" in desk.get("/").text
        assert "Seen to: post 3" in desk.post(f"/hub-asks/{asked.id}", on="/").text
        assert desk.get("/api/v1/hub-asks", **program).json() == []
        bench.drop("pgc/letter.md", article("A letter", "circle: huihua"))
        pipeline.collect(app, MORNING)
        (letter,) = app.ledger.drafts()
        assert "its leader decides, and nobody here" in desk.get(f"/drafts/{letter.id}").text
