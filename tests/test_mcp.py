"""The tools for assistants, asked by the protocol's own client: on standard input and output, and over HTTP."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from api_bench import Client as Api
from api_bench import person
from desk_bench import Desk
from pipeline_bench import MORNING, SETTINGS, Bench

from steadycast import pipeline
from steadycast.pipeline import accounts
from steadycast.pipeline.permissions import Role

if TYPE_CHECKING:
    from mcp import Client  # the protocol takes a second to import: a process does when it runs one of these tests

TOOLS = {
    "status", "plan", "list_drafts", "preview_draft", "submit_draft", "approve_draft", "record", "ask_to_publish",
    "publish_answer",
}  # fmt: skip
TEXT = "---\ntitle: By an assistant\nseries: daily\n---\n\nAlong the river.\n"


@pytest.fixture
def desk(bench: Bench) -> Iterator[Desk]:
    app = bench.set_up(SETTINGS, {"ugc/bob/walk.md": "---\nseries: daily\n---\n# A walk\n\nAlong the river.\n"})
    pipeline.collect(app, MORNING)
    pipeline.plan(app, pipeline.now())
    with Desk(bench.root).up() as desk:
        yield desk


def over_http(url: str, token: str, work: Callable[[Client], Coroutine[Any, Any, None]]) -> None:
    import anyio
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    async def run() -> None:
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            async with Client(streamable_http_client(url + "/mcp", http_client=http)) as client:
                await work(client)

    anyio.run(run)


async def told(client: Client, tool: str, **asked: Any) -> Any:
    answer = await client.call_tool(tool, asked)
    assert not answer.is_error, answer
    made = answer.structured_content
    return made["result"] if made and set(made) == {"result"} else made


async def refused(client: Client, tool: str, **asked: Any) -> str:
    answer = await client.call_tool(tool, asked)
    assert answer.is_error
    return str(answer.content[0].text)  # type: ignore[union-attr]


def test_an_assistant_works_over_http_and_publishes_nothing(desk: Desk, bench: Bench) -> None:
    token = person(bench, "edith", Role.EDITOR)
    seen: dict[str, Any] = {}

    async def work(client: Client) -> None:
        assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS
        assert (await told(client, "status"))["counts"]["drafts"] == 1
        (walk,) = (await told(client, "list_drafts", shelf="inbox"))["drafts"]
        shown = await told(client, "preview_draft", id=walk["id"])
        assert [each["channel"] for each in shown["channels"]] == ["site", "far"]
        assert (await told(client, "preview_draft", markdown=TEXT))["title"] == "By an assistant"
        assert (await told(client, "approve_draft", id=walk["id"], seen=walk["revision"]))["standing"] == "planned"
        slot = next(each for each in await told(client, "plan") if each["draft"] == walk["id"])
        asked = await told(client, "ask_to_publish", slot=slot["id"])
        assert asked["address"] == f"{desk.url}/#requests"
        assert asked["request"]["standing"] == "open"
        seen["asked"] = asked["request"]["id"]
        # What it writes itself is unfinished until a person says otherwise, though an editor's is approved on arrival.
        sent = await told(client, "submit_draft", markdown=TEXT)
        assert sent["draft"]["state"] == "not-ready"
        seen["sent"] = sent
        assert "not" in await refused(client, "approve_draft", id=sent["draft"]["id"], seen=sent["draft"]["revision"])
        assert "either" in await refused(client, "preview_draft")
        assert (await told(client, "record"))["series"][0]["name"] == "daily"

    over_http(desk.url, token, work)
    assert Api(desk, token).get("/deliveries").json()["items"] == []
    assert seen["sent"]["address"].startswith(f"{desk.url}/drafts/")
    said = [(row.who, row.via, row.act) for row in accounts.audited(bench.open())]
    assert said == [("edith", "mcp", "submit"), ("edith", "mcp", "submit"), ("edith", "mcp", "decide")]
    # A person says yes on the desk, and the assistant reads it.
    assert "It went to 2 channels." in desk.post(f"/publish-requests/{seen['asked']}", on="/", answer="yes").text

    async def read(client: Client) -> None:
        answer = await told(client, "publish_answer", id=seen["asked"])
        assert answer["standing"] == "yes"
        assert {each["state"] for each in answer["places"]} == {"published"}

    over_http(desk.url, token, read)


def test_a_token_opens_the_tools_as_far_as_its_role_goes(desk: Desk, bench: Bench) -> None:
    assert requests.post(f"{desk.url}/mcp", json={}, timeout=9).status_code == 401
    assert requests.post(f"{desk.url}/mcp", json={}, headers={"Host": "evil.example"}, timeout=9).status_code == 421

    bearer = {"Authorization": f"Bearer {person(bench, 'pat', Role.READER)}", "Accept": "text/event-stream"}
    assert requests.get(f"{desk.url}/mcp", headers=bearer, timeout=9).status_code == 405, "no stream that says nothing"

    async def read(client: Client) -> None:
        assert (await told(client, "list_drafts"))["drafts"]
        assert "Reader" in await refused(client, "submit_draft", markdown=TEXT)

    over_http(desk.url, person(bench, "rita", Role.READER), read)

    async def write(client: Client) -> None:
        assert (await told(client, "submit_draft", markdown=TEXT))["draft"]["state"] == "waiting"
        assert "Member" in await refused(client, "approve_draft", id="x", seen="0" * 64)

    over_http(desk.url, person(bench, "carol", Role.MEMBER), write)


@pytest.mark.slow
@pytest.mark.parallel
def test_an_assistant_works_on_standard_input_and_output(bench: Bench) -> None:
    import anyio
    from mcp import Client, StdioServerParameters

    app = bench.set_up(SETTINGS, {"ugc/bob/walk.md": "---\nseries: daily\n---\n# A walk\n\nAlong the river.\n"})
    pipeline.collect(app, MORNING)
    token = person(bench, "rita", Role.READER)
    command = StdioServerParameters(
        command=str(Path(sys.executable).with_name("steadycast")),
        args=["mcp"],
        cwd=bench.root,
        env={"STEADYCAST_TOKEN": token},
    )

    async def run() -> None:
        async with Client(command) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS
            assert [each["title"] for each in (await told(client, "list_drafts"))["drafts"]] == ["A walk"]
            assert "Reader" in await refused(client, "submit_draft", markdown=TEXT)

    anyio.run(run)
