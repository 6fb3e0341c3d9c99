"""Who came: read from tables and from those who count, each row once, bounded, and shown by source and by slot."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from pipeline_bench import MORNING, SETTINGS, Bench

from steadycast import pipeline
from steadycast.arrival import Arrival
from steadycast.arrivals import bounded, goatcounter, read_table
from steadycast.arrivals.bounds import DAILY, OTHERS, where_from
from steadycast.errors import InputError, SettingsError
from steadycast.ledger.arrivals import arrivals, counters
from steadycast.ledger.store import Ledger
from steadycast.testing import FakeServer, Reply, Request
from steadycast.workspace import load

DAY = dt.date(2026, 11, 23)
TABLE = """day,source,kind,n,slot
2026-11-21,site,visit,12,daily@2026-11-20T20:00
2026-11-21,site,join,2,daily@2026-11-20T20:00
2026-11-22,site,visit,3,
2026-11-22,wechat,join,5,
"""


def came(app: Any, by: str = "sources") -> dict[str, tuple[int, int, int]]:
    found = pipeline.arrivals.shown(app, MORNING)
    return {f"{c.name} {c.counter}": (c.visits, c.joins, c.leaves) for c in getattr(found, by)}


# Tables


def test_the_same_table_counts_once(bench: Bench) -> None:
    """Three days and two sources, taken twice; a corrected number goes over the one before."""
    app = bench.set_up()
    for _ in range(2):
        assert pipeline.arrivals.take_table(app, TABLE.encode(), "counts.csv") == 4
    assert came(app) == {"site table": (15, 2, 0), "wechat table": (0, 5, 0)}
    pipeline.arrivals.take_table(app, TABLE.replace("join,5", "join,7").encode(), "counts.csv")
    assert came(app)["wechat table"] == (0, 7, 0)


def test_joins_are_told_by_slot(bench: Bench) -> None:
    app = bench.set_up()
    pipeline.arrivals.take_table(app, TABLE.encode(), "counts.csv")
    assert came(app, "slots") == {"daily@2026-11-20T20:00 table": (12, 2, 0)}
    (slot,) = pipeline.arrivals.shown(app, MORNING).slots
    assert slot.title == "Daily Fri, Nov 20 20:00"


def test_a_slot_of_a_series_that_is_not_ours_is_none(bench: Bench) -> None:
    """Anybody may visit an address that names one."""
    app = bench.set_up()
    pipeline.arrivals.take_table(app, TABLE.replace("daily@", "strange@").encode(), "counts.csv")
    assert came(app, "slots") == {}


@pytest.mark.parametrize(
    "raw",
    [
        TABLE.encode("utf-8-sig"),
        TABLE.replace(",", ";").encode(),
        TABLE.replace(",", "\t").replace("\n", "\r\n").encode(),
        TABLE.replace("day,source,kind,n,slot", "日期,来源,类型,人数,档期").replace("join", "加入").encode("gb18030"),
        TABLE.replace("2026-11-21", "2026/11/21").replace("\n", "\n\n").encode(),
        ("\n" + TABLE.replace(",", ";").replace("2026-11-21", "2026年11月21日").replace(";12;", ";12.0;")).encode(),
        TABLE.replace("2026-11-21", "20261121").replace("\n", "\r").encode(),
    ],
    ids=[
        "bom",
        "semicolons",
        "tabs",
        "chinese in gbk",
        "slashes and empty lines",
        "as a spreadsheet has it",
        "as macs did",
    ],
)
def test_a_table_is_read_as_people_save_it(raw: bytes) -> None:
    rows = read_table(raw, "counts.csv")
    assert [(row.source, row.kind, row.n, row.content) for row in rows] == [
        ("site", "visit", 12, "2026-11-20T2000"),
        ("site", "join", 2, "2026-11-20T2000"),
        ("site", "visit", 3, ""),
        ("wechat", "join", 5, ""),
    ]


@pytest.mark.parametrize(
    ("raw", "line", "said"),
    [
        (b"", None, "it is empty"),
        (b"day,n\n2026-11-21,1\n", 1, "the column source is missing"),
        (b"day,source,n\n21.11.26,site,1\n", 2, "'21.11.26' is no day"),
        (b"day,source,n\n2026-11-21,site,-1\n", 2, "'-1' is no number"),
        (b"day,source,n\n2026-11-21,site,1e9\n", 2, "'1e9' is no number"),
        (b'day,source,n\n2026-11-21,site,"1,23"\n', 2, "'1,23' is no number"),
        (b"day,source,n\n2026-02-31,site,1\n", 2, "'2026-02-31' is no day"),
        (b"day,source,count,n\n2026-11-21,site,1,2\n", 1, "two columns say n"),
        (b'day,source,n\n2026-11-21,"si\nte",1\n2026-11-21,site,\n', 4, "'' is no number"),
        (b"day,source,n,kind\n2026-11-21,site,1,came\n", 2, "'came' is no kind"),
        (b'day,source,n\n2026-11-21,"site,1\n', None, "that is no table"),
        (b"day,source,n\n2026-11-21,si\x00te,1\n", 2, "has a NUL character"),
        (b"day,source,n\n" + b"2026-11-21,site,1\n" * 50_001, 50_002, "it has more than 50000 rows"),
        (b"x" * 5_000_001, None, "it is larger than 5 MB"),
    ],
)
def test_a_table_that_is_wrong_is_told_with_its_line_and_taken_not_at_all(
    bench: Bench, raw: bytes, line: int | None, said: str
) -> None:
    app = bench.set_up()
    with pytest.raises(InputError) as told:
        pipeline.arrivals.take_table(app, raw, "counts.csv")
    assert said in told.value.message
    assert line is None or told.value.line == line
    assert came(app) == {}


def test_a_table_may_have_a_column_for_each_kind(bench: Bench) -> None:
    """As people keep one: a cell that is empty counts nothing."""
    app = bench.set_up()
    table = '日期,来源,访问,加入,取关\n2026/11/2,site,"1,234",5,\n2026/11/3,site,,,2\n'
    pipeline.arrivals.take_table(app, table.encode(), "counts.csv")
    assert came(app) == {"site table": (1234, 5, 2)}


def test_a_number_that_was_wrong_is_put_right_by_0(bench: Bench) -> None:
    app = bench.set_up()
    for n in (12, 0):
        pipeline.arrivals.take_table(app, f"day,source,n\n2026-11-21,site,{n}\n".encode(), "counts.csv")
    assert came(app) == {}


def test_what_was_kept_is_a_table_that_can_be_taken_again(bench: Bench) -> None:
    app = bench.set_up()
    pipeline.arrivals.take_table(app, TABLE.encode(), "counts.csv")
    table = pipeline.arrivals.to_csv(app, MORNING)
    pipeline.arrivals.take_table(app, table.encode(), "again.csv")
    assert pipeline.arrivals.to_csv(app, MORNING) == table


def test_no_cell_is_computed_by_a_spreadsheet(bench: Bench) -> None:
    app = bench.set_up()
    pipeline.arrivals.take_table(app, b"day,source,n\n2026-11-21,=cmd|x,1\n", "counts.csv")
    assert ",'=cmd|x," in pipeline.arrivals.to_csv(app, MORNING)


# Bounds


def test_words_that_come_from_outside_are_short_and_in_one_line() -> None:
    (row,) = bounded([Arrival(DAY, "a\u202eb\n" + "x" * 4000, n=2)], DAY, DAY)
    assert len(row.source) <= 100
    assert row.source.isprintable()


def test_of_a_day_with_more_sources_than_any_community_has_the_largest_are_kept() -> None:
    """Somebody visits a thousand addresses of their own making: nothing is lost of the sum."""
    rows = [Arrival(DAY, f"made-up-{n}") for n in range(2000)] + [Arrival(DAY, "site", n=50)]
    kept = list(bounded(rows, DAY, DAY))
    assert len(kept) == DAILY + 1
    assert sum(row.n for row in kept) == 2050
    assert kept[0] == Arrival(DAY, "site", n=50)
    assert kept[-1] == Arrival(DAY, OTHERS, n=2000 - DAILY + 1)


@pytest.mark.parametrize("url", ["http://[", "x" * 10**6, "https://a/?" + "&" * 10**5, None, 7])
def test_no_visited_address_breaks_the_look(url: Any) -> None:
    assert where_from(url, url)[1:] == ("", "", "")


# The ledger


def test_what_a_counter_says_of_its_days_goes_in_the_place_of_what_it_said(ledger: Ledger) -> None:
    """A source that it corrected away is gone; other days and other counters stay."""
    days = [DAY - dt.timedelta(days=n) for n in range(3)]
    ledger.put_arrivals("a", [Arrival(day, "site", n=4) for day in days])
    ledger.put_arrivals("b", [Arrival(DAY, "site", n=9)])
    ledger.replace_arrivals("a", days[1], days[0], [Arrival(DAY, "feed"), Arrival(DAY, "feed"), Arrival(days[2], "x")])
    found = {(t.counter, t.source): dict(t.counts) for t in arrivals(ledger, days[2], DAY, 100)}
    assert found == {("a", "site"): {"visit": 4}, ("a", "feed"): {"visit": 2}, ("b", "site"): {"visit": 9}}
    assert counters(ledger) == {"a": DAY, "b": DAY}


# Those who count


class Counting(FakeServer):
    """Shlink, GoatCounter and Plausible, as far as their documents say how they answer."""

    def __init__(self) -> None:
        super().__init__()
        self.visits: list[dict[str, Any]] = []
        self.people: list[tuple[str, list[str], int]] = []  # goal, dimensions, visitors
        self.refs: dict[str, list[tuple[str, int]]] = {}  # start -> (name, count)

    def handle(self, request: Request) -> Reply:
        if request.path.startswith("/rest/v3/"):
            return self._shlink(request)
        if request.headers["Authorization"] != "Bearer k3y-of-the-counter":
            return Reply(401, {"error": "Invalid API key. Please make sure you're using a valid API key"})
        return self._plausible(request) if request.path == "/api/v2/query" else self._goatcounter(request)

    def _shlink(self, request: Request) -> Reply:
        if request.headers["X-Api-Key"] != "k3y-of-the-counter":
            error = {"title": "Invalid API key", "type": "https://shlink.io/api/error/invalid-api-key", "status": 401}
            return Reply(401, error | {"detail": "Provided API key does not exist or is invalid."})
        size, page = int(request.query["itemsPerPage"]), int(request.query["page"])
        start, end = (dt.datetime.fromisoformat(request.query[name]) for name in ("startDate", "endDate"))
        rows = [v for v in self.visits if start <= dt.datetime.fromisoformat(v["date"]) <= end]
        tag = request.path.split("/")[4] if "/tags/" in request.path else ""
        rows = [v for v in rows if not tag or v["tag"] == tag]
        shown = rows[(page - 1) * size : page * size]
        pages = -(-len(rows) // size)
        pagination = {"currentPage": page, "pagesCount": pages, "itemsPerPage": size, "totalItems": len(rows)}
        return Reply(200, {"visits": {"data": shown, "pagination": pagination}})

    def _plausible(self, request: Request) -> Reply:
        query = request.json()
        if query["site_id"] != "huyu.example":
            return Reply(401, {"error": "Invalid API key or site ID."})
        goal = query["filters"][0][2][0] if query["filters"] else ""
        first, last = query["date_range"]
        rows = [(d, n) for g, d, n in self.people if g == goal and first <= d[0] <= last]
        at, size = query["pagination"]["offset"], query["pagination"]["limit"]
        results = [{"dimensions": d, "metrics": [n]} for d, n in rows[at : at + size]]
        return Reply(200, {"results": results, "meta": {}, "query": query})

    def _goatcounter(self, request: Request) -> Reply:
        rows = self.refs.get(request.query["start"], [])
        at, size = int(request.query["offset"]), int(request.query["limit"])
        shown = [{"id": n, "name": n, "count": c, "ref_scheme": "c"} for n, c in rows[at : at + size]]
        return Reply(200, {"stats": shown, "more": at + size < len(rows)})

    def visit(self, at: str, url: str | None, referer: str = "", *, bot: bool = False, tag: str = "join") -> None:
        self.visits.append({
            "referer": referer, "date": at, "userAgent": "x", "visitLocation": None, "potentialBot": bot,
            "visitedUrl": url, "tag": tag,
        })  # fmt: skip


@pytest.fixture
def counting() -> Iterator[Counting]:
    with Counting() as server:
        yield server


@pytest.fixture
def asked(bench: Bench, counting: Counting, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(goatcounter.time, "sleep", lambda seconds: None)
    monkeypatch.setenv("COUNTER_KEY", "k3y-of-the-counter")

    def made(kind: str, *more: str) -> Any:
        lines = ["[arrivals.counts]", f'kind = "{kind}"', f'url = "{counting.url}/"', 'key = "COUNTER_KEY"', *more]
        return bench.set_up(SETTINGS + "\n" + "\n".join(lines) + "\n")

    return made


UTM = "utm_source=site&utm_medium=page&utm_campaign=daily&utm_content=2026-11-20T2000"


def test_shlink_tells_each_visit_with_its_slot(asked: Any, counting: Counting) -> None:
    """A visit late on a day of the server's is one of the next day here; bots are left out."""
    app = asked("shlink")
    counting.visit("2026-11-21T19:00:00+00:00", f"https://s.example/join?{UTM}")
    counting.visit("2026-11-21T20:00:00+00:00", f"https://s.example/join?{UTM}")
    counting.visit("2026-11-21T20:00:00+00:00", "https://s.example/join", "https://news.example/a?b")
    counting.visit("2026-11-21T20:00:00+00:00", None, bot=True)
    counting.visit("2026-10-01T20:00:00+00:00", None)
    assert [(p.rows, p.error) for p in pipeline.arrivals.pull(app, MORNING)] == [(2, "")]
    assert came(app) == {"site counts": (2, 0, 0), "news.example counts": (1, 0, 0)}
    assert came(app, "slots") == {"daily@2026-11-20T20:00 counts": (2, 0, 0)}
    assert "2026-11-22,counts,site" in pipeline.arrivals.to_csv(app, MORNING)


def test_shlink_is_asked_for_one_tag(asked: Any, counting: Counting) -> None:
    app = asked("shlink", 'tag = "join"')
    counting.visit("2026-11-21T20:00:00+00:00", f"https://s.example/join?{UTM}")
    counting.visit("2026-11-21T20:00:00+00:00", f"https://s.example/else?{UTM}", tag="else")
    pipeline.arrivals.pull(app, MORNING)
    assert came(app) == {"site counts": (1, 0, 0)}


def test_shlink_is_read_by_pages(asked: Any, counting: Counting) -> None:
    app = asked("shlink")
    for _ in range(2500):
        counting.visit("2026-11-22T01:00:00+00:00", f"https://s.example/join?{UTM}")
    pipeline.arrivals.pull(app, MORNING)
    assert came(app) == {"site counts": (2500, 0, 0)}
    assert len(counting.requests) == 3


def test_plausible_tells_visitors_and_joins_by_all_four_words(asked: Any, counting: Counting) -> None:
    app = asked("plausible", 'domain = "huyu.example"', 'goal = "Join"')
    ours = ["2026-11-21", "site", "site", "page", "daily", "2026-11-20T2000"]
    none = ["2026-11-21", "(not set)", "Direct / None", "(not set)", "(not set)", "(not set)"]
    counting.people = [("", ours, 30), ("", none, 4), ("Join", ours, 3)]
    pipeline.arrivals.pull(app, MORNING)
    assert came(app) == {"site counts": (30, 3, 0), " counts": (4, 0, 0)}
    assert came(app, "slots") == {"daily@2026-11-20T20:00 counts": (30, 3, 0)}


def test_goatcounter_tells_visits_by_source(asked: Any, counting: Counting) -> None:
    """Each local day by itself, by pages; the end of a day is not included there."""
    app = asked("goatcounter")
    counting.refs = {
        "2026-11-20T16:00:00Z": [("site", 7), ("", 2)],
        "2026-11-21T16:00:00Z": [(f"host-{n}.example", 1) for n in range(150)],
    }
    pipeline.arrivals.pull(app, MORNING)
    found = came(app)
    assert found["site counts"] == (7, 0, 0)
    assert found[" counts"] == (2, 0, 0)
    assert len(found) == 152
    assert Counter(r.query["end"] for r in counting.requests)["2026-11-22T16:00:00Z"] == 2


def test_a_look_again_counts_once_and_takes_a_correction(asked: Any, counting: Counting) -> None:
    app = asked("plausible", 'domain = "huyu.example"')
    counting.people = [("", ["2026-11-21", "site", "site", "", "", ""], 30)]
    pipeline.arrivals.pull(app, MORNING)
    pipeline.arrivals.pull(app, MORNING)
    assert came(app) == {"site counts": (30, 0, 0)}
    counting.people = [("", ["2026-11-21", "feed", "feed", "", "", ""], 29)]
    pipeline.arrivals.pull(app, MORNING)
    assert came(app) == {"feed counts": (29, 0, 0)}


def test_one_that_cannot_be_read_is_told_without_its_key_and_keeps_what_was_known(
    asked: Any, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = asked("plausible", 'domain = "huyu.example"')
    counting.people = [("", ["2026-11-21", "site", "site", "", "", ""], 30)]
    pipeline.arrivals.pull(app, MORNING)
    monkeypatch.setenv("COUNTER_KEY", "wrong-key-of-the-counter")
    (pulled,) = pipeline.arrivals.pull(app, MORNING)
    assert "Invalid API key" in pulled.error
    assert "wrong-key" not in pulled.error
    assert came(app) == {"site counts": (30, 0, 0)}
    (counter,) = pipeline.arrivals.shown(app, MORNING).counters
    assert (counter.error, counter.last_day) == (pulled.error, dt.date(2026, 11, 21))


@pytest.mark.parametrize("kind", ["shlink", "goatcounter", "plausible"])
@pytest.mark.parametrize(
    "body",
    [
        b"<html>", b"[]", b"null", b'{"visits": 1, "results": 1, "stats": 1}',
        b'{"visits": {"data": [{"date": "x"}], "pagination": {"pagesCount": 1}}, "results": [{"dimensions": ["x"]}]}',
        b'{"visits": {"data": 1}, "results": [{"dimensions": ["x"], "metrics": [-1]}], "stats": [{"count": 1e400}]}',
        json.dumps({
            "visits": {"data": [{"date": "9999-12-31T23:59:59-23:00"}], "pagination": {"pagesCount": 1}},
            "results": [{"dimensions": ["2026-11-21", 1, 2, 3, 4, 5], "metrics": [True]}],
            "stats": [{"name": [], "count": "-5"}],
        }).encode(),
    ],
)  # fmt: skip
def test_an_answer_of_another_form_is_told(asked: Any, counting: Counting, kind: str, body: bytes) -> None:
    app = asked(kind, *(['domain = "huyu.example"'] if kind == "plausible" else []))
    counting.answer(Reply(200, body), method="*", times=20)
    (pulled,) = pipeline.arrivals.pull(app, MORNING)
    assert pulled.error in ("the answer cannot be read", "the answer is no JSON")
    assert came(app) == {}


def test_no_key_is_set_is_told(asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = asked("shlink")
    monkeypatch.delenv("COUNTER_KEY")
    assert [p.error for p in pipeline.arrivals.pull(app, MORNING)] == ["the secret COUNTER_KEY is not set"]


def test_the_flow_asks_every_six_hours(asked: Any, counting: Counting) -> None:
    app = asked("shlink")
    for hours in (0, 1, 5, 6, 7):
        pipeline.arrivals.pull_due(app, MORNING + dt.timedelta(hours=hours))
    assert len(counting.requests) == 2


def test_one_that_nobody_named_is_not_asked(asked: Any) -> None:
    with pytest.raises(InputError, match="nobody called 'count' counts who comes") as told:
        pipeline.arrivals.pull(asked("shlink"), MORNING, "count")
    assert "counts" in (told.value.hint or "")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('[arrivals.x]\nkind = "plausible"\nurl = "https://a.example"', "plausible needs domain"),
        ('[arrivals.x]\nkind = "shlink"\nurl = "https://a.example"\ngoal = "Join"', "shlink has no goal"),
        ('[arrivals.x]\nkind = "shlink"\nurl = "file:///etc/passwd"', "is no web address"),
        ('[arrivals.site]\nkind = "shlink"\nurl = "https://a.example"', "a channel is called so already"),
        ('[arrivals.table]\nkind = "shlink"\nurl = "https://a.example"', "that is what tables are counted as"),
        ('[arrivals.x]\nkind = "matomo"\nurl = "https://a.example"', "kind"),
    ],
)
def test_settings_that_cannot_be_are_refused(bench: Bench, lines: str, said: str) -> None:
    bench.set_up()
    (bench.root / "steadycast.toml").write_text(f"{SETTINGS}\n{lines}\n")
    with pytest.raises(SettingsError) as told:
        load(bench.root)
    assert said in str(told.value)


# Commands


@pytest.mark.usefixtures("monday")
def test_the_commands_take_and_show(bench: Bench, run: Any, told: Any) -> None:
    bench.set_up()
    (bench.root / "counts.csv").write_text(TABLE)
    assert run("arrivals", "import", "counts.csv", code=0)[1] == "4 rows are kept.\n"
    shown = told("arrivals")
    assert [(c["title"], c["visits"], c["joins"]) for c in shown["sources"]] == [("wechat", 0, 5), ("Pages", 15, 2)]
    assert [c["name"] for c in shown["slots"]] == ["daily@2026-11-20T20:00"]
    out = run("arrivals", code=0)[1]
    assert "By slot" in out
    assert "Daily Fri, Nov 20 20:00" in out
    assert run("arrivals", "--csv", code=0)[1].splitlines()[1] == (
        "2026-11-21,table,site,,daily,2026-11-20T2000,daily@2026-11-20T20:00,visit,12"
    )
    assert told("arrivals", "--days", "1")["sources"] == []


@pytest.mark.usefixtures("monday")
def test_the_command_that_asks_exits_with_one_where_one_cannot_be_read(
    asked: Any, counting: Counting, run: Any
) -> None:
    asked("shlink")
    counting.visit("2026-11-21T20:00:00+00:00", f"https://s.example/join?{UTM}")
    assert run("arrivals", "pull", code=0)[1] == "counts: 1 row\n"
    counting.answer(Reply(503), method="*")
    assert run("arrivals", "pull", code=1)[1].startswith("counts: ")
    assert run("arrivals", "pull", "nobody", code=2)


# The report


def test_the_report_tells_who_came_where_that_is_counted(bench: Bench) -> None:
    """By source and by slot, on its page and in its JSON; nothing of it where nobody was counted."""
    app = bench.set_up()
    pipeline.report(app, MORNING)
    shown = app.workspace.out / "report" / "index.html"
    assert "Who came" not in shown.read_text()
    pipeline.arrivals.take_table(app, TABLE.replace("wechat", "<i>wechat").encode(), "counts.csv")
    made = pipeline.report(app, MORNING).data["arrivals"]
    assert [(each["name"], each["joins"]) for each in made["sources"]] == [("<i>wechat", 5), ("site", 2)]
    assert [each["name"] for each in made["slots"]] == ["daily@2026-11-20T20:00"]
    page = shown.read_text()
    assert "Who came" in page
    assert "&lt;i&gt;wechat" in page
    assert "<i>wechat" not in page
