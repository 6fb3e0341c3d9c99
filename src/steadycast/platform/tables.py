"""TOML tables held against the contract's own types: what is wrong is named with its key and the one that was meant."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from steadycast import reasons
from steadycast.errors import SettingsError, did_you_mean
from steadycast.language import gettext as _
from steadycast.language import listed
from steadycast.platform.contract import Limit, MediaRule, RenderRule, Setting

LIMITED = ("title", "summary", "author", "text", "html", "tag", "tags", "whole")  # whole: all of a post, its files too
ROLES = ("image", "cover", "thumb", "audio", "video", "attachment")
CHOICES: Mapping[tuple[type, str], tuple[str, ...]] = {
    (Limit, "count"): ("codepoints", "graphemes", "bytes", "utf16", "weighted", "fullwidth", "words"),
    (RenderRule, "links"): ("keep", "footnotes", "text"),
    (RenderRule, "code"): ("classes", "inline", "plain"),
    (RenderRule, "bullets"): ("native", "literal"),
    (RenderRule, "math"): ("text", "mathml"),
    (RenderRule, "text_links"): ("inline", "numbered", "drop"),
    (MediaRule, "animated"): ("gif", "webp", "png"),
    (MediaRule, "codecs"): (
        "h264",
        "hevc",
        "av1",
        "vp8",
        "vp9",
        "mpeg4",
        "aac",
        "mp3",
        "opus",
        "vorbis",
        "flac",
        "pcm_s16le",
    ),
    (Setting, "type"): ("str", "int", "bool", "url", "path", "list"),
}
# No text is empty by rule, and no number of a file or of a far side is so large that reckoning with it takes time.
BOUNDS: Mapping[tuple[type, str], tuple[int, int]] = {
    (Limit, "max"): (1, 10**9),
    (Limit, "min"): (0, 10**9),
    (Limit, "url"): (0, 10**4),
    (Limit, "bytes"): (1, 10**9),
    (MediaRule, "bytes"): (1, 10**13),
    (MediaRule, "count"): (0, 10**4),
    (MediaRule, "width"): (1, 10**5),
    (MediaRule, "height"): (1, 10**5),
    (MediaRule, "seconds"): (0, 10**7),
}


class Table:
    """A table of TOML; whoever reads one says where it stands."""

    def wrong(self, message: str, *keys: str, hint: str | None = None) -> SettingsError:
        """The error about one of its keys."""
        raise NotImplementedError

    def known(self, given: Iterable[str], allowed: Sequence[str], *table: str) -> None:
        """Raise for the first key that is not allowed, and say which was probably meant."""
        for key in given:
            if key not in allowed:
                hint = did_you_mean(key, allowed, _("known are %(known)s", known=listed(allowed)))
                where = _(" in [%(table)s]", table=".".join(table)) if table else ""
                raise self.wrong(_("unknown key %(key)r%(where)s", key=key, where=where), *table, key, hint=hint)

    def chosen(self, value: str, allowed: Sequence[str], *keys: str) -> None:
        """Raise for a word that is none of those allowed."""
        if value not in allowed:
            raise self.wrong(
                _("%(key)s = %(value)r is not known", key=keys[-1], value=value),
                *keys,
                hint=_("one of %(options)s", options=listed(allowed)),
            )

    def typed(self, type_: Any, value: Any, *keys: str) -> Any:
        """`value` as that type."""
        try:
            return _adapter(type_).validate_python(value)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            path = (*keys, *(str(k) for k in first["loc"] if isinstance(k, str)))
            raise self.wrong(f"{'.'.join(path)}: {reasons.of_model(first['msg'])}", *path) from error

    def rules(
        self, table: str, type_: type, given: Mapping[str, Any], names: Sequence[str] = (), base: Any = None
    ) -> dict[str, Any]:
        """The [table.<name>] rules of one type, each merged over the base's rule of that name."""
        if names:
            self.known(given, names, table)
        merged = dict(base or {})
        for name, rule in given.items():
            if not isinstance(rule, Mapping):
                raise self.wrong(
                    _("%(table)s.%(name)s is not a table", table=table, name=name),
                    table,
                    name,
                    hint=_("write [%(table)s.%(name)s]", table=table, name=name),
                )
            fixed = {"name": name} if type_ is Setting else {}
            merged[name] = self.rule(type_, rule, merged.get(name), (table, name), fixed)
        return merged

    def rule(
        self, type_: type, given: Mapping[str, Any], base: Any, where: tuple[str, ...], fixed: Mapping[str, Any]
    ) -> Any:
        """One rule, merged over the base's."""
        fields = [f.name for f in dataclasses.fields(type_)]
        self.known(given, [f for f in fields if f not in fixed], *where)
        own = {f: getattr(base, f) for f in fields} if base is not None else {}
        value = self.typed(type_, {**own, **given, **fixed}, *where)
        for (owner, key), allowed in CHOICES.items():
            if owner is type_:
                for said in words if isinstance(words := getattr(value, key), tuple) else (words,):
                    self.chosen(said, allowed, *where, key)
        for (owner, key), (least, most) in BOUNDS.items():
            number = getattr(value, key) if owner is type_ else None
            if number is not None and not least <= number <= most:
                raise self.wrong(
                    _(
                        "%(key)s = %(number)s is not from %(least)s to %(most)s",
                        key=key,
                        number=number,
                        least=least,
                        most=most,
                    ),
                    *where,
                    key,
                )
        if type_ is Limit and value.min > value.max:
            raise self.wrong(
                _("min = %(least)s is over max = %(most)s", least=value.min, most=value.max), *where, "min"
            )
        return value


@cache
def _adapter(type_: Any) -> TypeAdapter[Any]:
    return TypeAdapter(type_)  # a millisecond each
