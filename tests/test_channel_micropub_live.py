"""django-indieweb itself: what the fake says of a Micropub site is true, by the same tests."""

from __future__ import annotations

import dataclasses
import datetime as dt
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from pipeline_bench import COMMUNITY, Bench
from pipeline_bench import article as draft
from platform_bench import ROOT, changed, media
from test_channel_micropub import (  # noqa: F401  held here by the real server
    SITE,
    Side,
    post,
    test_a_wrong_token_is_refused_and_one_without_the_scope_is_told,
    test_an_answer_cut_after_it_was_accepted_makes_no_second_post,
    test_an_edit_stays_at_its_address_and_may_be_made_again,
    test_check_lets_the_token_in_and_names_where_posts_can_be_passed_on,
    test_every_form_is_taken,
    test_no_word_of_a_draft_comes_alive,
    test_published_and_published_again_it_is_one_post,
    test_what_is_too_large_is_refused,
    test_withdrawn_twice_it_is_gone_and_a_correction_says_so,
)

from steadycast import pipeline
from steadycast.platform import Post, Refused

pytestmark = [pytest.mark.live, pytest.mark.parallel]
SCRIPT = ROOT / "tests" / "micropub.sh"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    """A new site, which ends with this module's tests."""
    folder = tmp_path_factory.mktemp("micropub")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    subprocess.run(["bash", SCRIPT, "start", folder, str(port)], check=True, timeout=300)
    tokens = [(folder / name).read_text() for name in ("token", "reader")]
    yield Side(f"http://127.0.0.1:{port}/indieweb/micropub/", *tokens)
    subprocess.run(["bash", SCRIPT, "stop", folder], check=True, timeout=30)


@pytest.fixture
def side(server: Side) -> Side:
    return dataclasses.replace(server)


def test_a_file_of_a_kind_that_the_site_does_not_take_is_refused(side: Side, tmp_path: Path, post: Post) -> None:  # noqa: F811
    program = media(tmp_path / "in", "attachment", "a.exe", "application/x-msdownload", b"MZ program")
    with pytest.raises(Refused, match="invalid_request"):
        side.channel(tmp_path).publish(changed(post, media=(*post.media, program)))
    assert side.copies(post.key, tmp_path) == []


def test_through_the_whole_of_steadycast_a_slot_is_served_once(
    bench: Bench, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to its post is lost; it is there once, and readers have it."""
    monkeypatch.setenv("SITE_TOKEN", side.token)
    proxy, url = side.through()
    app = bench.set_up(COMMUNITY + SITE.format(url=url), {"pgc/one.md": draft("In the library")})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20, 1)
    proxy.cut("POST .*micropub")
    assert [s.state for s in pipeline.publish(app).sent] == ["unknown"]
    bench.clock.advance(dt.timedelta(minutes=10))
    (seen,) = pipeline.verify(app, bench.clock.now()).sent
    assert seen.state == "seen"
    proxy.close()
    with urllib.request.urlopen(seen.url, timeout=20) as page:
        assert "<h1 class='p-name'>In the library</h1>" in page.read().decode()
