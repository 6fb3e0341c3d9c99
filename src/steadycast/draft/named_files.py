"""The files that a draft names: its cover, what its head lists, and what its body shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from steadycast.draft.attached import Folder, is_remote
from steadycast.draft.decoding import shown
from steadycast.draft.fields import Keys
from steadycast.draft.keys import COVER, folded
from steadycast.draft.model import AUDIO_ENDINGS, VIDEO_ENDINGS, Draft, MediaRef
from steadycast.draft.outline import Shown, outline
from steadycast.errors import DraftError
from steadycast.language import gettext as _

MOST_FILES = 1000  # of one draft: each is opened, read and measured
_ROLES = {
    "image": re.compile(r"\.(?:png|jpe?g|gif|webp|avif|heic|svg|bmp|tiff?)\Z", re.IGNORECASE),
    "audio": re.compile(rf"\.(?:{AUDIO_ENDINGS})\Z", re.IGNORECASE),
    "video": re.compile(rf"\.(?:{VIDEO_ENDINGS})\Z", re.IGNORECASE),
}
_MAY_SHOW = re.compile(r"\]\(\s*<?https?://|\]:\s*<?https?://|<img\b", re.IGNORECASE)
_FILE = ("file", "src", "path", "url")  # the keys by which a mapping names its file


def role_of(ref: str) -> str:
    """What a file of that name is for: image, audio, video, or an attachment."""
    return next((role for role, ending in _ROLES.items() if ending.search(ref)), "attachment")


def of_head(keys: Keys) -> Iterator[MediaRef]:
    """What a head names: the cover, then the media that it lists. None is looked for yet."""
    yield from _cover(keys)
    for name in ("media", "audio", "video"):
        key, value = keys.take(name)
        if name == "media" and isinstance(value, dict) and not value.keys() & _FILE:
            value = [{"role": role, "file": ref} for role, ref in value.items()]
        for number, item in enumerate(value if isinstance(value, list) else [value] if value else ()):
            yield _item(key, item, name, keys.lines.get(f"{key}.{number}", keys.lines.get(key)))


def found(named: Iterator[MediaRef], folder: Callable[[], Folder]) -> Iterator[MediaRef]:
    """Each file of a draft's own, found, once a role; `folder` is asked for only by a draft that names one."""
    seen: set[tuple[str, str]] = set()
    for file in named:
        if is_remote(file.ref) or (file.role, file.ref) in seen:
            continue
        if len(seen) == MOST_FILES:
            raise DraftError(
                _("names more than %(most)s files", most=MOST_FILES),
                line=file.line,
                hint=_("make several drafts of it"),
            )
        if (there := folder().find(file)) is not None:
            seen.add((file.role, file.ref))
            yield there


def from_elsewhere(draft: Draft) -> list[Shown]:
    """The pictures it shows from the web: each address once, in order; lines are the file's."""
    if not _MAY_SHOW.search(draft.body):
        return []  # it surely shows none: no parser is asked
    web: dict[str, Shown] = {}
    for file in outline(draft.body, of_html=draft.of_html).files:
        if file.role == "image" and file.ref.lower().startswith(("http://", "https://")):
            web.setdefault(file.ref, replace(file, line=draft.body_line + file.line - 1))
    return [*web.values()]


def _cover(keys: Keys) -> Iterator[MediaRef]:
    key, value = keys.take(*COVER)
    ref, alt = value, ""
    if isinstance(value, dict):
        ref = next((value[name] for name in ("image", *_FILE) if value.get(name)), "")
        alt = str(value.get("alt", ""))
    usable = ref and isinstance(ref, str) and not is_remote(ref)
    if usable and (folded(key) == "cover" or _ROLES["image"].search(ref)):
        yield MediaRef("cover", ref.strip(), Path(), alt, keys.lines.get(key))
    elif value:  # a link, or another tool's word: kept as it is
        keys.left[key] = value


def _item(key: str, item: Any, name: str, line: int | None) -> MediaRef:
    """One entry of `media`: a file's name, or a mapping with file, role and alt."""
    given = item if isinstance(item, dict) else {"file": item}
    ref = next((given[k] for k in _FILE if given.get(k)), "")
    if not isinstance(ref, str) or not ref.strip():
        raise DraftError(_("%(key)s names no file", key=key), line=line, hint=_("write %(key)s: voice.mp3", key=key))
    if is_remote(ref):
        said = _("%(key)s is on the web: %(address)s", key=key, address=shown(ref[:80]))
        raise DraftError(said, line=line, hint=_("put the file itself beside the draft"))
    role = str(given.get("role") or (name if name != "media" else role_of(ref)))
    if role not in {"image", "cover", "audio", "video", "attachment"}:
        raise DraftError(
            _("unknown role %(role)r", role=role), line=line, hint=_("choose image, cover, audio, video or attachment")
        )
    return MediaRef(role, ref.strip(), Path(), str(given.get("alt", "")), line)
