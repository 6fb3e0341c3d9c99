"""The way to a far side that an address names, with what it needs: a key, a place for what is made on the way."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from steadycast.crash_safety import durable
from steadycast.upload.far import Far
from steadycast.upload.git import Git
from steadycast.upload.rsync import Rsync
from steadycast.upload.s3 import S3
from steadycast.upload.sftp import Sftp
from steadycast.upload.sigv4 import Key
from steadycast.upload.ssh import prepared
from steadycast.workspace.settings import Upload

if TYPE_CHECKING:
    from steadycast.outgoing import HttpClient


@dataclass(frozen=True, slots=True)
class Needs:
    """What a way may need of the workspace."""

    root: Path  # the channel's folder
    cache: Path  # of this channel's uploads
    known_hosts: Path
    secrets: Mapping[str, str]  # key, password, access_key, secret_key: those that are set
    http: HttpClient
    now: Callable[[], dt.datetime]
    email: str = ""


@contextmanager
def open_far(upload: Upload, needs: Needs) -> Iterator[Far]:
    """The far side that an upload's settings name, while the block lasts."""
    target, secret = upload.target, needs.secrets.get
    durable.make_folder(needs.cache)
    with tempfile.TemporaryDirectory(dir=needs.cache, prefix="now-") as folder:
        scratch = Path(folder)
        if target.scheme == "s3":
            key = Key(secret("access_key", ""), secret("secret_key", ""), upload.region)
            yield S3(target, needs.http, upload.endpoint, key, needs.root, needs.now)
        elif target.scheme == "git+file":
            yield Git(target, None, needs.root, scratch, needs.cache / "repository", needs.email)
        else:
            with prepared(target, scratch, needs.known_hosts, secret("key", ""), secret("password", "")) as ssh:
                if target.scheme == "git+ssh":
                    yield Git(target, ssh, needs.root, scratch, needs.cache / "repository", needs.email)
                else:
                    way = Sftp if target.scheme == "sftp" else Rsync
                    yield way(target, ssh, needs.root, scratch)
