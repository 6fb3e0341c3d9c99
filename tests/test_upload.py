"""How a site is brought to a web host: addresses, the order of files, our list there, signatures, and what is told."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path

import pytest
from pipeline_bench import COMMUNITY, DAILY, FAR, SITE, Bench

from steadycast.errors import Busy, InputError, Refused, SettingsError, Unknown
from steadycast.ops import upload_forms
from steadycast.ops.check import check
from steadycast.upload import LIST, LocalFolder, Manifest, Synced, known, sync, trust
from steadycast.upload.far import Until
from steadycast.upload.manifest import Chunk, chunks
from steadycast.upload.programs import Ran, run, wrong
from steadycast.upload.sigv4 import EMPTY, Key, escaped, signed
from steadycast.upload.ssh import HostKey
from steadycast.workspace import load
from steadycast.workspace.settings import Upload
from steadycast.workspace.upload_target import UploadTarget, address_of, upload_target

# Addresses.


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("sftp://ann@host.example/srv/www/", UploadTarget("sftp", "host.example", "ann", None, "/srv/www")),
        ("sftp://host.example:2222/~/www", UploadTarget("sftp", "host.example", "", 2222, "www")),
        ("sftp://host.example/~/", UploadTarget("sftp", "host.example", "", None, "")),
        ("sftp://host.example", UploadTarget("sftp", "host.example", "", None, "/")),
        ("rsync+ssh://ann@[::1]:22/www", UploadTarget("rsync+ssh", "::1", "ann", 22, "/www")),
        ("git+ssh://git@host.example/ann/site.git", UploadTarget("git+ssh", "host.example", "git", None, "/ann/site.git", "main")),
        ("git+file:///srv/site.git#web/live", UploadTarget("git+file", "", "", None, "/srv/site.git", "web/live")),
        ("s3://site.example/a/b/", UploadTarget("s3", "site.example", path="a/b")),
        ("s3://site", UploadTarget("s3", "site")),
    ],
)  # fmt: skip
def test_an_address_is_read(address: str, target: UploadTarget) -> None:
    assert upload_target(address) == target
    assert upload_target(address_of(target)) == target


@pytest.mark.parametrize(
    "address",
    [
        "ftp://host.example/www", "rsync://host.example/www", "/srv/www", "sftp:/srv", "sftp:///srv/www",
        "sftp://ann:pass@host.example/www", "sftp://host.example:port/www", "sftp://-oProxyCommand=x/www",
        "sftp://-l@host.example/www", "sftp://host.example/a/../b", "sftp://host.example/a%0ab", "sftp://h/a%22b",
        "rsync+ssh://host.example/a%60id%60", "rsync+ssh://host.example/~/-x", "sftp://host.example/www#main",
        "git+ssh://host.example/site.git#-x", "git+ssh://host.example/site.git#a..b", "git+ssh://host.example/",
        "git+file://host/srv/site.git", "s3://UPPER/x", "s3://site?x=1", "s3://",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_told(address: str) -> None:
    """Nothing in it is ever an option of a program, or a line of its own."""
    with pytest.raises(ValueError, match=r"\w{3}") as told:
        upload_target(address)
    assert "pass@" not in str(told.value)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('to = "rsync://h/x"', "rsync+ssh"),
        ('to = "s3://site"', "endpoint"),
        ('to = "sftp://h/x"\nkey = "A"\npassword = "B"', "not both"),
        ('to = "git+file:///x"\nkey = "A"', "has no key"),
        ('to = "sftp://h/x"\nendpoint = "https://s3.example"', "has no endpoint"),
        ('to = "sftp://h/x"\nwithin = "2d"', "within"),
        ('to = "sftp://h/x"\nwhere = "x"', "where"),
    ],
)
def test_wrong_settings_are_told_with_their_channel(bench: Bench, lines: str, said: str) -> None:
    with pytest.raises(SettingsError) as told:
        bench.set_up(COMMUNITY + DAILY.replace(', "far"', "") + SITE + f"\n[channel.site.upload]\n{lines}\n")
    assert said in str(told.value)
    assert "channel.site.upload" in str(told.value)


def test_a_platform_that_writes_no_folder_has_nothing_to_upload(bench: Bench) -> None:
    app = bench.set_up(COMMUNITY + DAILY + SITE + FAR + '\n[channel.far.upload]\nto = "sftp://h/x"\n')
    with pytest.raises(SettingsError, match=r"channel\.far\.upload.*writes no folder"):
        app.platform("far")
    assert any("channel.far.upload" in str(found) for found in check(bench.clock.now(), root=bench.root))


def test_check_says_what_a_way_lacks(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    upload = '\n[channel.site.upload]\nto = "sftp://h.example/x"\nkey = "NO_SUCH_KEY"\n'
    bench.set_up(COMMUNITY + DAILY.replace(', "far"', "") + SITE + upload)
    found = [str(each) for each in check(bench.clock.now(), root=bench.root)]
    assert any("NO_SUCH_KEY is not set" in each for each in found)
    assert any("steadycast channel login site" in each for each in found)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = [str(each) for each in check(bench.clock.now(), root=bench.root)]
    assert any("sftp, ssh" in each for each in found)


# The order of files, and our list.


class Memory:
    """A far side that is cut after so many changes."""

    whole = False

    def __init__(self, files: dict[str, bytes], root: Path) -> None:
        self.files, self.root, self.left = files, root, 10**9

    def read(self, until: Until) -> bytes | None:
        return self.files.get(LIST)

    def taken(self, names: Collection[str], until: Until) -> set[str]:
        return set(names) & set(self.files)

    def probe(self, until: Until) -> None:
        raise AssertionError

    def apply(self, chunk: Chunk, until: Until) -> None:
        if chunk.before is not None:
            self._change(LIST, chunk.before)
        for name in (*chunk.new, *chunk.changed):
            self._change(name, (self.root / name).read_bytes())
        for name in chunk.gone:
            self._change(name, None)
        if chunk.after is not None:
            self._change(LIST, chunk.after)

    def _change(self, name: str, data: bytes | None) -> None:
        if self.left == 0:
            raise Unknown("cut")
        self.left -= 1
        if data is None:
            self.files.pop(name, None)
        else:
            self.files[name] = data
        for list_ in ("index.html", "tags/a.html"):
            links = self.files.get(list_, b"").decode().split()
            assert [link for link in links if link not in self.files] == [], f"{list_} after {name}"


def write_site(root: Path, pages: dict[str, str]) -> None:
    """A site of these pages, of which every list names all."""
    for file in [each for each in root.rglob("*") if each.is_file()]:
        file.unlink()
    for name, text in pages.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "tags").mkdir(exist_ok=True)
    (root / "index.html").write_text("\n".join([*pages, *(["tags/a.html"] if pages else [])]))
    if pages:
        (root / "tags" / "a.html").write_text("\n".join(pages))


@pytest.mark.parametrize("seed", range(12))
def test_whatever_changes_and_wherever_it_is_cut_no_list_leads_nowhere(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sites that grow, change and shrink, each upload cut at a random change and then taken up again."""
    monkeypatch.setattr("steadycast.upload.syncing.FILES", 3)
    chance, root = random.Random(seed), tmp_path / "out"
    root.mkdir()
    foreign = {"owner.txt": b"x", "daily/owner.html": b"y"}
    far, pages = Memory(dict(foreign), root), dict[str, str]()

    def upload() -> Synced:
        folder = LocalFolder.read(root, tmp_path / "hashes.json")
        return sync(folder, far, "me", "there", frozenset(pages), 60.0, overwrite=False)

    for n in range(12):
        for name in [each for each in pages if chance.random() < 0.25]:
            del pages[name]
        for name in [each for each in pages if chance.random() < 0.25]:
            pages[name] = f"changed {n}"
        pages |= {f"daily/{n}-{k}.html": f"new {n}" for k in range(chance.randrange(4))}
        write_site(root, pages)
        far.left = chance.randrange(12)
        for _try in range(50):
            try:
                upload()
                break
            except Unknown:
                far.left = chance.randrange(8, 20)
        far.left = 10**9
        upload()
        mine = {name: (root / name).read_bytes() for name in LocalFolder.read(root, tmp_path / "hashes.json").files}
        assert {name: data for name, data in far.files.items() if name != LIST} == mine | foreign
        far.left = 0
        assert upload() == Synced()


def test_an_upload_that_takes_too_long_goes_on_where_it_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steadycast.upload.syncing.FILES", 2)
    monkeypatch.setattr("steadycast.upload.syncing.LEAST", 10**6)
    root = tmp_path / "out"
    root.mkdir()
    write_site(root, {f"daily/{n}.html": "x" for n in range(3)})
    far = Memory({}, root)
    folder = LocalFolder.read(root, tmp_path / "hashes.json")
    counts = []
    for _try in range(2):
        with pytest.raises(Busy, match="it goes on there"):
            sync(folder, far, "me", "there", frozenset(), 60.0, overwrite=False)
        counts.append(len(far.files) - 1)
    assert sync(folder, far, "me", "there", frozenset(), 60.0, overwrite=False) == Synced(1, 0)
    assert counts == [2, 4]


def test_a_list_is_whole_before_and_after_each_portion() -> None:
    """What is begun stands in it as such: a cut leaves nothing that would be taken for somebody else's."""
    have = Manifest("me", {"a": "1", "b": "1", "c": "1"}, {"k": "1"})
    want = Manifest("me", {"a": "1", "b": "2", "n": "1"}, {"k": "2"})
    first, last = chunks(have, want, {"b": 1, "n": 1}, frozenset(), 1, 100)
    assert (first.new, first.changed, first.gone) == (("n",), (), ())
    assert (last.new, last.changed, last.gone, last.before) == ((), ("b",), ("c",), None)
    read = [Manifest.read(data, "") for data in (first.before, first.after, last.after) if data]
    assert read[0].files == {"a": "1", "b": "1", "c": "", "n": ""}
    assert read[1].files == {"a": "1", "b": "~", "c": "", "n": "1"}
    assert [each.posts for each in read] == [{"k": "1"}, {"k": "1"}, {"k": "2"}]
    assert read[2] == want


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{}", b"[]", b'{"steadycast": 2, "owner": "me", "files": {}, "posts": {}}',
        b'{"steadycast": 1, "owner": "me", "files": {"../x": "1"}, "posts": {}}',
        b'{"steadycast": 1, "owner": "me", "files": {"/etc/x": "1"}, "posts": {}}',
        b'{"steadycast": 1, "owner": "me", "files": {"a\\nb": "1"}, "posts": {}}',
        b'{"steadycast": 1, "owner": "me", "files": {"a": 1}, "posts": {}}',
    ],
)  # fmt: skip
def test_a_list_that_somebody_changed_takes_nothing_away(data: bytes) -> None:
    with pytest.raises(Refused, match="not as Steadycast wrote it"):
        Manifest.read(data, "there")


def test_a_folder_is_read_without_what_is_hidden_or_leads_elsewhere(tmp_path: Path) -> None:
    root = tmp_path / "out"
    (root / "posts").mkdir(parents=True)
    (root / "a.html").write_text("a")
    (root / ".b").write_text("hidden")
    (root / "c").symlink_to("/etc/passwd")
    for name in ("k.json", "index.json"):
        (root / "posts" / name).write_text("{}")
    for _again in range(2):
        found = LocalFolder.read(root, tmp_path / "hashes.json")
        assert found.files == {"a.html": hashlib.sha256(b"a").hexdigest()}
        assert list(found.posts) == ["k"]
    (root / "a.html").write_text("b")
    assert LocalFolder.read(root, tmp_path / "hashes.json").files["a.html"] == hashlib.sha256(b"b").hexdigest()


# Signatures: the examples of the S3 API's documentation, “Signature Calculations for the Authorization Header”.

EXAMPLE = Key("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
THEN = dt.datetime(2013, 5, 24, tzinfo=dt.UTC)
HOST = "https://examplebucket.s3.amazonaws.com"
TEXT = hashlib.sha256(b"Welcome to Amazon S3.").hexdigest()


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "signature"),
    [
        ("GET", "/test.txt", {"Range": "bytes=0-9"}, EMPTY, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        ("PUT", escaped("/test$file.text"), {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"}, TEXT, "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
        ("GET", "/?lifecycle", {}, EMPTY, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("GET", "/?max-keys=2&prefix=J", {}, EMPTY, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
    ids=["a range", "a put", "a flag", "a list"],
)  # fmt: skip
def test_a_signature_is_that_of_the_published_example(
    method: str, path: str, headers: dict[str, str], body: str, signature: str
) -> None:
    made = signed(EXAMPLE, method, f"{HOST}{path}", headers, body, THEN)
    assert made["Authorization"].endswith(f"Signature={signature}")


# What programs say.


@pytest.mark.parametrize(
    ("code", "err", "kind", "said"),
    [
        (255, "ann@h: Permission denied (publickey,password).", Refused, "let us in"),
        (1, 'dest open "/srv/x": Permission denied', Refused, "write there"),
        (255, "@@@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @@@\nHost key verification failed.", Refused, "stand between"),
        (255, "No ED25519 host key is known for h and you have requested strict checking.", Refused, "not known yet"),
        (11, "rsync: [receiver] write failed: No space left on device (28)", Refused, "no room"),
        (11, "rsync: mkstemp failed: Disk quota exceeded (122)", Refused, "no room"),
        (127, "bash: line 1: rsync: command not found", Refused, "another way"),
        (128, "fatal: 'x' does not appear to be a git repository", Refused, "its path"),
        (1, "! [remote rejected] main -> main (protected branch hook declined)", Refused, "its rules"),
        (255, "ssh: connect to host h port 22: Connection refused", Busy, "cannot be reached"),
        (255, "Connection to h closed by remote host.", Unknown, "cut off"),
        (12, "rsync error: error in rsync protocol data stream (code 12)", Unknown, "cut off"),
    ],
)  # fmt: skip
def test_what_a_program_says_is_one_of_three_errors_with_the_fix(
    code: int, err: str, kind: type[Exception], said: str
) -> None:
    made = wrong(Ran(code, "", err), changes=True)
    assert type(made) is kind
    assert said in str(made)


def test_a_program_that_is_late_is_ended_with_all_that_it_started() -> None:
    began = time.monotonic()
    with pytest.raises(Unknown, match="did not end in time"):
        run(["sh", "-c", "sleep 60 & sleep 60"], Until(began + 0.5), changes=True)
    assert time.monotonic() - began < 10
    with pytest.raises(Refused, match="not installed"):
        run(["no-such-program"], Until(began + 60), changes=True)


def test_a_program_has_no_secret_of_ours_and_ends_with_its_worker(tmp_path: Path) -> None:
    """A worker that is ended in the middle of an upload leaves nobody behind who goes on with it."""
    code = (
        "import time\nfrom steadycast.upload.programs import run\nfrom steadycast.upload.far import Until\n"
        f"run(['sh', '-c', 'env > {tmp_path}/env; echo $$ > {tmp_path}/pid; exec sleep 60'],"
        " Until(time.monotonic() + 60), changes=True)"
    )
    worker = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "SITE_PASSWORD": "hush-hush"})
    pid = tmp_path / "pid"
    for _try in range(200):
        if pid.exists() and pid.read_text().strip():
            break
        time.sleep(0.05)
    child = int(pid.read_text())
    assert "hush-hush" not in (tmp_path / "env").read_text()
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    for _try in range(100):
        status = Path(f"/proc/{child}/stat")
        if not status.exists() or status.read_text().split()[2] == "Z":
            return
        time.sleep(0.05)
    raise AssertionError("it lives")


def test_a_host_that_is_trusted_anew_has_only_its_new_keys(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    one, other = upload_target("sftp://one.example:2222/x"), upload_target("sftp://other.example/x")
    trust(one, [HostKey("[one.example]:2222 ssh-ed25519 AAAA", "ssh-ed25519", "")], file)
    trust(other, [HostKey("other.example ssh-rsa BBBB", "ssh-rsa", "")], file)
    trust(one, [HostKey("[one.example]:2222 ssh-ed25519 CCCC", "ssh-ed25519", "")], file)
    assert known(one, file) == ["[one.example]:2222 ssh-ed25519 CCCC"]
    assert known(other, file) == ["other.example ssh-rsa BBBB"]
    assert file.stat().st_mode & 0o077 == 0


def test_a_channel_without_an_upload_stays_as_it_was(bench: Bench) -> None:
    app = bench.set_up()
    assert app.platform("site").stays_here
    assert load(bench.root).channels["site"].upload is None


@pytest.mark.parametrize(
    ("way", "given_", "to"),
    [
        ("sftp", {"host": "h.example", "user": "me", "folder": "public_html"}, "sftp://me@h.example/~/public_html"),
        ("sftp", {"host": "h.example", "folder": "~/site/", "port": "22"}, "sftp://h.example/~/site"),
        ("rsync+ssh", {"host": "h.example", "folder": "/srv/www", "port": "2200"}, "rsync+ssh://h.example:2200/srv/www"),
        ("sftp", {"host": "h.example"}, "sftp://h.example/~/"),
        ("sftp", {"host": "h.example", "folder": "~"}, "sftp://h.example/~/"),
        ("sftp", {"host": "[2001:db8::1]", "folder": "/srv//www/"}, "sftp://[2001:db8::1]/srv/www"),
        ("git+ssh", {"repository": "git@git.example:club/site.git"}, "git+ssh://git@git.example/club/site.git#main"),
        ("git+ssh", {"repository": "ssh://git@git.example:2222/club/site.git", "branch": "web"},
         "git+ssh://git@git.example:2222/club/site.git#web"),
        ("git+file", {"repository": "/srv/site.git"}, "git+file:///srv/site.git#main"),
        ("s3", {"endpoint": "https://s3.example", "bucket": "site", "folder": "/a/"}, "s3://site/a"),
    ],
)  # fmt: skip
def test_fields_make_an_address_and_come_back(way: str, given_: dict[str, str], to: str) -> None:
    said = upload_forms.asked(way, given_)
    assert said["to"] == to
    names = {"access_key": "A", "secret_key": "B"} if way == "s3" else {}
    back = upload_forms.filled(Upload.model_validate({**said, **names, "overwrite": False}))
    again = {key: str(back[key]) for key in upload_forms.FIELDS[way]}
    assert upload_forms.asked(way, again)["to"] == to


@pytest.mark.parametrize(
    ("way", "given_", "said"),
    [
        ("ftp", {}, "no such way"),
        ("sftp", {}, "Host is missing"),
        ("sftp", {"host": "-oProxyCommand=x"}, "a host is a name alone"),
        ("sftp", {"host": "https://h.example"}, "a host is a name alone"),
        ("sftp", {"host": "h.example:2222"}, "a host is a name alone"),
        ("sftp", {"host": "h.example/"}, "a host is a name alone"),
        ("git+file", {"repository": "site.git"}, "begins with /"),
        ("sftp", {"host": "h.example", "port": "many"}, "Port: "),
        ("sftp", {"host": "h.example", "folder": "../etc"}, "cannot be used"),
        ("git+ssh", {"repository": "https://git.example/club/site.git"}, "git@github.com:club/site.git"),
        ("s3", {"endpoint": "s3.example", "bucket": "site"}, "Storage server: "),
    ],
)
def test_a_field_that_is_wrong_is_named(way: str, given_: dict[str, str], said: str) -> None:
    with pytest.raises(InputError) as caught:
        upload_forms.asked(way, given_)
    assert said in str(caught.value)
