"""Far sides of uploads as they are: OpenSSH's own sshd on loopback, with keys and settings of its own."""

from __future__ import annotations

import contextlib
import datetime as dt
import getpass
import hashlib
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pipeline_bench import COMMUNITY, EVENING, MORNING, Bench, article

from steadycast import pipeline
from steadycast.pipeline.uploads import Uploader
from steadycast.upload import trust
from steadycast.upload.manifest import LIST
from steadycast.upload.sigv4 import Key, signed
from steadycast.upload.ssh import host_keys
from steadycast.upload.syncing import until
from steadycast.workspace.upload_target import upload_target

SSHD = "/usr/sbin/sshd"
DAY = dt.timedelta(days=1)
OVER_SSH = ("sftp", "rsync+ssh", "git+ssh")
DAILY = '\n[series.daily]\ntitle = "Daily"\nevery = "day at 20:00"\nchannels = ["site"]\nlate = "3h"\n'


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@dataclass
class Sshd:
    """A running server; `folder/key` lets in whoever has it, as the user who runs the tests."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def login(self) -> str:
        return f"{getpass.getuser()}@127.0.0.1:{self.port}"

    @property
    def key(self) -> str:
        return (self.folder / "key").read_text()

    def new_key(self, name: str) -> None:
        """Another key pair under that name, in the place of the one that was there."""
        for old in (self.folder / name, self.folder / f"{name}.pub"):
            old.unlink(missing_ok=True)
        args = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(self.folder / name)]
        subprocess.run(args, check=True)

    def start(self, sftp: str = "internal-sftp", password: str = "") -> None:
        """Run it until `stop`; `sftp` is the command of its SFTP, with options.

        With a password that alone lets in. It is root's in a copy of the passwords that only this server sees.
        """
        settings = f"""
Port {self.port}
ListenAddress 127.0.0.1
HostKey {self.folder}/host
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication {"yes" if password else "no"}
PermitRootLogin yes
PubkeyAuthentication {"no" if password else "yes"}
AuthorizedKeysFile {self.folder}/key.pub
Subsystem sftp {sftp}
"""
        (self.folder / "sshd.config").write_text(settings)
        if getpass.getuser() == "root":
            Path("/run/sshd").mkdir(exist_ok=True)  # where it puts those who are not let in yet
        with (self.folder / "log").open("ab") as log:
            args = [SSHD, "-D", "-e", "-f", str(self.folder / "sshd.config")]
            if password:
                assert getpass.getuser() == "root", "only root can give this server passwords of its own"
                kept = subprocess.run(["openssl", "passwd", "-6", password], check=True, capture_output=True, text=True)
                (self.folder / "shadow").write_text(f"root:{kept.stdout.strip()}:19000:0:99999:7:::\n")
                bound = 'mount --bind "$0" /etc/shadow && exec "$@"'
                args = ["unshare", "--mount", "sh", "-c", bound, str(self.folder / "shadow"), *args]
            self.process = subprocess.Popen(args, stdout=log, stderr=log)
        for _try in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            self.process = None


@contextlib.contextmanager
def sshd(folder: Path) -> Iterator[Sshd]:
    """A server with new keys, while the block lasts."""
    assert shutil.which(SSHD), "apt install openssh-server rsync"
    server = Sshd(folder, free_port())
    server.new_key("host")
    server.new_key("key")
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Far:
    """A far side as its owner sees it, from behind."""

    to = ""
    more: tuple[str, ...] = ()  # lines of [channel.site.upload] besides
    secrets: dict[str, str]

    def __init__(self) -> None:
        self.secrets = {}

    def tree(self) -> dict[str, bytes]:
        """Every file that is there, but for our list."""
        raise NotImplementedError

    def drop(self, name: str, data: bytes) -> None:
        """A file that its owner puts there."""
        raise NotImplementedError


class FarFolder(Far):
    """A folder of a machine that is reached over SSH."""

    def __init__(self, scheme: str, server: Sshd, folder: Path) -> None:
        super().__init__()
        self.to, self.folder = f"{scheme}://{server.login}{folder}", folder
        self.more, self.secrets = ('key = "SITE_KEY"',), {"SITE_KEY": server.key}

    def tree(self) -> dict[str, bytes]:
        files = sorted(file for file in self.folder.rglob("*") if file.is_file() and file.name != LIST)
        return {str(file.relative_to(self.folder)): file.read_bytes() for file in files}

    def drop(self, name: str, data: bytes) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(data)


class FarRepository(Far):
    """A bare repository, whose branch `pages` is what readers see."""

    def __init__(self, folder: Path, server: Sshd | None = None) -> None:
        super().__init__()
        self.folder = folder
        subprocess.run(["git", "init", "-q", "--bare", folder], check=True)
        self.to = f"git+file://{folder}#pages"
        if server:
            self.to, self.more = f"git+ssh://{server.login}{folder}#pages", ('key = "SITE_KEY"',)
            self.secrets = {"SITE_KEY": server.key}

    def git(self, *args: str, data: bytes = b"") -> bytes:
        who = [f"GIT_{role}_{what}=owner" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]
        command = ["env", *who, "git", "-C", str(self.folder), *args]
        return subprocess.run(command, check=True, capture_output=True, input=data).stdout

    def tree(self) -> dict[str, bytes]:
        if not self.git("branch", "--list", "pages"):
            return {}
        names = self.git("ls-tree", "-r", "-z", "--name-only", "pages").decode().split("\0")
        return {name: self.git("cat-file", "blob", f"pages:{name}") for name in names if name not in ("", LIST)}

    def drop(self, name: str, data: bytes) -> None:
        there = bool(self.git("branch", "--list", "pages"))
        self.git("read-tree", *(["pages"] if there else ["--empty"]))
        blob = self.git("hash-object", "-w", "--stdin", data=data).decode().strip()
        self.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{name}")
        tree = self.git("write-tree").decode().strip()
        made = self.git("commit-tree", tree, "-m", "owner", *(["-p", "pages"] if there else []))
        self.git("update-ref", "refs/heads/pages", made.decode().strip())


class FarBucket(Far):
    """A prefix of a bucket."""

    def __init__(self, endpoint: str, keys: Path, prefix: str) -> None:
        super().__init__()
        self.endpoint, self.prefix, self.to = endpoint, prefix, f"s3://site/{prefix}"
        self.more = (f'endpoint = "{endpoint}"', 'access_key = "SITE_ACCESS"', 'secret_key = "SITE_SECRET"')
        access, secret = keys.read_text().split()
        self.secrets = {"SITE_ACCESS": access, "SITE_SECRET": secret}
        self.key = Key(access, secret, "us-east-1")

    def ask(self, method: str, path: str, data: bytes = b"") -> bytes:
        url = f"{self.endpoint}/site{path}"
        kind = {"Content-Type": "text/plain"} if data else {}
        headers = signed(self.key, method, url, kind, hashlib.sha256(data).hexdigest(), dt.datetime.now(dt.UTC))
        request = urllib.request.Request(url, data or None, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return bytes(answer.read())

    def tree(self) -> dict[str, bytes]:
        found = re.findall(r"<Key>(.+?)</Key>", self.ask("GET", "").decode())
        found = [key for key in found if key.startswith(f"{self.prefix}/")]
        names = [key.removeprefix(f"{self.prefix}/") for key in found]
        return {name: self.ask("GET", f"/{self.prefix}/{name}") for name in names if name != LIST}

    def drop(self, name: str, data: bytes) -> None:
        self.ask("PUT", f"/{self.prefix}/{name}", data)


class Cutter:
    """A proxy on loopback that lets so many bytes of each connection through to the server, then cuts it."""

    def __init__(self, port: int) -> None:
        self.behind, self.most = port, 10**12
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listening.accept()
                far = socket.create_connection(("127.0.0.1", self.behind))
                for one, other, most in ((near, far, self.most), (far, near, 10**12)):
                    threading.Thread(target=self._pass, args=(one, other, most), daemon=True).start()

    @staticmethod
    def _pass(one: socket.socket, other: socket.socket, most: int) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(min(65536, most)):
                other.sendall(data)
                most -= len(data)
                if most <= 0:
                    break
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        self.listening.close()


class Community:
    """The bench's community, whose site is brought to a far side."""

    def __init__(self, bench: Bench, far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bench, self.far = bench, far
        for name, value in far.secrets.items():
            monkeypatch.setenv(name, value)
        drafts = {f"pgc/{n}.md": article(f"Post {n}", f"priority: {9 - n}", body=f"Words {n}.") for n in range(4)}
        bench.set_up(self.settings(), drafts)
        if far.to.startswith(OVER_SSH):
            self.trust()
        pipeline.collect(bench.app, MORNING)
        pipeline.plan(bench.app, MORNING)

    def settings(self, to: str = "", *more: str, channel: str = "site") -> str:
        lines = "\n".join((*self.far.more, *more))
        site = f'\n[channel.{channel}]\nplatform = "pages"\nurl = "https://readers.example/"\n'
        return f'{COMMUNITY}{DAILY}{site}\n[channel.{channel}.upload]\nto = "{to or self.far.to}"\n{lines}\n'

    def trust(self, address: str = "") -> None:
        target = upload_target(address or self.far.to)
        trust(target, host_keys(target, until(30)), self.bench.app.workspace.known_hosts)

    def publish(self, day: int = 0) -> Any:
        """The outcome of the slot of that day."""
        self.bench.clock.advance(max(EVENING + day * DAY - self.bench.clock.now(), dt.timedelta()))
        pipeline.publish(self.bench.app)
        return self.row(day)

    def row(self, day: int = 0) -> Any:
        return self.bench.app.ledger.deliveries(channels=["site"])[day]

    @property
    def uploader(self) -> Uploader:
        return Uploader(self.bench.app, "site")

    def mine(self) -> dict[str, bytes]:
        """What readers are to see."""
        out = self.bench.app.workspace.out / "site"
        return {name: (out / name).read_bytes() for name in sorted(self.uploader.folder().files)}
