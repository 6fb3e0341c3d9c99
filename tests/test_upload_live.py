"""A site brought to real servers: OpenSSH's sshd (SFTP, rsync, Git), a bare repository, and one that speaks S3."""

from __future__ import annotations

import datetime as dt
import html
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from desk_bench import Desk, hidden
from pipeline_bench import COMMUNITY, Bench, article
from upload_bench import (
    DAILY,
    OVER_SSH,
    Community,
    Cutter,
    Far,
    FarBucket,
    FarFolder,
    FarRepository,
    Sshd,
    free_port,
    sshd,
)

from steadycast import pipeline
from steadycast.errors import BAD, OK, Busy, InputError
from steadycast.ledger.tables import State
from steadycast.ops import channel_login
from steadycast.ops.check import check
from steadycast.ops.doctor import channel as look_at
from steadycast.pipeline import amend
from steadycast.upload import Synced
from steadycast.upload.syncing import until
from steadycast.workspace.upload_target import upload_target

pytestmark = [pytest.mark.live, pytest.mark.parallel]
SCRIPT = Path(__file__).parent / "s3.sh"
DAY = dt.timedelta(days=1)
WAYS = (*OVER_SSH, "git+file", "s3")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """One sshd for this module."""
    with sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """(endpoint, folder with keys) of one server that speaks S3."""
    folder, port = tmp_path_factory.mktemp("s3"), free_port()
    subprocess.run(["bash", SCRIPT, "start", folder, str(port)], check=True, timeout=300, capture_output=True)
    yield f"http://127.0.0.1:{port}", folder
    subprocess.run(["bash", SCRIPT, "stop", folder], check=True, timeout=30)


@pytest.fixture
def make(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], Far]:
    """A far side that nobody has used yet, by the way to it."""

    def made(way: str) -> Far:
        if way == "s3":
            endpoint, keys = request.getfixturevalue("bucket")
            return FarBucket(endpoint, keys / "key", tmp_path.name)
        if way == "git+file":
            return FarRepository(tmp_path / "far.git")
        server = request.getfixturevalue("server")
        return FarRepository(tmp_path / "far.git", server) if way == "git+ssh" else FarFolder(way, server, tmp_path / "www" / "site")  # fmt: skip

    return made


@pytest.fixture
def community(bench: Bench, make: Callable[[str], Far], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Community]:
    """A community with its site on a far side that is reached in that way."""
    return lambda way: Community(bench, make(way), monkeypatch)


def no_dead_link(tree: dict[str, bytes]) -> None:
    for name, page in tree.items():
        if name == "index.html":
            assert {href for href in re.findall(r'<h2><a href="([^"]+)"', page.decode()) if href not in tree} == set()


@pytest.mark.parametrize("way", WAYS)
def test_a_site_gets_there_and_what_is_there_is_not_sent_again(community: Any, way: str) -> None:
    site = community(way)
    assert site.publish().state == State.PUBLISHED
    assert site.far.tree() == site.mine()
    assert site.uploader.sync() == Synced()
    assert site.publish(1).state == State.PUBLISHED
    assert site.far.tree() == site.mine()
    no_dead_link(site.far.tree())
    site.bench.clock.advance(dt.timedelta(minutes=10))
    pipeline.verify(site.bench.app, site.bench.clock.now())
    assert {site.row(n).state for n in (0, 1)} == {State.SEEN}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_revised_and_withdrawn_is_so_there_and_what_others_put_there_stays(community: Any, way: str) -> None:
    site = community(way)
    site.far.drop("owner.txt", b"the owner's")
    site.publish()
    site.publish(1)
    bench, before = site.bench, site.far.tree()
    bench.drop("pgc/0.md", article("Post 0", "priority: 9", body="Other words."))
    bench.clock.advance(dt.timedelta(minutes=5))
    pipeline.collect(bench.app, bench.clock.now())
    amend.revise(bench.app, "pgc/0.md")
    page = site.row().url.removeprefix("https://readers.example/")
    assert b"Other words." in site.far.tree()[page]
    assert {name for name, data in site.far.tree().items() if data != before[name]} <= {page, "index.html"}
    amend.withdraw(bench.app, "pgc/0.md", why="a wish")
    assert site.far.tree() == site.mine() | {"owner.txt": b"the owner's"}
    assert page not in site.far.tree()


@pytest.mark.parametrize("way", WAYS)
def test_a_place_that_holds_files_of_others_is_refused_until_it_is_said(community: Any, way: str) -> None:
    site = community(way)
    site.far.drop("index.html", b"the owner's")
    row = site.publish()
    assert row.state == State.REFUSED
    assert "index.html" in row.message
    assert "overwrite" in row.message
    assert site.far.tree() == {"index.html": b"the owner's"}
    site.bench.settings(site.settings("", "overwrite = true"))
    site.uploader.sync()
    assert site.far.tree() == site.mine()


@pytest.mark.parametrize("way", ["sftp", "git+file"])
def test_no_two_channels_share_a_place(community: Any, way: str) -> None:
    site = community(way)
    site.publish()
    there = site.far.tree()
    site.bench.settings(site.settings().replace('name = "Test readers"', 'name = "Others"'))
    row = site.publish(1)
    assert row.state == State.REFUSED
    assert "Test readers / site" in row.message
    assert site.far.tree() == there


@pytest.mark.parametrize("way", WAYS)
def test_a_test_of_the_channel_publishes_nothing(community: Any, way: str) -> None:
    site = community(way)
    app, now = site.bench.app, site.bench.clock.now()
    assert [found.severity for found in look_at(app, "site", now)] == [OK]
    assert site.far.tree() == {}
    site.publish()
    there = site.far.tree()
    [found] = look_at(app, "site", now)
    assert found.severity == OK
    assert f"{len(there)} files" in found.message
    assert site.far.tree() == there


@pytest.mark.parametrize("way", OVER_SSH)
def test_a_connection_that_is_cut_anywhere_is_taken_up_again(
    community: Any, server: Sshd, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut after more and more bytes: at no time a list leads to a page that is missing, and at last all is there."""
    site = community(way)
    site.publish()
    proxy = Cutter(server.port)
    through = site.far.to.replace(f":{server.port}", f":{proxy.port}")
    site.bench.settings(site.settings(through))
    site.trust(through)
    ended = set()
    for day, most in ((1, 3000), (2, 5200)):
        proxy.most = most
        row = site.publish(day)
        ended.add(row.state)
        no_dead_link(site.far.tree())
        proxy.most = 10**12
        for minutes in (10, 30):
            site.bench.clock.advance(dt.timedelta(minutes=minutes))
            pipeline.verify(site.bench.app, site.bench.clock.now())
            pipeline.publish(site.bench.app)
        assert site.row(day).state in (State.PUBLISHED, State.SEEN), site.row(day).message
        assert site.far.tree() == site.mine()
    proxy.close()
    assert ended == {State.DUE, State.UNKNOWN}  # before anything was changed, and in the middle of it


@pytest.mark.parametrize("way", OVER_SSH)
def test_a_key_that_the_host_does_not_know_is_refused_and_told_nowhere(
    community: Any, server: Sshd, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = community(way)
    server.new_key("stranger")
    stranger = (server.folder / "stranger").read_text()
    monkeypatch.setenv("SITE_KEY", stranger)
    row = site.publish()
    assert row.state == State.REFUSED
    assert "public key" in row.message
    [found] = look_at(site.bench.app, "site", site.bench.clock.now())
    assert found.severity == BAD
    monkeypatch.setenv("SITE_KEY", "no key at all")
    [found] = look_at(site.bench.app, "site", site.bench.clock.now())
    assert "private key" in found.message
    kept = [file for file in site.bench.root.rglob("*") if file.is_file() and stranger.encode()[40:90] in file.read_bytes()]  # fmt: skip
    assert not kept


def test_a_host_is_trusted_by_a_person_alone_and_one_whose_key_changed_by_nobody(
    community: Any, server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = community("sftp")
    app = site.bench.app
    app.workspace.known_hosts.unlink()
    assert any("channel login site" in str(found) for found in check(site.bench.clock.now(), root=site.bench.root))
    row = site.publish()
    assert row.state == State.REFUSED
    assert "channel login site" in row.message
    assert not app.workspace.known_hosts.exists()
    shown: list[str] = []
    with pytest.raises(InputError):
        channel_login.login(app, "site", lambda words, address: shown.append(address), lambda words: "no")
    assert not app.workspace.known_hosts.exists()
    public = subprocess.run(["ssh-keygen", "-lf", server.folder / "host.pub"], capture_output=True, text=True, check=True)  # fmt: skip
    assert public.stdout.split()[1] in shown[0]
    channel_login.login(app, "site", lambda words, address: None, lambda words: "yes")
    site.uploader.sync()
    server.stop()
    server.new_key("host")
    server.start()
    [found] = look_at(app, "site", site.bench.clock.now())
    assert "another than the one that was trusted" in found.message
    said = channel_login.login(app, "site", lambda words, address: shown.append(words), lambda words: "yes")
    assert "others than those" in " ".join(shown)
    assert said
    assert site.uploader.sync() == Synced()


def test_a_person_on_the_desk_alone_brings_a_site_to_its_host(bench: Bench, server: Sshd, tmp_path: Path) -> None:
    """Fields, effect, key, the host's keys compared, test: and the first post is there."""
    far, one = FarFolder("sftp", server, tmp_path / "www" / "site"), "/settings/channels/site"
    site = '\n[channel.site]\nplatform = "pages"\nurl = "https://readers.example/"\n'
    bench.set_up(COMMUNITY + DAILY + site, {"pgc/1.md": article("Post 1")})
    target = upload_target(far.to)
    asked = {"host": target.host, "port": str(target.port), "user": target.user, "folder": str(far.folder)}
    with Desk(bench.root).up() as desk:
        form = f"{one}/upload"
        looked = desk.post(form, form, way="sftp", **{f"setting_{key}": value for key, value in asked.items()}).text
        desk.post(form, form, **hidden(looked))
        desk.post(f"{one}/secrets", one, **{"setting_upload.key": server.key})
        assert "the key of the host is not known yet" in desk.post(f"{one}/test", one).text
        shown = desk.post(f"{one}/login", one).text
        public = subprocess.run(["ssh-keygen", "-lf", server.folder / "host.pub"], capture_output=True, text=True, check=True)  # fmt: skip
        assert html.escape(public.stdout.split()[1]) in shown
        assert "Its key was compared" in desk.post(f"{one}/login/code", one, code="yes").text
        assert "takes what is uploaded" in desk.post(f"{one}/test", one).text
        assert server.key[60:100] not in desk.get(one).text
    with bench.open() as app:
        pipeline.collect(app, app.clock.now())
        pipeline.plan(app, app.clock.now())
        assert {sent.state for sent in pipeline.publish(app, series="daily").sent} == {"published"}
    assert "index.html" in far.tree()


def test_a_password_lets_in_and_a_wrong_one_is_refused(
    community: Any, server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By every program that goes over SSH; and it lies nowhere afterwards."""
    site, password = community("sftp"), 'pass w$rd"1'
    site.far.more = ('password = "SITE_PASSWORD"',)
    server.stop()
    server.start(password=password)
    try:
        for scheme in ("sftp", "rsync+ssh"):
            site.bench.settings(site.settings(site.far.to.replace("sftp:", f"{scheme}:")))
            for given, severity in (("another one", BAD), (password, OK)):
                monkeypatch.setenv("SITE_PASSWORD", given)
                [found] = look_at(site.bench.app, "site", site.bench.clock.now())
                assert found.severity == severity, found.message
                assert given not in found.message
        assert site.publish().state == State.PUBLISHED
    finally:
        server.stop()
        server.start()
    assert site.far.tree() == site.mine()
    files = [file for file in site.bench.root.rglob("*") if file.is_file()]
    assert not [file for file in files if password.encode() in file.read_bytes()]


def test_a_folder_that_may_not_be_written_is_refused_with_the_fix(community: Any, server: Sshd) -> None:
    site = community("sftp")
    server.stop()
    server.start("internal-sftp -R")
    row = site.publish()
    server.stop()
    server.start()
    assert row.state == State.REFUSED
    assert "does not let us write there" in row.message


def test_a_server_whose_rename_replaces_nothing_is_served_too(community: Any, server: Sshd) -> None:
    site = community("sftp")
    server.stop()
    server.start("internal-sftp -P posix-rename")
    try:
        assert site.publish().state == State.PUBLISHED
        assert site.publish(1).state == State.PUBLISHED
        assert site.far.tree() == site.mine()
    finally:
        server.stop()
        server.start()


@pytest.mark.parametrize("way", ["git+ssh", "git+file"])
def test_a_branch_is_never_forced(community: Any, way: str) -> None:
    site = community(way)
    site.publish()
    upload = site.uploader.upload
    with site.uploader._open() as far:
        far.read(until(30))
        site.far.drop("CNAME", b"readers.example")
        with pytest.raises(Busy, match="pushed to the branch meanwhile"):
            from steadycast.upload.manifest import Chunk

            far.apply(Chunk(after=b"{}"), until(30))
    assert upload.target.branch == "pages"
    site.publish(1)
    assert site.far.tree() == site.mine() | {"CNAME": b"readers.example"}
    authors = site.far.git("log", "--format=%an", "pages").decode().split()
    assert authors == ["Steadycast", "owner", "Steadycast"]


def test_a_branch_with_rules_is_refused_with_the_fix(community: Any) -> None:
    site = community("git+ssh")
    hook = site.far.folder / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho protected >&2\nexit 1\n")
    hook.chmod(0o755)
    row = site.publish()
    assert row.state == State.REFUSED
    assert "does not take a push to that branch" in row.message


def test_a_bucket_refuses_with_the_fix(
    community: Any, bucket: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = community("s3")
    access, secret = (bucket[1] / "reader").read_text().split()
    wanted = {
        "may not do that": {"SITE_ACCESS": access, "SITE_SECRET": secret},
        "signature": {"SITE_SECRET": "0" * 40},
        "does not know the access key": {"SITE_ACCESS": "AKIANOBODY"},
    }
    for said, wrong in wanted.items():
        for name, value in (site.far.secrets | wrong).items():
            monkeypatch.setenv(name, value)
        [found] = look_at(site.bench.app, "site", site.bench.clock.now())
        assert said in found.message
    for name, value in site.far.secrets.items():
        monkeypatch.setenv(name, value)
    site.bench.settings(site.settings("s3://nobodys/x"))
    [found] = look_at(site.bench.app, "site", site.bench.clock.now())
    assert "no such bucket" in found.message


def test_a_person_is_asked_before_something_leaves_by_hand(community: Any) -> None:
    site = community("git+file")
    slot = site.row().slot
    assert [outcome.delivery.channel for outcome in pipeline.leaving(site.bench.app, slot=slot)] == ["site"]


def test_a_folder_that_was_lost_here_takes_nothing_away_there(community: Any) -> None:
    site = community("git+file")
    site.publish()
    site.publish(1)
    shutil.rmtree(site.bench.app.workspace.out)
    before = site.far.tree()
    row = site.publish(2)
    assert row.state == State.DUE
    assert "lacks 2 posts" in row.message
    assert site.far.tree() == before
    site.bench.clock.advance(dt.timedelta(minutes=5))
    pipeline.verify(site.bench.app, site.bench.clock.now())
    pipeline.publish(site.bench.app)
    assert site.row(2).state == State.PUBLISHED
    assert before.keys() < site.far.tree().keys()
    assert site.far.tree() == site.mine()


def test_what_was_lost_here_is_made_again_and_brought_there(community: Any) -> None:
    site = community("git+file")
    site.publish()
    before = site.far.tree()
    for file in site.far.tree():
        (site.bench.app.workspace.out / "site" / file).unlink()
    [done] = pipeline.rebuild(site.bench.app, "site")
    assert not done.problems
    assert site.far.tree() == before == site.mine()
