"""A channel's folder, brought to its web host: after each change, and a post counts as published once it is there."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from steadycast.crash_safety import cache_files, durable
from steadycast.errors import FarSideError, Refused, Unknown
from steadycast.language import gettext as _
from steadycast.ledger.tables import DONE, OPEN, State
from steadycast.pipeline.app import App
from steadycast.platform import Adapter, Known, Post, PostStore, Receipt
from steadycast.platform.post_files import page_path
from steadycast.upload import LocalFolder, Needs, Synced, far_manifest, known, open_far, sync
from steadycast.upload.far import Far
from steadycast.upload.syncing import until
from steadycast.workspace.settings import Upload

BROUGHT = "brought"  # a file of what the far side has


@dataclass(frozen=True, slots=True)
class Uploader:
    """One channel's way to its web host. Use it while no other process writes the channel's folder."""

    app: App
    channel: str

    @property
    def upload(self) -> Upload:
        """What steadycast.toml says of it."""
        found = self.app.known_channel(self.channel).upload
        assert found is not None  # whoever asks looked
        return found

    @property
    def owner(self) -> str:
        """Whose the files on the far side are."""
        return f"{self.app.workspace.community.name} / {self.channel}"

    def sync(self, withdrawn: str = "") -> Synced:
        """Bring the far side to the state of the folder; nothing is sent where it is there already.

        `withdrawn` is the key of the post that is just taken away. Raises LedgerError where this ledger may publish
        nothing: a copy's older folder would take away what the original has published since.
        """
        if error := self.app.ledger.objection():
            raise error
        folder = self.folder()
        with self._open() as far:
            done = sync(
                folder,
                far,
                self.owner,
                self.place,
                self._pages(),
                self._within,
                overwrite=self.upload.overwrite,
                there=lambda keys: self._out(keys - {withdrawn}),
            )
        if (there := self._state(folder)) != self._brought():
            durable.put(self._cache / BROUGHT, there)
        return done

    def owed(self) -> bool:
        """Whether the folder is another than what was last brought to the far side; asks nobody."""
        return self._state(self.folder()) != self._brought()

    def _state(self, folder: LocalFolder) -> bytes:
        """A hash of all that the far side is to have, and of where it is."""
        told = [self.place, self.owner, folder.files, folder.posts]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest().encode()

    def _brought(self) -> bytes:
        with contextlib.suppress(OSError):
            return cache_files.read(self._cache / BROUGHT, cache_files.SMALL)
        return b""

    def _out(self, keys: Collection[str]) -> set[str]:
        """Which of these posts are out by the ledger, or may be: they are taken away only where it says so."""
        if not keys:
            return set()
        now = self.app.clock.now()
        rows = self.app.ledger.deliveries(states={*OPEN, *DONE}, channels=[self.channel])
        return {row.marker for row in rows if row.state != State.DUE or row.at <= now} & set(keys)

    def has(self, key: str) -> bool:
        """Whether the far side has taken in a post, with all that shows it."""
        with self._open() as far:
            there = far_manifest(far, self.owner, self.place, self._within)
        return there is not None and key in there.posts

    def tried(self) -> int:
        """How many files of ours are there, after it was tried whether we may write; publishes nothing."""
        with self._open() as far:
            there = far_manifest(far, self.owner, self.place, self._within)
            far.probe(until(self._within))
        return len(there.files) if there else 0

    def folder(self) -> LocalFolder:
        """What is on this machine."""
        return LocalFolder.read(self.app.workspace.out / self.channel, self._cache / "hashes.json")

    @property
    def place(self) -> str:
        """Where the far side is, for people."""
        return self.upload.target.place

    @property
    def _within(self) -> float:
        return self.upload.within.total_seconds()

    @property
    def _cache(self) -> Path:
        return self.app.workspace.cache / "upload" / self.channel

    def _pages(self) -> frozenset[str]:
        """The posts' own pages, where the platform has such."""
        platform, channel = self.app.platform(self.channel), self.app.channel(self.channel)
        if not platform.permalink:
            return frozenset()
        with PostStore.of(channel) as shelf:
            slots = shelf.slots.items()
        return frozenset(platform.permalink.format(path=page_path(slot, key)) for key, slot in slots)

    @contextlib.contextmanager
    def _open(self) -> Iterator[Far]:
        """The far side; what goes wrong names the channel, and no secret."""
        upload, work = self.upload, self.app.workspace
        try:
            if upload.target.over_ssh and not known(upload.target, work.known_hosts):
                raise Refused(unknown_host(self.channel))
            secrets = {key: self._secret(name) for key, name in upload.secrets.items()}
            http = self.app.channel(self.channel).http
            needs = Needs(
                work.out / self.channel, self._cache, work.known_hosts, secrets, http, self.app.clock.now,
                work.community.email,
            )  # fmt: skip
            with open_far(upload, needs) as far:
                yield far
        except FarSideError as error:
            said = _("upload to %(place)s: %(said)s", place=self.place, said=self.app.redact(error.message))
            error.message, error.channel = said, self.channel
            raise

    def _secret(self, name: str) -> str:
        value = self.app.find_secret(name)
        if value is None:
            raise Refused(_("the secret %(secret)s is not set: export it, or make a Secret block", secret=name))
        return self.app.redact.learn(value)


def unknown_host(channel: str) -> str:
    """What is said where nobody has looked at a host's key yet."""
    return _(
        "the key of the host is not known yet: `steadycast channel login %(name)s` shows it and asks", name=channel
    )


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An adapter that writes a folder, which is then brought to its web host."""

    adapter: Adapter
    uploader: Uploader

    def publish(self, post: Post) -> Receipt:
        """As the adapter; and the far side has it."""
        receipt = self.adapter.publish(post)
        self.uploader.sync()
        return receipt

    def find(self, post: Post, known: Known) -> Receipt | None:
        """The receipt of a post that the far side lists. One that the folder has lost is made there again."""
        receipt = self.adapter.find(post, known)
        if not self.uploader.has(post.key):
            return None
        if receipt is None and not (known.frozen or post.draft):
            raise Unknown(_("it is there, and its draft is not here to make its page again"))
        return replace(receipt or self.adapter.publish(post), seen="read-back")

    def revise(self, post: Post, known: Known) -> Receipt:
        """As the adapter; and the far side has it."""
        receipt: Receipt = self.adapter.revise(post, known)  # type: ignore[attr-defined]  # an optional verb
        self.uploader.sync()
        return receipt

    def withdraw(self, post: Post, known: Known) -> None:
        """As the adapter; and it is gone from the far side."""
        self.adapter.withdraw(post, known)  # type: ignore[attr-defined]  # an optional verb
        self.uploader.sync(withdrawn=post.key)
