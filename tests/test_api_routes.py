"""The API's routes: each by each role, each as its description says, and the whole way of a draft by them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from api_bench import Client, person
from desk_bench import Desk
from fastapi.routing import APIRoute
from pictures import noise
from pipeline_bench import MORNING, SETTINGS, Bench

from steadycast import pipeline
from steadycast.api.authorization import act_of
from steadycast.api.idempotency import Change
from steadycast.api.server import ROUTERS, made
from steadycast.pipeline import accounts, hub_asks
from steadycast.pipeline.open_workspace import Opened
from steadycast.pipeline.permissions import Person, Role, may_somewhere

WEEKLY = SETTINGS + '\n[series.weekly]\ntitle = "Weekly"\nevery = "week on friday at 18:00"\nchannels = ["site"]\n'
TRUE = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "response_headers_conformance", "negative_data_rejection", "missing_required_header", "unsupported_method",
    "ignored_auth",
)  # fmt: skip
PICTURE = noise((8, 8))
KEYLESS = {"/drafts/preview"}  # it changes nothing


def routes() -> list[APIRoute]:
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


@pytest.fixture
def desk(bench: Bench) -> Iterator[Desk]:
    bench.set_up(WEEKLY, {"ugc/bob/walk.md": "---\nseries: daily\n---\n# A walk\n\nAlong the river.\n"})
    app = bench.app
    pipeline.collect(app, MORNING)
    pipeline.plan(app, pipeline.now())
    with Desk(bench.root).up() as desk:
        yield desk


@pytest.mark.slow
@pytest.mark.parallel
def test_each_route_says_what_it_does_and_lets_in_only_who_may(desk: Desk, bench: Bench) -> None:
    clients = {role: Client(desk, person(bench, role.value, role)) for role in Role}
    found = routes()
    assert len(found) > 70
    for route in found:
        act, (method,) = act_of(route), route.methods or ("",)
        assert method in ("GET", "POST")
        assert isinstance(route, Change) == (method == "POST" and route.path not in KEYLESS), route.path
        path = re.sub(r"{\w+}", "0", route.path)
        for role, client in clients.items():
            answer = client.get(path) if method == "GET" else client.post(path)
            allowed = may_somewhere(Person(role.value, role), act)
            assert (answer.status_code != 403) == allowed, (role, method, path, answer.text)
            assert answer.status_code < 500, (role, method, path, answer.text)
    changed = {(row.who, row.subject.removeprefix("POST /api/v1")) for row in accounts.audited(bench.open())}
    # Nothing else of all that asks for nothing was a change.
    pulled = {(who, path) for who in ("owner", "editor") for path in ("/arrivals/pull", "/circles/look")}
    assert changed == {("owner", "/settings/alarms/test"), ("owner", "/members/0/invites"), *pulled}


def test_a_draft_goes_all_the_way_by_the_api(desk: Desk, bench: Bench) -> None:
    edith = Client(desk, person(bench, "edith", Role.EDITOR))
    (walk,) = edith.get("/drafts", shelf="inbox").json()["items"]
    assert (walk["title"], walk["standing"], walk["member"]) == ("A walk", "waiting", "bob")
    whole = edith.get(f"/drafts/{walk['id']}").json()
    assert "Along the river." in whole["markdown"]
    assert whole["facts"]["series"] == "daily"
    assert edith.get(f"/drafts/{walk['id']}/revisions/{walk['revision']}").json()["title"] == "A walk"
    shown = edith.get(f"/drafts/{walk['id']}/preview", screens=True).json()
    assert [each["channel"] for each in shown["channels"]] == ["site", "far"]
    assert all("Along the river." in " ".join(each["text"]) for each in shown["channels"])
    assert edith.get(f"/drafts/{walk['id']}/preview", channel="nowhere").status_code == 422
    # Somebody changed it meanwhile: nothing is decided.
    stale = edith.post(f"/drafts/{walk['id']}/approve", seen="0" * 64)
    assert stale.status_code == 409
    assert stale.json()["detail"] == "The draft was changed meanwhile."
    approved = edith.post(f"/drafts/{walk['id']}/approve", seen=walk["revision"], why="good")
    assert approved.json()["standing"] == "planned", approved.text
    decision = edith.get(f"/drafts/{walk['id']}").json()["decisions"][0]
    assert (decision["who"], decision["why"]) == ("edith", "good")
    # Its slot; another one; and sent ahead of its hour.
    slots = edith.get("/slots", limit=100, series="daily").json()["items"]
    (carries,) = [each for each in slots if each["draft"] == walk["id"]]
    other = next(each for each in slots if not each["draft"] and each["open"])
    pinned = edith.post(f"/slots/{other['id']}/pin", draft=walk["id"], holds="", agreed=True)
    assert pinned.json()["now"] == other["id"].partition("T")[0], pinned.text
    assert edith.get(f"/slots/{other['id']}").json()["pinned"] is True
    assert edith.get(f"/slots/{carries['id']}").json()["draft"] == ""
    assert edith.post(f"/slots/{other['id']}/publish", holds="somebody-else").status_code == 422
    sent = edith.post(f"/slots/{other['id']}/publish", holds=walk["id"]).json()
    assert {each["channel"]: each["state"] for each in sent["deliveries"]} == {"site": "published", "far": "published"}
    log = edith.get("/deliveries").json()["items"]
    assert {each["channel"] for each in log} == {"site", "far"}
    one = edith.get(f"/deliveries/{log[0]['id']}").json()
    assert one["receipt"]["url"] == log[0]["url"]
    assert [each["kind"] for each in one["events"]][-1] == "published"
    assert edith.post(f"/deliveries/{log[0]['id']}/settle", outcome="absent").status_code == 422
    assert edith.get("/record").json()["record"]["community"] == "Test readers"
    assert edith.get("/record.csv").text.startswith("\ufeffdate,series,")
    assert edith.get("/members/bob").json()["given"][0]["fate"] == "out"
    by = [(row.who, row.act) for row in accounts.audited(bench.open())]
    assert by == [("edith", "plan"), ("edith", "plan"), ("edith", "decide")]


def test_a_text_and_its_picture_are_sent_as_they_are(desk: Desk, bench: Bench) -> None:
    """A Markdown file, a picture beside it, the text again with the picture in it; nothing is written over unseen."""
    edith, bob = Client(desk, person(bench, "edith", Role.EDITOR)), Client(desk, person(bench, "bob", Role.MEMBER))
    raw = "---\ntitle: 河边\nseries: daily\n# ours\n---\n\n早上。\n".encode()
    made = bob.send("/drafts/text", raw, "text/markdown")
    assert made.status_code == 201, made.text
    id = made.json()["id"]
    shown = bob.get(f"/drafts/{id}/text")
    assert (shown.content, shown.headers["content-type"]) == (raw, "text/markdown; charset=utf-8")
    seen = shown.headers["etag"].strip('"')
    beside = bob.send(f"/drafts/{id}/media?name=the river.png", PICTURE, "application/octet-stream", "a-picture")
    assert beside.status_code == 201, beside.text
    again = bob.send(f"/drafts/{id}/media?name=the river.png", PICTURE, "application/octet-stream", "a-picture")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert bob.send(f"/drafts/{id}/media?name=x.png", b"no picture", "application/octet-stream").status_code == 422
    more = raw + f"\n![]({beside.json()['ref']})\n".encode()
    assert bob.send(f"/drafts/{id}/text?seen={'0' * 64}", more, "text/markdown").status_code == 409
    wrote = bob.send(f"/drafts/{id}/text?seen={seen}", more, "text/markdown")
    assert wrote.status_code == 200, wrote.text
    assert wrote.json()["state"] == "waiting"
    assert bob.get(f"/drafts/{id}/text").content == more
    broken = bob.send(f"/drafts/{id}/text?seen={seen}", b"---\ntitle: [\n---\nx\n", "text/markdown")
    assert broken.status_code == 422
    (walk,) = [each for each in edith.get("/drafts", member="bob").json()["items"] if each["title"] == "A walk"]
    carol = Client(desk, person(bench, "carol", Role.MEMBER))
    for path, kind in (("text?seen=0", "text/markdown"), ("media?name=x.png", "application/octet-stream")):
        assert carol.send(f"/drafts/{walk['id']}/{path}", b"# Mine", kind).status_code == 403, path


def test_a_file_that_is_sent_is_bounded(desk: Desk, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steadycast.api.idempotency.LARGEST", 100_000)
    edith = Client(desk, person(bench, "edith", Role.EDITOR))
    (walk,) = edith.get("/drafts", member="bob").json()["items"]
    sent = edith.send(f"/drafts/{walk['id']}/media?name=x.png", PICTURE + bytes(200_000), "application/octet-stream")
    assert sent.status_code == 413, sent.text
    assert not [*(bench.root / "var/cache").glob("tmp*")]


def test_an_editor_of_one_series_does_nothing_in_another(desk: Desk, bench: Bench) -> None:
    wendy = Client(desk, person(bench, "wendy", Role.EDITOR, "weekly"))
    (walk,) = wendy.get("/drafts", shelf="inbox").json()["items"]
    daily = wendy.get("/slots", series="daily").json()["items"][0]["id"]
    weekly = wendy.get("/slots", series="weekly").json()["items"][0]["id"]
    for path in (f"/drafts/{walk['id']}/approve", f"/slots/{daily}/fill", f"/slots/{daily}/skip"):
        assert wendy.post(path).status_code == 403, path
    assert wendy.post(f"/slots/{weekly}/skip", because="a holiday").json()["series"] == "weekly"
    assert wendy.get(f"/slots/{weekly}").json()["note"] == "a holiday"
    assert wendy.post(f"/slots/{weekly}/skip", undo=True).json()["undone"] is True
    assert wendy.post(f"/slots/{daily}/pin", draft=walk["id"]).status_code == 403
    asked = hub_asks.leave(bench.root / "content", "hub", "post 3", "why", MORNING)
    for path in (f"/hub-asks/{asked.id}/done", "/circles/look"):  # of the whole community
        assert wendy.post(path).status_code == 403, path


def test_a_member_is_asked_for_a_slot_and_writes_it(desk: Desk, bench: Bench) -> None:
    edith, bob = Client(desk, person(bench, "edith", Role.EDITOR)), Client(desk, person(bench, "bob", Role.MEMBER))
    slot = edith.get("/slots", series="daily").json()["items"][3]["id"]
    made = edith.post(f"/slots/{slot}/ask", member="bob", note="on the river")
    assert made.status_code == 201, made.text
    ask = made.json()
    assert (ask["member"], ask["standing"], ask["who"], ask["note"]) == ("bob", "open", "edith", "on the river")
    assert [each["id"] for each in bob.get("/asks", member="bob").json()["items"]] == [ask["id"]]
    assert bob.post(f"/asks/{ask['id']}/withdraw").status_code == 403
    assert edith.post(f"/asks/{ask['id']}/withdraw").json()["standing"] == "withdrawn"
    assert edith.post(f"/asks/{ask['id']}/restore").json()["standing"] == "open"
    assert edith.post(f"/asks/{ask['id']}/answer", takes=True).status_code == 422, "only who is asked answers"
    assert bob.post(f"/asks/{ask['id']}/answer", takes=True).json()["standing"] == "taken"
    sent = bob.post("/drafts", markdown="# The river\n\nIt flows.\n", ask=ask["id"]).json()
    assert edith.get(f"/asks/{ask['id']}").json()["draft"] == sent["id"]
    assert edith.post(f"/drafts/{sent['id']}/approve").status_code == 200
    assert edith.get(f"/slots/{slot}").json()["draft"] == sent["id"]
    assert edith.get(f"/asks/{ask['id']}").json()["standing"] == "met"
    assert edith.get("/asks/99999").status_code == 404
    # Its pin is put back as it was; a day with a draft is left out once that is agreed.
    other = edith.get("/slots", series="daily").json()["items"][4]["id"]
    pinned = edith.post(f"/slots/{other}/pin", draft=sent["id"], agreed=True).json()
    assert edith.post(f"/drafts/{sent['id']}/pin", slot=pinned["before"]).json()["now"] == pinned["before"]
    asked = edith.post(f"/slots/{slot}/skip", because="a holiday")
    assert (asked.status_code, [each["where"] for each in asked.json()["errors"]]) == (409, [sent["id"]])
    assert edith.post(f"/slots/{slot}/skip", because="a holiday", agreed=True).status_code == 200
    assert "not out" in edith.get(f"/drafts/{sent['id']}/leaving", verb="withdraw").json()["detail"]
    assert edith.get(f"/slots/{other}/leaving").status_code == 200
    assert edith.get(f"/drafts/{sent['id']}/problems").json() == []
    assert edith.get("/unread").json() == []
    assert "tick" in {each["what"] for each in edith.get("/why").json()}


def test_an_editor_of_one_series_sends_nothing_into_another_as_a_trusted_member(desk: Desk, bench: Bench) -> None:
    """What is approved on arrival is the house's and a trusted member's alike."""
    wendy = Client(desk, person(bench, "wenda", Role.EDITOR, "weekly"))
    for member in ("", "alice"):
        for series in ("", "series: daily\n"):
            answer = wendy.post("/drafts", markdown=f"---\ntitle: Wide\n{series}---\nWords.", member=member)
            assert answer.status_code == 403, (member, series)
    answer = wendy.post("/drafts", markdown="---\ntitle: Waits\nseries: daily\n---\nWords.", member="bob")
    assert answer.json()["state"] == "waiting"


@pytest.mark.slow
@pytest.mark.parallel
def test_what_the_description_says_is_true(desk: Desk, bench: Bench) -> None:
    """Each operation, asked as the description allows and as it does not, answers as the description says."""
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis import GenerationMode
    from schemathesis.checks import CHECKS, load_all_checks
    from schemathesis.core.result import Ok

    load_all_checks()
    checks, rejection = [CHECKS.get_one(name) for name in TRUE], CHECKS.get_one("negative_data_rejection")
    headers = {"Authorization": f"Bearer {person(bench, 'olga', Role.OWNER)}"}
    schema = schemathesis.openapi.from_asgi("/openapi.json", made(Opened(bench.root), ""))
    few = settings(
        max_examples=5, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    answered: dict[str, set[int]] = {}
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        can_be_wrong = operation.body or any(True for _ in operation.iter_parameters())
        # Whatever stands for a wrong body is sent as text, and any text is a text.
        is_text = any(body.media_type.startswith("text/") for body in operation.body)
        asked = [check for check in checks if not (is_text and check is rejection)]
        for mode in GenerationMode if can_be_wrong else [GenerationMode.POSITIVE]:

            @few
            @given(case=operation.as_strategy(generation_mode=mode))
            def tried(case: Any) -> None:
                answer = case.call(headers=headers)
                # 413 refuses a body, too; the check does not know it.
                checked = [check for check in asked if answer.status_code != 413 or check is not rejection]
                case.validate_response(answer, checks=checked, headers=headers)
                answered.setdefault(operation.label, set()).add(answer.status_code)

            tried()
    assert len(answered) == len(routes())
    assert not {403, 429, 503} & set().union(*answered.values())
    assert all(200 in said for label, said in answered.items() if label.startswith("GET") and "{" not in label), (
        answered
    )


def test_a_fault_of_ours_says_nothing_of_itself_and_that_the_connection_ends(
    desk: Desk, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(desk, person(bench, "reader", Role.READER))

    def broken(*_asked: object, **_more: object) -> None:
        raise RuntimeError("var/secrets/TOKEN")

    monkeypatch.setattr("steadycast.api.today.status_of", broken)
    for _ in range(3):
        answer = client.get("/status")
        assert (answer.status_code, answer.headers.get("Connection")) == (500, "close"), answer.text
        assert answer.json()["detail"] == "This is a fault in Steadycast."
        assert "secrets" not in answer.text
