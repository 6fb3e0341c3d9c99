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
from steadycast.draft.keys import COVER, COVER_ALT, FOCAL, folded
from steadycast.draft.model import AUDIO_ENDINGS, VIDEO_ENDINGS, Draft, MediaRef
from steadycast.draft.outline import Shown, outline
from steadycast.errors import DraftError
from steadycast.language import gettext as _
from steadycast.on_demand import lazy_pattern

MOST_FILES = 1000  # of one draft: each is opened, read and measured
_ROLES = {
    "image": re.compile(r"\.(?:png|jpe?g|gif|webp|avif|heic|svg|bmp|tiff?)\Z", re.IGNORECASE),
    "audio": re.compile(rf"\.(?:{AUDIO_ENDINGS})\Z", re.IGNORECASE),
    "video": re.compile(rf"\.(?:{VIDEO_ENDINGS})\Z", re.IGNORECASE),
}
_SHOWS = lazy_pattern(r"!\[|<img\b", re.IGNORECASE)
_FROM_THE_WEB = lazy_pattern(r"\]\(\s*<?https?://|\]:\s*<?https?://|<img\b", re.IGNORECASE)
# What Hugo's themes write as focal_point.
_NAMED_POINTS = {
    f"{down}{across}" or "center": (x, y)
    for down, y in (("top", 0.0), ("", 0.5), ("bottom", 1.0))
    for across, x in (("left", 0.0), ("", 0.5), ("right", 1.0))
}
_POINT = lazy_pattern(r"(\d{1,3}(?:\.\d{0,6})?|\.\d{1,6})(%?)", re.ASCII)
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
            yield _item(keys, key, item, name, keys.lines.get(f"{key}.{number}", keys.lines.get(key)))


def found(named: Iterator[MediaRef], folder: Callable[[], Folder]) -> Iterator[MediaRef]:
    """Each file of a draft's own, found, once a role; `folder` is asked for only by a draft that names one."""
    seen: set[tuple[str, str]] = set()
    for file in _said_once(list(named)):
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


def _said_once(named: list[MediaRef]) -> Iterator[MediaRef]:
    """Each as it is named first, with what another place says of the same file: its words, and its focal point."""
    words: dict[str, str] = {}
    points: dict[str, tuple[float, float] | None] = {}
    for file in named:
        words[file.ref] = words.get(file.ref) or file.alt
        points[file.ref] = points.get(file.ref) or file.focal
    for file in named:
        yield replace(file, alt=file.alt or words[file.ref], focal=file.focal or points[file.ref])


def from_elsewhere(draft: Draft) -> list[Shown]:
    """The pictures it shows from the web: each address once, in order; lines are the file's."""
    if not (_SHOWS.search(draft.body) and _FROM_THE_WEB.search(draft.body)):
        return []  # it surely shows none: no parser is asked
    web: dict[str, Shown] = {}
    for file in outline(draft.body, of_html=draft.of_html).files:
        if file.role == "image" and file.ref.lower().startswith(("http://", "https://")):
            web.setdefault(file.ref, file._replace(line=draft.body_line + file.line - 1))
    return [*web.values()]


def _cover(keys: Keys) -> Iterator[MediaRef]:
    key, value = keys.take(*COVER)
    named, words = keys.take(*COVER_ALT)
    if words and not isinstance(words, str):  # another tool's
        keys.left[named] = words
    ref, alt, point = value, words.strip() if isinstance(words, str) else "", None
    if isinstance(value, dict):
        ref = next((value[name] for name in ("image", *_FILE) if value.get(name)), "")
        alt = str(value.get("alt", "")) or alt
        point = _focal(keys, key, value)
    usable = ref and isinstance(ref, str) and not is_remote(ref)
    if usable and (folded(key) == "cover" or _ROLES["image"].search(ref)):
        yield MediaRef("cover", ref.strip(), Path(), alt, keys.lines.get(key), focal=point)
    elif value:  # a link, or another tool's word: kept as it is
        keys.left[key] = value


def with_focal(keys: Keys, files: tuple[MediaRef, ...]) -> tuple[MediaRef, ...]:
    """`files`, of which the cover, else the first picture, has the point that the head gives without naming a file."""
    key, value = keys.take(*FOCAL)
    if not value or (point := _point(value, key, keys.lines.get(key))) is None:
        return files
    of = next((f.ref for role in ("cover", "image") for f in files if f.role == role), None)
    if of is None:
        raise DraftError(
            _("%(key)s is of no picture: the draft has none", key=key),
            line=keys.lines.get(key),
            hint=_("name a cover, or take it out"),
        )
    return tuple(replace(f, focal=point) if f.ref == of else f for f in files)


def as_focal(value: Any) -> tuple[float, float] | None:
    """`0.3 0.7`, `30% 70%`, two numbers of a list or `TopLeft` as a point of a picture; None where it is none."""
    if isinstance(value, str) and (named := _NAMED_POINTS.get(value.strip().lower())):
        return named
    words = value if isinstance(value, list) else re.split(r"[\s,，、;；]+", str(value).strip())
    if len(words) != 2 or not all(isinstance(word, str | int | float) for word in words):
        return None
    found = [_POINT.fullmatch(str(word).strip()) for word in words]
    if not all(found):
        return None
    x, y = (float(each[1]) / (100 if each[2] else 1) for each in found if each)
    return (round(x, 4), round(y, 4)) if x <= 1 and y <= 1 else None


def _focal(keys: Keys, key: str, given: dict[str, Any]) -> tuple[float, float] | None:
    """The focal point in the mapping of one file, if it has one."""
    name = next((name for name in given if folded(name) in {folded(each) for each in FOCAL}), "")
    if not name or given[name] in ("", []):
        return None
    return _point(given[name], name, keys.lines.get(f"{key}.{name}", keys.lines.get(key)))


def _point(value: Any, key: str, line: int | None) -> tuple[float, float] | None:
    """The point that `value` means; None where another tool's word stands in a key of its own. Raises DraftError."""
    if (point := as_focal(value)) is not None or folded(key) != FOCAL[0]:
        return point
    said = _("%(value)s is no point of a picture", value=shown(str(value)[:60]))
    hint = _("write focal: 0.3 0.7, from the left and from the top, each from 0 to 1")
    raise DraftError(said, line=line, hint=hint)


def _item(keys: Keys, key: str, item: Any, name: str, line: int | None) -> MediaRef:
    """One entry of `media`: a file's name, or a mapping with file, role, alt and focal."""
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
    return MediaRef(role, ref.strip(), Path(), str(given.get("alt", "")), line, focal=_focal(keys, key, given))
