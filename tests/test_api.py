"""The API: who is let in, what is answered, and that a change is made once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from api_bench import Client, person
from desk_bench import KEY, Desk
from pipeline_bench import MORNING, SETTINGS, Bench

from steadycast import pipeline
from steadycast.cli import main
from steadycast.pipeline import accounts
from steadycast.pipeline.permissions import Role

TEXT = "---\ntitle: 弄堂里的早晨\nseries: daily\n---\n\n**注意：**请看\n"


@pytest.fixture
def desk(bench: Bench) -> Iterator[Desk]:
    app = bench.set_up(SETTINGS, {f"ugc/bob/{n:02}.md": f"# Number {n}\n\nWords of {n}.\n" for n in range(7)})
    pipeline.collect(app, MORNING)
    with Desk(bench.root).up() as desk:
        yield desk


def test_the_machines_own_key_opens_the_api_until_somebody_has_an_account(desk: Desk, bench: Bench) -> None:
    mine = Client(desk, KEY)
    assert mine.get("/me").json() == {"name": pipeline.who(), "role": "owner", "series": []}
    status = mine.get("/status").json()
    assert status["community"] == "Test readers"
    assert status["counts"]["drafts"] == 7
    reader = Client(desk, person(bench, "rita", Role.READER))
    assert reader.get("/me").json() == {"name": "rita", "role": "reader", "series": []}
    assert mine.get("/me").status_code == 401
    # A token that ended, none, a cookie: none of them opens anything.
    (row,) = accounts.tokens_of(bench.open(), "rita")
    accounts.revoke_token(bench.app, "rita", row.hash, pipeline.now())
    assert reader.get("/me").status_code == 401
    for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer "}, {"Authorization": "Bearer é"}):
        answer = desk.session.get(
            f"{desk.url}/api/v1/status", headers={k: v.encode("latin-1") for k, v in headers.items()}, timeout=9
        )
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert "token" in answer.json()["hint"]
    assert requests.get(f"{desk.url}/api/v1/status", headers={"Host": "evil.example"}, timeout=9).status_code == 421


def test_a_draft_is_taken_in_once_for_each_key(desk: Desk, bench: Bench) -> None:
    edith, bob = Client(desk, person(bench, "edith", Role.EDITOR)), Client(desk, person(bench, "bob", Role.MEMBER))
    first = edith.post("/drafts", "one", markdown=TEXT)
    assert first.status_code == 201, first.text
    assert first.json()["path"] == "pgc/弄堂里的早晨.md"
    assert first.json()["state"] == "approved"
    assert first.json()["where"] == "slot"
    again = edith.post("/drafts", "one", markdown=TEXT)
    assert (again.status_code, again.text) == (201, first.text)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert edith.post("/drafts", "one", markdown=TEXT + "!").status_code == 422
    assert [row.path for row in bench.open().ledger.drafts() if row.origin == "pgc"] == ["pgc/弄堂里的早晨.md"]
    # Another person's key of the same name is another key; what a member sends waits.
    sent = bob.post("/drafts", "one", markdown="# 我的一天\n\n早上好。\n")
    assert sent.status_code == 201
    assert sent.json()["state"] == "waiting"
    assert sent.json()["path"].startswith("ugc/bob/")
    assert bob.post("/drafts", markdown=TEXT, member="alice").status_code == 403
    # What is refused is answered again as well; what was not begun leaves its key free.
    bad = edith.post("/drafts", "bad", markdown="---\ntitle: [\n---\nx\n")
    assert bad.status_code == 422
    assert bad.json()["detail"]
    assert bad.json()["title"]
    assert edith.post("/drafts", "bad", markdown="---\ntitle: [\n---\nx\n").headers["Idempotency-Replayed"] == "true"
    assert edith.post("/drafts", "typo", markdwon="x").status_code == 422
    assert edith.post("/drafts", "typo", markdown="# Now it is right\n\nx\n").status_code == 201
    without = edith.session.post(f"{edith.url}/drafts", json={"markdown": "x"}, timeout=9)
    assert without.status_code == 400
    assert "uuidgen" in without.json()["hint"]
    said = [(row.who, row.via, row.act) for row in accounts.audited(bench.open())]
    assert said == [("edith", "api", "submit"), ("bob", "api", "submit"), ("edith", "api", "submit")]


def test_the_answers_that_are_kept_for_a_person_are_bounded(
    desk: Desk, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("steadycast.api.idempotency.MOST", 1)
    edith = Client(desk, person(bench, "edith", Role.EDITOR))
    assert edith.post("/drafts", "one", markdown=TEXT).status_code == 201
    more = edith.post("/drafts", "two", markdown="# Another\n\nWords.\n")
    assert (more.status_code, more.headers["Retry-After"]) == (429, "3600")
    assert edith.post("/drafts", "one", markdown=TEXT).headers["Idempotency-Replayed"] == "true"


def test_what_is_wrong_is_said_in_the_language_of_who_asks(desk: Desk, bench: Bench) -> None:
    """That of Accept-Language, else the one the person reads the desk in, else the community's."""
    rita = Client(desk, person(bench, "rita", Role.READER))
    refused = rita.post("/drafts", markdown=TEXT).json()
    assert (refused["title"], refused["detail"]) == ("Forbidden", "The role Reader may not do this (submit).")
    accounts.set_language(bench.app, "rita", "zh_Hans")
    refused = rita.post("/drafts", markdown=TEXT).json()
    assert (refused["title"], refused["detail"]) == ("没有权限", "角色“只读”不能做这件事（submit）。")
    unknown = rita.get("/slots/daily@2001-01-01T00:00").json()
    assert (unknown["title"], unknown["detail"]) == ("没有找到", "没有这个档期。")
    assert rita.get("/nothing").json()["detail"] == "没有找到"
    wrong = rita.get("/drafts", limit=0, shelf="attic", what="x").json()
    assert {each["said"] for each in wrong["errors"]} == {
        "小于 1", "没有这个字段", "不是以下任何一个：'', 'inbox', 'stock', 'reserve' or 'archive'",
    }  # fmt: skip
    rita.session.headers["Accept-Language"] = "fr, zh-TW;q=0.8, en;q=0.5"
    assert rita.get("/slots/daily@2001-01-01T00:00").json()["detail"] == "沒有這個檔期。"
    rita.session.headers["Accept-Language"] = "en-GB"
    assert rita.get("/slots/daily@2001-01-01T00:00").json()["detail"] == "There is no such slot."
    closed = requests.get(f"{desk.url}/api/v1/me", headers={"Accept-Language": "zh-CN"}, timeout=9)
    assert (closed.json()["title"], closed.json()["detail"]) == ("未授权", "需要令牌。")


def test_two_at_once_under_one_key_make_one(desk: Desk, bench: Bench) -> None:
    edith = Client(desk, person(bench, "edith", Role.EDITOR))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: edith.post("/drafts", "same", markdown=TEXT).status_code, range(4)))
    assert set(found) <= {201, 409}
    assert 201 in found
    assert len([row for row in bench.open().ledger.drafts() if row.origin == "pgc"]) == 1


def test_a_request_is_bounded_before_it_is_read(desk: Desk, bench: Bench) -> None:
    edith = Client(desk, person(bench, "edith", Role.EDITOR))
    assert edith.post("/drafts", markdown="x" * 5_000_000).status_code == 413
    pieces = (b"x" * 100_000 for _ in range(60))
    sent = edith.session.post(f"{edith.url}/drafts", data=pieces, headers={"Idempotency-Key": "k"}, timeout=30)
    assert sent.status_code == 413


def test_lists_come_a_page_at_a_time(desk: Desk, bench: Bench) -> None:
    rita = Client(desk, person(bench, "rita", Role.READER))
    path, seen = "/api/v1/drafts?shelf=inbox&limit=3", []
    while path:
        page = rita.session.get(desk.url + path, timeout=9).json()
        assert 1 <= len(page["items"]) <= 3
        seen += [row["title"] for row in page["items"]]
        path = page["next"]
    assert sorted(seen) == [f"Number {n}" for n in range(7)]
    for bad in ({"cursor": "x"}, {"cursor": "WzFd"}, {"limit": 101}, {"limit": 0}, {"shelf": "attic"}):
        assert rita.get("/drafts", **bad).status_code == 422
    assert rita.post("/drafts", markdown=TEXT).status_code == 403


def test_tokens_are_made_listed_and_revoked_by_commands(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.set_up(SETTINGS)
    person(bench, "edith", Role.EDITOR)
    monkeypatch.chdir(bench.root)

    def run(*words: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        said = capsys.readouterr()
        return f"{ended.value.code} {said.out}{said.err}"

    made = run("token", "add", "edith", "--role", "reader", "--label", "a script", "--json")
    token, id = (json.loads(made[2:])[name] for name in ("token", "id"))
    found = accounts.token(bench.open(), token, pipeline.now())
    assert found is not None
    assert (found.name, found.role) == ("edith", Role.READER)
    assert token not in run("token", "list")
    assert [row["label"] for row in json.loads(run("token", "list", "--json")[2:])] == ["a script", "test"]
    assert run("token", "revoke", id).startswith("0 ")
    assert accounts.token(bench.open(), token, pipeline.now()) is None
    assert run("token", "revoke", id).startswith("2 ")
    assert run("token", "add", "nobody", "--role", "reader").startswith("2 ")
