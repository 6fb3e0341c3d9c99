"""Kits: ready on time, confirmed by a person with the address, corrected; and the report after each act."""

from __future__ import annotations

import json
import re
from functools import partial
from importlib import import_module
from typing import Any, cast
from urllib.parse import unquote

import pytest
from pipeline_bench import COMMUNITY, DAILY, EVENING, SETTINGS, SITE, Bench, article
from publish_bench import ready, states

from steadycast import ops, pipeline
from steadycast.errors import InputError
from steadycast.ledger.tables import DeliveryRow, State
from steadycast.pipeline.app import App
from steadycast.platform.post_bytes import post_from_bytes

KIT = '[channel.hand]\nplatform = "paste"\n'


@pytest.fixture
def kit(bench: Bench) -> tuple[App, Any]:
    app = ready(bench, COMMUNITY + DAILY.replace('"far"', '"hand"') + SITE + KIT)
    bench.at(23, 20, 0)
    (handed,) = [s for s in pipeline.publish(app).sent if s.channel == "hand"]
    return app, handed


def test_a_kit_that_is_made_before_its_hour_is_due_at_it(bench: Bench) -> None:
    """The promise is the slot's day and hour; readers of the page see when it was published."""
    app = ready(bench, COMMUNITY + DAILY.replace('"far"', '"hand"') + SITE + KIT)
    bench.at(22, 23, 30)
    assert states(pipeline.publish(app, series="daily")) == {"site": "published", "hand": "handed"}
    (folder,) = (app.workspace.out / "hand").iterdir()
    assert folder.name.startswith("2026-11-23-")
    assert json.loads((folder / "kit.json").read_text())["due"] == EVENING.isoformat()
    assert "2026-11-22T23:30" in (app.workspace.out / "site/daily/2026-11-23-2000.html").read_text()


def test_a_kit_lies_ready_and_a_person_closes_it(bench: Bench, kit: tuple[App, Any]) -> None:
    app, handed = kit
    assert handed.state == "handed"
    assert handed.receipt is not None
    assert (app.workspace.out / "hand" / handed.receipt.detail["page"]).is_file()
    (waits,) = ops.status(app, bench.clock.now())["waiting"]
    url = "https://hand.example/1/abc"
    assert "is confirmed" in pipeline.confirm(app, waits["id"], url, bench.clock.now())
    assert "confirmed already" in pipeline.confirm(app, waits["id"], url, bench.clock.now())
    assert ops.status(app, bench.clock.now())["waiting"] == []


@pytest.mark.parametrize(
    ("pasted", "url"),
    [
        ("7.43 复制打开抖音，看看【读书会】的作品 https://hand.example/aBc1/ 03/12 :0pm @x.Yz", "https://hand.example/aBc1/"),
        ("读书会 发布了一篇笔记\nhttp://hand.example/a/1?x=1，复制本条信息，打开App查看", "http://hand.example/a/1?x=1"),
        ("(https://hand.example/1). From https://elsewhere.example/app", "https://hand.example/1"),
        ("https://hand.example/1 https://hand.example/1", "https://hand.example/1"),
        ("https://hand.example/1 https://hand.example/2", ""),  # which of the two?
        ("看这里 https://hand.example/", ""),
        ("看这里 https://elsewhere.example/1", ""),
        ("https://hand.example/1 " + "x" * 4_000, ""),
    ],
)  # fmt: skip
def test_the_address_is_taken_out_of_what_an_app_shares(
    bench: Bench, kit: tuple[App, Any], pasted: str, url: str
) -> None:
    app, handed = kit
    if not url:
        with pytest.raises(InputError):
            pipeline.confirm(app, handed.delivery.marker, pasted, bench.clock.now())
        return
    assert url in pipeline.confirm(app, handed.delivery.marker, pasted, bench.clock.now())
    (row,) = app.ledger.deliveries(states=[State.CONFIRMED])
    assert row.url == url


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/hand.example/1", "https://hand.example.evil.example/1", "https://hand.example@evil.example/1",
     "javascript:alert(1)", "hand.example/1", "https://hand.example/ 1", "https://nothand.example/1", "ftp://hand.example/1"],
)  # fmt: skip
def test_a_kit_is_closed_by_an_address_of_its_own_platform_only(bench: Bench, kit: tuple[App, Any], url: str) -> None:
    app, handed = kit
    with pytest.raises(InputError):
        pipeline.confirm(app, handed.delivery.marker, url, bench.clock.now())
    assert cast("DeliveryRow", app.ledger.delivery_of(handed.delivery.marker)).state == "handed"


def test_what_is_no_kit_is_not_confirmed(bench: Bench) -> None:
    app = ready(bench)
    bench.at(23, 20, 0)
    key = next(s.delivery.marker for s in pipeline.publish(app).sent if s.channel == "far")
    with pytest.raises(InputError, match="no kit lies ready"):
        pipeline.confirm(app, key, "https://far.example/1", bench.clock.now())


def test_what_can_neither_be_settled_nor_confirmed_says_what_to_do(bench: Bench, kit: tuple[App, Any]) -> None:
    """A kit is confirmed, not settled; one that is closed stays so; what is there, or was missed, has its own step."""
    app, handed = kit

    def hint(act: Any, key: Any, **more: Any) -> str:
        with pytest.raises(InputError) as slip:
            act(app, key, now=bench.clock.now(), **more)
        return str(slip.value)

    settled = partial(pipeline.settle, url="", again=True)
    assert (
        f"is handed: there is nothing to settle (post the kit, then `steadycast confirm {handed.delivery.marker}"
        in hint(settled, handed.delivery.marker)
    )
    pipeline.confirm(app, handed.delivery.marker, "https://hand.example/1/a", bench.clock.now())
    assert "(it is there: nothing is left to do)" in hint(settled, handed.delivery.marker)
    with app.ledger.write() as connection:
        connection.exec_driver_sql("UPDATE delivery SET state = 'missed'")
    told = hint(partial(pipeline.confirm, url="https://hand.example/1/b"), handed.delivery.marker)
    assert f"(`steadycast settle {handed.delivery.marker} --again` sends it after all)" in told


def test_a_mistyped_address_is_corrected_by_saying_it_again(bench: Bench, kit: tuple[App, Any]) -> None:
    """The address and its receipt change; when it was there, and so the verdict, does not."""
    app, handed = kit
    pipeline.confirm(app, handed.delivery.marker, "https://hand.example/1/a", bench.clock.now())
    before = app.ledger.delivery_of(handed.delivery.marker)
    assert before is not None
    bench.at(25, 9, 0)
    told = pipeline.confirm(app, handed.delivery.marker, "https://hand.example/1/b", bench.clock.now())
    assert "its address is https://hand.example/1/b now, was https://hand.example/1/a" in told
    after = app.ledger.delivery_of(handed.delivery.marker)
    assert after is not None
    assert (after.state, after.url) == ("confirmed", "https://hand.example/1/b")
    assert (after.finished, after.verdict) == (before.finished, before.verdict)
    assert app.ledger.receipts_of([after.id or 0])[after.id or 0].url == "https://hand.example/1/b"


def test_the_report_follows_an_act_and_opens_the_kit(bench: Bench, kit: tuple[App, Any]) -> None:
    """Once a report is kept it is written anew after an act: the kit that waits is one click away, then it is gone."""
    app, handed = kit
    page = pipeline.report(app, bench.clock.now()).page
    (link,) = re.findall(r'href="(\.\./hand/[^"]+)"', page.read_text(encoding="utf-8"))
    assert (page.parent / unquote(link)).resolve().is_file()
    pipeline.confirm(app, handed.delivery.marker, "https://hand.example/1/a", bench.clock.now())
    assert "../hand/" not in page.read_text(encoding="utf-8")


def test_a_report_that_cannot_be_written_stands_in_no_acts_way(
    bench: Bench, kit: tuple[App, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, handed = kit
    pipeline.report(app, bench.clock.now())
    monkeypatch.setattr(
        import_module("steadycast.pipeline.community_state"), "report_of", lambda *_: dict[str, Any]()["broken"]
    )
    assert "is confirmed" in pipeline.confirm(
        app, handed.delivery.marker, "https://hand.example/1/a", bench.clock.now()
    )


def test_what_is_told_is_told_in_the_communitys_wall_time(bench: Bench) -> None:
    app = ready(bench)
    bench.at(23, 20, 0)
    assert {row["when"] for row in pipeline.publish(app).rows()} == {"2026-11-23 20:00"}


def test_nothing_is_read_again_to_find_out_what_happened(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a send came to is told as it was written; only what a person named is read, once, before it is sent."""
    app = ready(bench)
    bench.at(23, 20, 0)
    for name in ("delivery", "deliveries", "titles", "receipts_of"):
        monkeypatch.setattr(type(app.ledger), name, None)
    for name in ("renew", "tick"):
        monkeypatch.setattr(import_module("steadycast.pipeline.publish"), name, lambda *_: None)
    done = pipeline.publish(app)
    assert [(row["title"], row["state"]) for row in done.rows()] == [("Draft 1", "published")] * 2
    assert all(row["link"] for row in done.rows())


def test_a_post_links_only_to_a_page_that_carries_it(bench: Bench) -> None:
    """A draft that a person sends to one channel has no page on the site: a link to one would be dead."""
    app = bench.set_up(SETTINGS, {f"pgc/{n}.md": article(f"Note {n}") for n in range(3)})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    pipeline.publish(app, series="daily")
    (alone,) = pipeline.publish(app, draft="pgc/2.md", channel="far").sent
    links = {}
    for row in app.ledger.deliveries(states=[State.PUBLISHED, State.SEEN], channels=["far"]):
        post = post_from_bytes(app.ledger.frozen([row.id or 0])[row.id or 0])
        links[row.slot == alone.slot] = post.canonical_url
    assert links[True] == ""
    assert links[False].startswith("https://readers.example/daily/")
