"""`check` says of two channels that readers would find one where the other is; what shares an address by design is fine."""

from __future__ import annotations

import pytest
from pipeline_bench import COMMUNITY, Bench

from steadycast.errors import WARN
from steadycast.ops.check_settings import of_settings

pytestmark = pytest.mark.platforms("site", "feed", "podcast", "calendar")

SERVED = COMMUNITY + "".join(f'[channel.{name}]\nplatform = "{name}"\n' for name in ("site", "feed", "calendar"))
PODCAST = '[channel.podcast]\nplatform = "podcast"\ntitle = "Talks"\n'


def said(bench: Bench, settings: str) -> list[str]:
    bench.set_up(settings, {})
    return [str(each) for each in of_settings(bench.app, bench.clock.now()) if "the same address" in str(each)]


def test_a_podcast_and_a_feed_want_addresses_of_their_own(bench: Bench) -> None:
    (line,) = said(bench, SERVED + PODCAST)
    assert "channel.podcast: channel feed has the same address, https://readers.example/feed.xml" in line
    assert "give one of them a `url` of its own" in line
    (row,) = (each for each in of_settings(bench.app, bench.clock.now()) if "the same address" in str(each))
    assert row.severity == WARN
    assert said(bench, SERVED + PODCAST + 'url = "https://talks.example/"\n') == []


def test_a_channel_that_is_wrong_is_told_as_wrong(bench: Bench) -> None:
    assert len(said(bench, SERVED + PODCAST + 'items = "many"\n')) == 1
    told = [str(each) for each in of_settings(bench.app, bench.clock.now())]
    assert any("channel.podcast.items" in each for each in told), told
    assert said(bench, SERVED + PODCAST + "url = 5\n") == []


def test_a_site_its_feeds_and_its_calendar_share_one_address(bench: Bench) -> None:
    assert said(bench, SERVED) == []


@pytest.mark.parametrize("url", ["https://readers.example", "https://readers.example/"])
def test_two_sites_are_told_however_their_address_ends(bench: Bench, url: str) -> None:
    (line,) = said(bench, SERVED + f'[channel.second]\nplatform = "site"\nurl = "{url}"\n')
    assert "channel.second: channel site has the same address" in line


def test_without_an_address_nobody_subscribes(bench: Bench) -> None:
    assert said(bench, (SERVED + PODCAST).replace('url = "https://readers.example/"', "")) == []
