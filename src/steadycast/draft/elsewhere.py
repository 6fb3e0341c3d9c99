"""The pictures that a draft shows from elsewhere on the web."""

from __future__ import annotations

import re

from steadycast.draft.model import Draft
from steadycast.draft.outline import Shown, outline

_MAY_SHOW = re.compile(r"\]\(\s*<?https?://|\]:\s*<?https?://|<img\b", re.IGNORECASE)


def from_elsewhere(draft: Draft) -> list[Shown]:
    """Each address once, in order; lines are the file's. Bodies that surely show none are not parsed."""
    if not _MAY_SHOW.search(draft.body):
        return []
    shown = (file for file in outline(draft.body, of_html=draft.of_html).files if file.role == "image")
    web: dict[str, Shown] = {}
    for file in shown:
        if file.ref.lower().startswith(("http://", "https://")):
            web.setdefault(file.ref, file)
    return [Shown(f.role, f.ref, f.alt, draft.body_line + f.line - 1) for f in web.values()]
