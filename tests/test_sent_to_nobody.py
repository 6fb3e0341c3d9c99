"""A channel that lays what goes out into a folder, for want of a server, says so everywhere and claims no readers."""

from __future__ import annotations

import datetime as dt

import pytest
from desk_bench import Desk
from pipeline_bench import COMMUNITY, Bench, article

from steadycast import pipeline
from steadycast.errors import WARN
from steadycast.ops.check_settings import of_settings
from steadycast.ops.doctor import doctor
from steadycast.pipeline import amend

pytestmark = pytest.mark.platforms("mail")

LETTER = """
[series.daily]
every = "day at 09:00"
channels = ["letter"]

[channel.letter]
platform = "mail"
from = "news@circle.example"
"""
SERVER = 'host = "127.0.0.1"\nsecurity = "none"\nto = ["ann@there.example"]\n'


def said(bench: Bench) -> list[str]:
    return [str(each) for each in of_settings(bench.app, bench.clock.now()) if "nobody is sent" in str(each)]


def test_check_doctor_and_today_say_that_nobody_is_sent_anything(bench: Bench) -> None:
    bench.set_up(COMMUNITY + LETTER, {"pgc/one.md": article("One")})
    (line,) = said(bench)
    assert "channel.letter: without host nobody is sent anything" in line
    told = {row.where: row for row in doctor(bench.clock.now(), app=bench.open())}
    assert "limits letter" not in told, "there is no server that could have been asked"
    row = told["channel letter"]
    assert (row.severity, row.message) == (WARN, "without host nobody is sent anything")
    pipeline.collect(bench.open(), bench.clock.now())
    pipeline.publish(bench.app, draft="pgc/one.md", channel="letter")
    (receipt,) = bench.app.ledger.receipts_of(row.id or 0 for row in bench.app.ledger.deliveries()).values()
    assert receipt.seen == "file", "no far side has answered"
    with Desk(bench.root).up() as desk:
        assert "Nobody is sent anything" in desk.get("/").text


def test_a_letter_that_is_corrected_is_looked_for_at_no_address(bench: Bench) -> None:
    bench.set_up(COMMUNITY + LETTER, {"pgc/one.md": article("One")})
    pipeline.collect(bench.app, bench.clock.now())
    pipeline.publish(bench.app, draft="pgc/one.md", channel="letter")
    bench.clock.advance(dt.timedelta(hours=1))
    bench.drop("pgc/one.md", article("One", body="Other words."))
    pipeline.collect(bench.app, bench.clock.now())
    (told,) = amend.revise(bench.app, "pgc/one.md")
    assert told.said.endswith("cannot; do it by hand")


def test_with_a_server_or_where_nothing_goes_out_by_it_nothing_is_said(bench: Bench) -> None:
    bench.set_up(COMMUNITY + LETTER + SERVER)
    assert said(bench) == []
    bench.settings(COMMUNITY + LETTER + "paused = true\n")
    assert said(bench) == []
    bench.settings(COMMUNITY + LETTER.replace('["letter"]', "[]"))
    assert said(bench) == []


def test_a_form_asks_first_for_what_brings_letters_to_readers(bench: Bench) -> None:
    app = bench.set_up(COMMUNITY + LETTER)
    platform = app.platform("letter")
    assert [s.name for s in platform.asked_first] == ["from", "host", "user", "password", "to"]
    assert {s.name for s in platform.asked_later} == platform.settings.keys() - {s.name for s in platform.asked_first}
