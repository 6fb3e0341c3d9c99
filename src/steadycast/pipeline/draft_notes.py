"""What is told of drafts before their hour: slips, a title for many, what channels take not, files nobody names."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from steadycast.crash_safety import cache_files
from steadycast.draft import Draft, place
from steadycast.draft.decoding import shown
from steadycast.draft.named_files import role_of
from steadycast.errors import BAD, WARN, DraftError, InputError, Problem
from steadycast.intake.folder import OtherFile
from steadycast.language import N_, listed, ngettext
from steadycast.language import gettext as _
from steadycast.pipeline.app import App
from steadycast.pipeline.posts import call_of, page_url
from steadycast.platform import Platform
from steadycast.render.compose import Target, fits
from steadycast.render.post_media import SAY_FOCAL
from steadycast.render.prepared_body import prepare
from steadycast.render.wording import Words
from steadycast.schedule.model import Form

TOLD = "others.json"  # the harmless problems that the last look told
MANY = 3  # drafts of one title: two are a pair (part one and two), three are a mistake. Of one note: too many to list
DESCRIBE = N_("say what is to be seen, for who cannot see it: ![words](picture.jpg); of a cover: cover_alt")


def notes_of(draft: Draft) -> Iterator[Problem]:
    """What was noticed while `draft` was read; of one line each thing once."""
    for note in dict.fromkeys(draft.notes):
        yield Problem(str(draft.path), note.line, note.message, note.hint, severity=WARN if note.harmless else BAD)


def without_alt(draft: Draft) -> Iterator[Problem]:
    """Asks for the words of pictures that have none: who cannot see one is told nothing of it."""
    shown_twice = {ref.ref for ref in draft.media if ref.alt}
    bare = [ref for ref in draft.media if ref.role in ("cover", "image") and not ref.alt and ref.ref not in shown_twice]
    bare = list({ref.ref: ref for ref in bare}.values())
    if bare:
        named = shown(bare[0].ref)
        said = ngettext(
            "the picture %(name)s has no description",
            "%(num)s pictures have no description: %(name)s first",
            len(bare),
            name=named,
        )
        yield Problem(str(draft.path), bare[0].line, said, _(DESCRIBE), severity=WARN)


def gathered(found: Iterable[Problem]) -> Iterator[Problem]:
    """What was found, where many drafts have a note in common that one: the first of them, with how many there are.

    Nearly every cover is cropped somewhere, and an archive has no descriptions: a line for each would hide the rest.
    """
    alike: dict[tuple[str, str], list[Problem]] = defaultdict(list)
    common = {_(DESCRIBE), _(SAY_FOCAL)}
    for problem in found:
        if problem.hint in common:
            alike[problem.channel, problem.hint].append(problem)
        else:
            yield problem
    for first, *others in alike.values():
        if len(others) + 1 < MANY:
            yield from (first, *others)
            continue
        also, more = listed(each.where for each in others[:2]), len(others) - 2
        said = N_("%(said)s; the same in %(also)s")
        if more:
            said = N_("%(said)s; the same in %(also)s and %(more)s more")
        yield replace(first, message=_(said, said=first.message, also=also, more=more))


class Titles:
    """Drafts by their titles: an archive whose titles are its section headings has one for all."""

    def __init__(self, drafts: Iterable[Draft] = ()) -> None:
        self._paths: dict[str, list[str]] = {}
        for draft in drafts:
            self.add(draft)

    def add(self, draft: Draft) -> None:
        """Counts one that may go out."""
        if draft.ready:
            self._paths.setdefault(draft.title, []).append(str(draft.path))

    def add_known(self, title: str, path: str) -> None:
        """Counts one that was there before, where one that was added has its title."""
        if title in self._paths:
            self._paths[title].append(path)

    def problems(self) -> Iterator[Problem]:
        """One for each title that many have."""
        for title, paths in self._paths.items():
            if len(paths) >= MANY:
                also, more = listed(paths[1:3]), len(paths) - 3
                said = N_("%(num)s drafts have the title %(title)s: this one, %(also)s")
                if more:
                    said = N_("%(num)s drafts have the title %(title)s: this one, %(also)s and %(more)s more")
                said = _(said, num=len(paths), title=shown(title), also=also, more=more)
                yield Problem(paths[0], None, said, _("give each its own `title:`"), severity=WARN)


def unfit(app: App, draft: Draft, now: dt.datetime) -> list[DraftError]:
    """What of `draft` would fail on the channels that its series go to; each fault once."""
    workspace, notes = app.workspace, not app.readonly
    body = prepare(draft, workspace.media, workspace.cache, base=workspace.community.url, keeps=False, notes=notes)
    found: dict[str, DraftError] = {}
    for target, platform in _targets(app, draft, now):
        for fault in fits(body, platform, target, now=now):
            found.setdefault(fault.message, replace_line(fault, draft))
    return list(found.values())


def crowded(app: App, draft: Draft, now: dt.datetime) -> list[DraftError]:
    """Titles beside which no text has room, and what else the words alone tell: nothing is read or drawn for it."""
    found: dict[str, DraftError] = {}
    for target, platform in _targets(app, draft, now):
        if platform.render.compose:
            words = Words(draft, platform, target)
            words.check_room()
            found |= {fault.message: replace_line(fault, draft) for fault in words.faults}
    return list(found.values())


def _targets(app: App, draft: Draft, now: dt.datetime) -> Iterator[tuple[Target, Platform]]:
    """Each channel that the draft may come on, with a page of its own as long as the real one will be."""
    slot = likely_slot(app, draft)
    for channel in channels_for(app, draft):
        if platform := app.usable(channel):  # else: reported already
            page = page_url(app, slot, lambda _: "", app.workspace.channels) if platform.render.compose else ""
            at = slot if platform.call != "qr" else ""  # however long a code's address is: one picture serves all looks
            call = call_of(app, draft, channel, slot.partition("@")[0], at)
            yield Target(channel, published=now, canonical_url=page, call=call), platform


NO_HOUR = "YYYY-MM-DDTHH:MM"  # as long as one


def likely_slot(app: App, draft: Draft) -> str:
    """A slot such as the draft will have, so that its page's address is as long: of the longest series' name.

    It names no hour: none is known yet, and one that is made up would be taken for it.
    """
    series = app.workspace.series.values()
    names = [each.name for each in series if draft.form in each.forms and each.meant_by(draft.series)]
    return f"{max(names, key=len, default='preview')}@{NO_HOUR}"


def channels_for(app: App, draft: Draft) -> list[str]:
    """The channels on which a draft may come: those of each series it could serve, less those it leaves out."""
    found: dict[str, None] = {}
    for series in app.workspace.series.values():
        if draft.form in series.forms and series.meant_by(draft.series):
            found |= dict.fromkeys(series.channels)
    wanted = [c for c in found if not draft.channels.get(c, {}).get("skip")]
    return [c for c in wanted if (platform := app.usable(c)) and draft.form in platform.forms]


_NO_SERIES = {
    Form.ARTICLE: N_("No series takes articles, so this draft would never go out."),
    Form.AUDIO: N_("No series takes audio, so this draft would never go out."),
    Form.VIDEO: N_("No series takes video, so this draft would never go out."),
    Form.EVENT: N_("No series takes events, so this draft would never go out."),
}


def forms_taken(app: App) -> frozenset[Form]:
    """The forms that some series takes; all of them where there is no series, as a person sends each draft by hand."""
    return frozenset(form for each in app.workspace.series.values() for form in each.forms) or frozenset(Form)


def without_series(app: App, draft: Draft) -> Problem | None:
    """What to tell of a draft whose form no series takes."""
    if draft.form in forms_taken(app):
        return None
    hint = _("tick this form at a series, in the settings; or choose another form for the draft")
    return Problem(str(draft.path), None, _(_NO_SERIES[draft.form]), hint)


def replace_line(fault: DraftError, draft: Draft) -> DraftError:
    """A fault with the draft's file named as people know it."""
    return replace(fault, file=str(draft.path))


ALONE = 5  # so many sounds, videos and pictures in one folder are drafts of their own; more are somebody's store
_STORES = {"images", "image", "img", "pictures", "photos", "assets", "static", "media", "图片", "配图"}
_FORMS = {
    "audio": N_("is a sound that no draft names: it waits for a title"),
    "video": N_("is a video that no draft names: it waits for a title"),
    "image": N_("is a picture that no draft names: it waits for a title"),
}


def problems(
    app: App, others: Iterable[OtherFile], named: Collection[Path], broken: Collection[PurePosixPath]
) -> Iterator[Problem]:
    """What to say of `others`: `named` are the files that drafts show, `broken` the drafts that could not be read.

    A sound, a video or a picture alone is a draft that waits for its title. What is no draft in any form is told
    without anybody having to do anything, one line a kind and folder.
    """
    named = {*named, *_named_by_channels(app)}
    unsure = {path.parent for path in broken}  # what lies beside a broken draft may be its own
    groups: dict[tuple[PurePosixPath, str], list[PurePosixPath]] = defaultdict(list)
    for other in others:
        if other.file.resolve() not in named and not unsure.intersection(other.path.parents):
            role = role_of(other.path.name)
            groups[other.path.parent, role if role in _FORMS else other.path.suffix.lower()].append(other.path)
    for (_folder, kind), paths in sorted(groups.items()):
        store = kind == "image" and paths[0].parent.name.lower() in _STORES
        if kind in _FORMS and not store and len(paths) <= ALONE and all(map(_has_place, paths)):
            yield from (_waits(path, kind) for path in paths)
        else:
            yield _told(paths, kind)


def _named_by_channels(app: App) -> Iterator[Path]:
    """The files that channels' settings name: a podcast's picture, a list."""
    for channel in app.workspace.channels.values():
        yield from ((app.workspace.root / value).resolve() for value in channel.own.values() if isinstance(value, str))


def not_yet_told(app: App, problems: list[Problem]) -> list[Problem]:
    """Those of `problems` that the last look did not tell; a lost note of it tells them once more."""
    file = app.workspace.cache / TOLD
    try:
        told = set(cache_files.read_json(file))
    except TypeError:
        told = set()
    if told != {str(problem) for problem in problems}:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(sorted(str(problem) for problem in problems)), encoding="utf-8")
    return [problem for problem in problems if str(problem) not in told]


def _has_place(path: PurePosixPath) -> bool:
    try:
        place(path)
    except DraftError:
        return False
    return True


def _waits(path: PurePosixPath, kind: str) -> Problem:
    hint = _("`steadycast title %(path)s TITLE` makes it a draft; or name it in one", path=_quoted(path))
    return Problem(str(path), None, _(_FORMS[kind]), hint)


def _told(paths: list[PurePosixPath], kind: str) -> Problem:
    first, more = paths[0], len(paths) - 1
    also = ""
    if more:
        also = ngettext(", and %(num)s file of its kind beside it", ", and %(num)s files of its kind beside it", more)
    if kind in _FORMS:
        said, hint = _("no draft names it"), _("a draft names it in `media:`, or shows it in its text")
    else:
        said, hint = _("is no draft"), _("write drafts as .md, .txt or .docx, or keep it elsewhere")
    return Problem(str(first), None, said + also, hint, severity=WARN)


def _quoted(path: PurePosixPath) -> str:
    text = str(path)
    return text if text.isascii() and not set(text) & set(" '\"()$&;*?!") else f"'{text}'"


def is_lone(path: str) -> bool:
    """Whether a file that could not be taken in is a sound, a video or a picture, which a title would make a draft."""
    return not path.startswith("feed/") and role_of(path) in _FORMS


def give_title(app: App, file: str, title: str) -> Path:
    """Writes the draft of a lone sound, video or picture beside it; says where."""
    content = app.workspace.content.resolve()
    found = next((path for path in (Path(file).resolve(), content / file) if path.is_file()), None)
    if found is None or not found.resolve().is_relative_to(content):
        raise InputError(
            _("there is no such file below content/"), file=file, hint=_("name a sound, a video or a picture")
        )
    role = role_of(found.name)
    if role not in _FORMS:
        raise InputError(_("is no sound, video or picture"), file=file, hint=_("a text has its title in itself"))
    if not title.strip():
        raise InputError(_("the title is empty"), file=file, hint=_("write one"))
    head = [f"title: {json.dumps(' '.join(title.split()), ensure_ascii=False)}"]
    name = json.dumps(found.name, ensure_ascii=False)
    head += [f"cover: {name}" if role == "image" else f"media: {name}"]
    shown = f"![]({found.name.replace(' ', '%20')})\n" if role == "image" else ""
    draft = found.with_suffix(".md")
    try:
        made = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    except FileExistsError:
        raise InputError(
            _("a draft of that name is there"), file=draft, hint=_("name %(file)s in it", file=found.name)
        ) from None
    with os.fdopen(made, "w", encoding="utf-8") as out:
        out.write("\n".join(["---", *head, "---", "", shown]))
    return draft
