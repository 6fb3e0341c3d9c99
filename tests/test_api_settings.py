"""Settings, people and tokens by the API: an effect before it is written, and no secret in any answer or row."""

from __future__ import annotations

import sqlite3
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_bench import Client, person
from desk_bench import Desk
from pipeline_bench import COMMUNITY, DAILY, FAR, SITE, Bench, article

from steadycast import pipeline
from steadycast.pipeline import accounts
from steadycast.pipeline.permissions import Role

SETTINGS = COMMUNITY + "# the one promise\n" + DAILY + SITE + FAR
SECRET = "https://hook.example/t0k3n-of-a-hook"
PASSWORD = "seven blue teapots"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[tuple[Client, Desk, Bench]]:
    """One desk for all of this, asked by an owner."""
    bench = Bench(tmp_path_factory.mktemp("settings"), empty_sqlite)
    app = bench.set_up(SETTINGS, {f"pgc/{n}.md": article(f"Draft {n}") for n in range(1, 4)})
    pipeline.collect(app, pipeline.now())
    pipeline.plan(app, pipeline.now())
    with Desk(bench.root).up() as desk:
        yield Client(desk, person(bench, "olga", Role.OWNER)), desk, bench
    for opened in bench.opened:
        opened.close()


@pytest.fixture
def olga(place: tuple[Client, Desk, Bench]) -> Client:
    return place[0]


@pytest.fixture
def bench(place: tuple[Client, Desk, Bench]) -> Bench:
    return place[2]


def toml(bench: Bench) -> str:
    return (bench.root / "steadycast.toml").read_text(encoding="utf-8")


def kept(bench: Bench) -> str:
    """All that the ledger holds, as text."""
    with sqlite3.connect(next(bench.root.glob("var/*.sqlite"))) as ledger:
        return "\n".join(ledger.iterdump())


def test_another_hour_is_shown_before_it_is_written(olga: Client, bench: Bench) -> None:
    before = toml(bench)
    look = olga.post("/settings/series/daily", "one", rhythm="day at 21:30")
    assert look.status_code == 200, look.text
    effect = look.json()
    assert (effect["saved"], effect["same"]) == (False, False)
    assert "moves" in {row["change"] for row in effect["slots"]}
    assert effect["lines"] == ['- every = "day at 20:00"', '+ every = "day at 21:30"']
    assert toml(bench) == before
    for seen in ("", "0" * 24):
        stale = olga.post("/settings/series/daily", rhythm="day at 21:30", agreed=True, seen=seen)
        assert stale.status_code == 409, stale.text
    # A look took no key, and is no change.
    wrote = olga.post("/settings/series/daily", "one", rhythm="day at 21:30", agreed=True, seen=effect["seen"])
    assert wrote.json()["saved"] is True, wrote.text
    assert toml(bench) == before.replace("day at 20:00", "day at 21:30")
    assert olga.post("/settings/series/daily", rhythm="day at 21:30").json()["same"] is True
    again = olga.post("/settings/series/daily", "one", rhythm="day at 21:30", agreed=True, seen=effect["seen"])
    assert again.headers["Idempotency-Replayed"] == "true"
    said = [row.subject for row in accounts.audited(bench.open()) if row.act == "settings"]
    assert said == ["POST /api/v1/settings/series/daily"]
    shown = olga.get("/settings").json()
    assert shown["seen"] == wrote.json()["seen"]
    assert [(each["name"], each["rhythm"]) for each in shown["series"]] == [("daily", "day at 21:30")]
    assert olga.get("/settings/log").json()["items"][0]["subject"] == "POST /api/v1/settings/series/daily"


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/settings/series/daily", {"rhythm": "dya at 20:00"}, "did you mean"),
        ("/settings/series/daily", {"late": "soon"}, "length of time"),
        ("/settings/series/daily", {"channels": ["nowhere"]}, "nowhere"),
        ("/settings/series/nowhere", {"title": "x"}, "no series"),
        ("/settings/series", {"title": "Weekly"}, "rhythm"),
        ("/settings/community", {"timezone": "Mars/Olympus"}, "Mars"),
        ("/settings/channels", {"platform": "hook"}, "needs"),
        ("/settings/channels", {"platform": "nothing"}, "no platform"),
        ("/settings/feeds/9/remove", {}, "no such feed"),
        ("/settings/alarms", {"remove": "NOWHERE"}, "no such address"),
        ("/settings/alarms/add", {"address": "somebody"}, "Apprise"),
        ("/settings/file", {"text": "[community\n"}, "1"),
        ("/people", {"name": "ann", "role": "reader", "password": "short"}, "characters"),
        ("/people/nobody/end", {}, "no person"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    olga: Client, bench: Bench, path: str, body: dict[str, Any], said: str
) -> None:
    before = toml(bench)
    answer = olga.post(path, **body)
    assert answer.status_code in (404, 422), answer.text
    assert said in answer.text
    assert toml(bench) == before


@pytest.mark.platforms("site")
def test_a_channel_is_added_and_its_secret_is_never_told(olga: Client, bench: Bench) -> None:
    offers = {each["name"]: each for each in olga.get("/settings/platforms").json()}
    assert next(each for each in offers["hook"]["settings"] if each["name"] == "url")["secret"] is True
    assert offers["hook"]["experimental"] is False
    made = olga.post("/settings/channels", platform="hook", name="pings", secrets={"url": SECRET})
    assert made.status_code == 201, made.text
    assert {"setting": "url", "kept_as": "PINGS_URL", "required": True, "there": True} in made.json()["secrets"]
    assert (bench.root / "var/secrets/PINGS_URL").read_text(encoding="utf-8").strip() == SECRET
    other = olga.post("/settings/channels/pings/secrets", secrets={"url": SECRET + "-2"})
    assert other.json() == {"kept": ["PINGS_URL"]}
    seen = olga.post("/settings/channels/pings", series=["daily"], title="The hook").json()
    assert seen["channels"] == [
        {"series": "Daily", "added": ["pings"], "removed": [], "slots": seen["channels"][0]["slots"]}
    ]
    asked = {"series": ["daily"], "title": "The hook", "agreed": True, "seen": seen["seen"]}
    assert olga.post("/settings/channels/pings", **asked).json()["saved"] is True
    shown = next(each for each in olga.get("/settings").json()["channels"] if each["name"] == "pings")
    assert (shown["title"], shown["series"]) == ("The hook", ["daily"])
    made = olga.post("/settings/channels", platform="pages", name="web", settings={"upload.to": "s3://web"})
    assert (made.status_code, "needs endpoint" in made.text) == (422, True)
    where = {"upload.to": "sftp://me@web.example/~/www", "upload.within": "10m"}
    made = olga.post(
        "/settings/channels", platform="pages", name="web", settings=where, secrets={"upload.password": SECRET}
    )
    assert made.json()["upload"]["within"] == "10m", made.text
    secrets = {each["setting"]: each["kept_as"] for each in made.json()["secrets"]}
    assert secrets == {"upload.key": "", "upload.password": "WEB_UPLOAD_PASSWORD"}
    seen = olga.post("/settings/channels/web", upload={"to": "", "overwrite": True}).json()
    assert "-[channel.web.upload]" in [line.replace(" ", "") for line in seen["lines"]]
    channel = "site"
    tried = olga.post(f"/channels/{channel}/test").json()
    assert (tried["let_in"], len(tried["found"])) == (True, 1)
    address = olga.post("/settings/alarms/add", address="json://hidden-host.example/").json()
    told = "".join(olga.get(path).text for path in ("/settings", "/settings/file", "/settings/log", "/channels/pings"))
    assert address["kept_as"] in told
    assert [hidden for hidden in ("t0k3n-of", "hidden-host") if hidden in told + kept(bench) + toml(bench)] == []


def test_members_feeds_and_the_file_are_changed_in_the_same_way(olga: Client, bench: Bench) -> None:
    channel = olga.get("/settings").json()["channels"][0]["name"]
    for path, body in (
        ("/settings/members", {"name": "carol", "title": "Carol"}),
        ("/settings/members", {"name": "bob", "trusted": True}),
        ("/settings/members/bob/feeds", {"url": "https://bob.example/feed"}),
        ("/settings/feeds/0/remove", {}),
        ("/settings/series", {"title": "Weekly", "rhythm": "week on friday at 18:00", "channels": [channel]}),
        ("/settings/community", {"description": "We read."}),
        ("/settings/file", {"text": toml(bench) + "# a word more\n"}),
    ):
        if path == "/settings/file":
            body = {"text": toml(bench) + "# a word more\n"}
        seen = olga.post(path, **body)
        assert seen.status_code == 200, (path, seen.text)
        wrote = olga.post(path, **body, agreed=True, seen=seen.json()["seen"])
        assert wrote.status_code == 200, (path, wrote.text)
        assert wrote.json()["saved"] is True, path
    shown = olga.get("/settings").json()
    assert {each["name"]: each["trusted"] for each in shown["members"]} == {"alice": True, "bob": True, "carol": False}
    assert shown["members"][1]["title"] == "Bob"
    assert shown["feeds"] == []
    assert [each["name"] for each in shown["series"]][-1] == "weekly"
    assert shown["community"]["description"] == "We read."
    assert olga.get("/settings/file").json()["text"].endswith("# a word more\n")
    assert len(olga.get("/settings/rhythm", rhythm="day at 07:00").json()["slots"]) == 10
    assert "did you mean" in olga.get("/settings/rhythm", rhythm="dya at 07:00").json()["wrong"]


def test_shares_that_somebody_is_told_of_are_changed_key_by_key(olga: Client, bench: Bench) -> None:
    """What is left out of a change stays as it is, and an empty text takes it out."""
    for asked in ({"top": "40%", "waiting": "5"}, {"founder": "alice", "founder_share": "50%"}, {"top": ""}):
        seen = olga.post("/settings/fair", **asked)
        assert seen.status_code == 200, seen.text
        made = olga.post("/settings/fair", **asked, agreed=True, seen=seen.json()["seen"])
        assert made.json()["saved"], made.text
    written = tomllib.loads(toml(bench))
    assert written["fair"] == {"waiting": 5, "founder": "50%"}
    assert written["community"]["founder"] == "alice"
    assert olga.post("/settings/fair", top="a lot").status_code == 422


def test_people_and_tokens_are_made_and_ended(olga: Client, place: tuple[Client, Desk, Bench], bench: Bench) -> None:
    made = olga.post("/people", name="小陈", role="editor", series=["daily"], password=PASSWORD)
    assert made.status_code == 201, made.text
    assert (made.json()["role"], made.json()["series"]) == ("editor", ["daily"])
    token = olga.post("/people/小陈/tokens", "once", role="editor", label="a script", days=30)
    theirs = Client(place[1], token.json()["token"])
    assert theirs.get("/me").json() == {"name": "小陈", "role": "editor", "series": ["daily"]}
    assert theirs.get("/people").status_code == 403
    again = olga.post("/people/小陈/tokens", "once", role="editor", label="a script", days=30)
    assert (again.status_code, again.json()["token"], again.json()["id"]) == (201, "", token.json()["id"])
    ends = [
        olga.post("/people/小陈/role", role="reader"),
        olga.post("/people/小陈/password", password=PASSWORD + "!"),
        olga.post("/people/小陈/tokens/revoke", id=token.json()["id"]),
        olga.post("/people/小陈/end"),
    ]
    assert [each.status_code for each in ends] == [200] * 4, [each.text for each in ends]
    assert theirs.get("/me").status_code == 401
    assert ends[-1].json()["ended"]
    assert olga.post("/people/olga/end").status_code == 422, "the last owner stays"
    link = olga.post("/members/bob/invites", "link")
    assert link.json()["link"].startswith(place[1].url + "/m/")
    assert place[1].session.get(link.json()["link"], timeout=9).status_code == 200
    assert olga.post("/members/bob/invites", "link").json()["link"] == ""
    listed = olga.post("/members/bob/invites/revoke", id=link.json()["id"]).json()
    assert [bool(each["revoked"]) for each in listed] == [True]
    assert place[1].session.get(link.json()["link"], timeout=9).status_code == 404
    assert olga.post("/members/alice/invites/revoke", id=link.json()["id"]).status_code == 404
    told = kept(bench)
    secrets = [token.json()["token"], PASSWORD, link.json()["link"].rpartition("/")[2]]
    assert [secret for secret in secrets if secret in told] == []
