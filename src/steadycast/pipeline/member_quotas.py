"""What each member's drafts hold in var/media and content/, as the ledger knows it, against `intake.member_media`."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from steadycast.draft import Draft, MediaRef
from steadycast.errors import LedgerError
from steadycast.intake.quota import Quota
from steadycast.pipeline.app import App
from steadycast.schedule.model import Origin


class Quotas:
    """The quotas of one look; a member's is read when the first file of theirs is taken. The house has none."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._of: dict[str, Quota] = {}

    def take(self, draft: Draft) -> None:
        """Counts the files of a draft; DraftError where they are more than its member may hold."""
        if draft.origin is Origin.UGC and draft.media:
            files = {media.sha256: media.size for media in draft.media}
            self.of(draft.member).take(str(draft.path), files, draft.media[0].line)

    def take_file(self, member: str, file: MediaRef) -> None:
        """Counts one file that was fetched for a member."""
        if member:
            self.of(member).take(file.sha256, {file.sha256: file.size}, file.line)

    def of(self, member: str) -> Quota:
        """One member's."""
        if member not in self._of:
            held: dict[str, Mapping[str, int]] = {}
            with contextlib.suppress(*([LedgerError] if self.app.readonly else [])):  # `check` tells it apart
                held = self._held(member)
            self._of[member] = Quota(member, self.app.workspace.intake.member_media, held)
        return self._of[member]

    def _held(self, member: str) -> dict[str, Mapping[str, int]]:
        """What is in var/media of any revision, and what lies in content/ of those that are there now."""
        if not self.app.has_ledger:
            return {}
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for path, here, media in self.app.ledger.media_of(member):
            for told in media:
                stored = self.app.workspace.media / Path(told["file"]).name
                if stored.is_file():
                    found[""][stored.stem] = stored.stat().st_size
                elif here and "size" in told:
                    found[path][stored.stem] = int(told["size"])
        return dict(found)
