"""A title for what a member sent without one: from their own words or their file's name; else who made it, and what."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from steadycast.draft import Draft
from steadycast.language import N_, of_tag
from steadycast.pipeline.app import App
from steadycast.schedule.model import Form

LONGEST = 40  # characters of a title that is taken out of a text
LOOKED_AT = 400  # characters of a line
_SENTENCE = re.compile(r"[^。！？!?]+?(?=[。！？!?]|\.\s|\.$|$)")
_MARKS = re.compile(r"^\s*(?:[-*+>]|\d+[.)])\s+|[*_`~]{1,3}")
# What phones and chat programs call a file: it says nothing to a reader.
_OF_A_MACHINE = re.compile(
    r"(?:img|image|dsc|dscn|dscf|pxl|mvi|mov|vid|video|aud|audio|rec|recording|voice|photo|picture|screenshot|"
    r"mmexport|(?:微信)?图片|照片|录音|视频|新录音|截图|file|untitled|无标题|未命名)?[\W\d_]*(?:[0-9a-f]{8,})?",
    re.IGNORECASE,
)
_OF_FORM = {
    Form.AUDIO: N_("A recording by %(name)s"),
    Form.VIDEO: N_("A video by %(name)s"),
    Form.ARTICLE: N_("Pictures by %(name)s"),
}


def headed(text: str) -> tuple[str, str]:
    """(title, the rest) of a written text: its first line where that stands above the others like a title; else its
    first sentence, and the whole text. ("", text) where it brings a heading, or has no words.
    """
    if text.lstrip().startswith("#"):
        return "", text
    lines = text.replace("\r\n", "\n").split("\n")
    said = (" ".join(_MARKS.sub("", line[:LOOKED_AT]).split()) for line in lines)
    at, words = next(((at, line) for at, line in enumerate(said) if any(map(str.isalnum, line))), (0, ""))
    if not words:
        return "", text
    rest = "\n".join(lines[at + 1 :]).strip()
    if rest and len(words) <= LONGEST and words[-1] not in "。，,；;：:！？!?.…":
        return words, rest
    found = _SENTENCE.match(words)
    sentence = (found[0] if found else words).strip()
    return (sentence if len(sentence) <= LONGEST else f"{sentence[: LONGEST - 1]}…"), text


def of_files(app: App, member: str, draft: Draft, name: str) -> str:
    """The title of what came without words: what its sender calls the file, else whose it is and of which kind."""
    stem = " ".join(PurePosixPath(name.replace("\\", "/")).stem.replace("_", " ").split())
    if not _OF_A_MACHINE.fullmatch(stem):
        return stem
    say = of_tag(app.workspace.community.language)  # it is published: in the community's language
    return say.gettext(_OF_FORM.get(draft.form, _OF_FORM[Form.ARTICLE]), name=app.workspace.member_title(member))
