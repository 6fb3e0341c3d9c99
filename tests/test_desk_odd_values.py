"""Whatever an address or a form says, the desk answers: no value that somebody made up ends in a fault of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from desk_bench import KEY
from fastapi.routing import APIRoute
from pipeline_bench import SETTINGS, Bench
from starlette.testclient import TestClient
from test_desk_acts import routes

from steadycast import pipeline
from steadycast.desk.server import made
from steadycast.pipeline import invites

ODD = ("\0", "//[", "9" * 30, "-1", "9999-12-31", "0001-01-01", "a" * 5000, "daily@9999-12-31T99:99", "٣", "{}")
ASKED = {  # what a page reads of its address by itself
    "/calendar": ("view", "from", "month", "series", "channel", "draft", "skipped", "day", "ask"),
    "/drafts": ("state", "member", "form", "series", "tag", "q"),
    "/log": ("state", "channel", "day", "before"),
    "/slots/{id}": ("draft", "was", "ask"),
    "/m/{token}": ("ask",),
}
SENT = {  # what a form's route reads by itself
    "/write": ("title", "body", "tags", "series", "form", "slot", "language", "file", "base", "member", "id"),
    "/write/preview": ("title", "body", "tags", "series", "form", "slot", "language", "file", "member"),
    "/settings/series": ("name", "title", "every", "channels"),
    "/m/{token}/asks/{id}": ("answer",),
}
ENDLESS = {"/events"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[tuple[TestClient, Bench, str]]:
    """The desk itself, without a socket: what is raised in it is raised here."""
    bench = Bench(tmp_path_factory.mktemp("odd"), empty_sqlite)
    app = bench.set_up(SETTINGS, {"ugc/bob/one.md": "# One\n\nWords.\n", "pgc/two.md": "# Two\n\nWords.\n"})
    pipeline.collect(app, pipeline.now())
    pipeline.plan(app, pipeline.now())
    token = invites.make(app, "bob", "editor", pipeline.now()).token
    address = {"base_url": "http://127.0.0.1", "client": ("127.0.0.1", 50_000)}
    with TestClient(made(bench.root, KEY), follow_redirects=False, **address) as client:  # type: ignore[arg-type]
        client.get(f"/?key={KEY}")
        yield client, bench, token
    for opened in bench.opened:
        opened.close()


def _known(bench: Bench, token: str, path: str) -> dict[str, str]:
    """Values with which a route finds something."""
    slot = bench.app.ledger.slots_between(pipeline.now(), pipeline.now() + pipeline.accounts.LASTS)[0]
    number = "1" if "/asks/" in path else "pgc/two.md" if "/slots/" not in path else slot.id
    name = "site" if "channel" in path else "daily" if "series" in path else "bob"
    return {
        "id": number, "draft": "pgc/two.md", "ids": "pgc/two.md", "to": f"{slot.id} ", "series": "daily", "name": name,
        "member": "bob", "day": slot.local[:10], "verdict": "approve", "verb": "revise", "n": "0", "token": token,
        "url": "https://a.example/x", "key": "none", "marker": "none", "platform": "pages", "holds": "", "title": "T",
    }  # fmt: skip


def _address(path: str, values: dict[str, str]) -> str:
    return re.sub(r"{([a-z]+)[^}]*}", lambda found: quote(values.get(found[1], "none"), safe=""), path)


def _of(bench: Bench, method: str) -> Iterator[tuple[str, APIRoute]]:
    for path, route in routes(made(bench.root, KEY)):
        if method in (route.methods or ()) and path not in ENDLESS and not path.startswith("/api"):
            yield path, route


@pytest.mark.slow
@pytest.mark.parallel
def test_no_address_ends_in_a_fault(place: tuple[TestClient, Bench, str]) -> None:
    client, bench, token = place
    asked = 0
    for path, route in _of(bench, "GET"):
        names = {each.alias for each in route.dependant.query_params} | {*ASKED.get(path, ())}
        known = _known(bench, token, path)
        parts = [part for part in re.findall(r"{([a-z]+)", path) if part not in ("token", "key")]
        queries = [{**{n: known[n] for n in names if n in known}, name: odd} for name in sorted(names) for odd in ODD]
        addresses = [f"{_address(path, known)}?{urlencode(query)}" for query in queries]
        addresses += [_address(path, known | {part: odd}) for part in parts for odd in ODD]
        for address in addresses if not path.startswith("/m/") else addresses[:20]:
            answer = client.get(address)
            assert answer.status_code < 500, address
            asked += 1
    assert asked > 500


@pytest.mark.slow
@pytest.mark.parallel
def test_no_form_ends_in_a_fault(place: tuple[TestClient, Bench, str]) -> None:
    client, bench, token = place
    form_token = re.search(r'name="form_token" value="([^"]+)"', client.get("/me").text)
    assert form_token
    sent = 0
    for path, route in _of(bench, "POST"):
        if path.startswith(("/log-", "/m/")):  # others are counted there: see the next test
            continue
        names = [each.alias for each in (*route.dependant.body_params, *route.dependant.query_params)]
        names = [name for name in dict.fromkeys((*names, *SENT.get(path, ()))) if name != "form_token"]
        known = _known(bench, token, path)
        base = {name: known.get(name, "") for name in names} | {"form_token": form_token[1]}
        tries = [(_address(path, known), base | {name: odd}) for name in names for odd in ODD]
        tries += [(_address(path, known | {part: odd}), base) for part in re.findall(r"{([a-z]+)", path) for odd in ODD]
        tries += [(_address(path, known), base | {f"more{n}": "x" for n in range(12)})]
        for address, values in tries:
            headers = {"Sec-Fetch-Site": "same-origin", "Referer": "http://127.0.0.1/drafts"}
            answer = client.post(address, data=values, headers=headers)
            assert answer.status_code < 500, (address, values)
            sent += 1
    assert sent > 500


@pytest.mark.parametrize("address", ["/log-in?back=//[", "/drafts/%00", "/skip?series=daily&day=9999-12-31",
                                     "/settings/log?before=" + "9" * 30, "/slots/daily@9999-12-31T99:99"])  # fmt: skip
def test_an_address_that_once_was_a_fault(place: tuple[TestClient, Bench, str], address: str) -> None:
    client, _bench, _token = place
    assert client.get(address).status_code < 500


def test_a_header_that_is_no_address_is_one_of_another_site(place: tuple[TestClient, Bench, str]) -> None:
    client, _bench, _token = place
    answer = client.post("/drafts/decide", data={"ids": "x"}, headers={"Origin": "http://["})
    assert answer.status_code == 403


def test_a_members_form_with_many_fields_is_refused(place: tuple[TestClient, Bench, str]) -> None:
    client, _bench, token = place
    values = {f"more{n}": "x" for n in range(12)}
    answer = client.post(f"/m/{token}/asks/1", data=values, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 400
