"""Settings as forms ask for them: text in, the edited Workspace out. Nothing is written; what stays is not touched."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from steadycast.errors import InputError, SettingsError, unknown_name
from steadycast.language import N_, quoted
from steadycast.language import gettext as _
from steadycast.ops.channel_add import COMMON, typed, upload_values
from steadycast.ops.ritual_names import named
from steadycast.ops.settings_forms import check_rhythm, free_name
from steadycast.ops.starter import series_name
from steadycast.platform import Platform
from steadycast.workspace import Workspace, edit
from steadycast.workspace.paths import SETTINGS_FILE

RHYTHM = ("every", "rrule")
DATES = ("start", "until")
NUMBERS = ("reserve", "waiting")
LISTS = ("forms", "channels")
UPLOAD_DEFAULTS: Mapping[str, Any] = {"region": "us-east-1", "within": "5m", "overwrite": False}
DEFAULTS: Mapping[str, Any] = {"title": "", "forms": ["article"], "channels": [], "reserve": 0, "editor": ""}
CHANNEL = tuple(COMMON)  # what every channel has in its form
MOST_ENTRIES = 100  # of a list in a form


def written(workspace: Workspace, at: Sequence[str]) -> dict[str, Any]:
    """A table as steadycast.toml says it; {} where it says nothing."""
    table: Any = tomllib.loads(workspace.sources[SETTINGS_FILE].decode("utf-8-sig"))
    for key in at:
        table = table.get(key, {}) if isinstance(table, Mapping) else {}
    return dict(table) if isinstance(table, Mapping) else {}


def rhythm_of(table: Mapping[str, Any]) -> str:
    """A series' rhythm as it is written: in words, or an RRULE."""
    return str(next((table[key] for key in RHYTHM if key in table), ""))


def series(workspace: Workspace, name: str, asked: Mapping[str, Any]) -> Workspace:
    """The workspace whose series says what a form asks: keys that the form leaves out stay as they are."""
    if name not in workspace.promises:
        raise unknown_name("series", name, workspace.promises)
    there = written(workspace, ("series", name))
    return edit.with_table(workspace, ("series", name), _differing(there, _series_values(asked), DEFAULTS))


def new_series(workspace: Workspace, asked: Mapping[str, Any]) -> tuple[str, Workspace]:
    """A series more, under a name made from its title; and that name."""
    values = {key: value for key, value in _series_values(asked).items() if value not in (None, "", DEFAULTS.get(key))}
    name = series_name(str(asked.get("title", "")), workspace.promises)
    first = [key for key in ("title", *RHYTHM) if key in values]
    ordered = {key: values[key] for key in [*first, *(key for key in values if key not in first)]}
    return name, edit.with_new(workspace, ("series", name), ordered)


def _series_values(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a form asks of a series, typed; None for a key that it empties."""
    values: dict[str, Any] = {}
    for key, given in asked.items():
        if key == "rhythm":
            words = " ".join(str(given).split())
            check_rhythm(words)
            rule = "FREQ=" in words.upper()
            values |= {"rrule": words if rule else None, "every": None if rule else words}
        elif key in MIXES:
            values[key] = MIXES[key](str(given).strip())
        elif key == "editors":
            values[key] = [each.strip() for each in re.split(r"[,，、\n]", str(given)) if each.strip()] or None
        elif key in LISTS:
            values[key] = list(given)[:MOST_ENTRIES]
        else:
            values[key] = _plain(key, str(given).strip())
    return values


def mix_of(text: str) -> dict[str, int] | None:
    """A mix from "3:7", house to members; None of nothing."""
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,3})\s*[:：]\s*(\d{1,3})", text)
    if not found:
        raise SettingsError(_("%(text)s is no mix; write 3:7, house to members", text=quoted(text[:60])))
    return {"pgc": int(found[1]), "ugc": int(found[2])}


def mixes_of(text: str) -> list[dict[str, int]] | None:
    """The steps of a mix from "60 = 7:3, 120 = 8:2"; None of nothing."""
    steps: list[dict[str, int]] = []
    for each in filter(None, map(str.strip, re.split(r"[,，;；\n]", text))):
        number, _equals, mix = (part.strip() for part in each.partition("="))
        if not (number.isascii() and number.isdecimal() and mix):
            said = _("%(text)s is no step of a mix; write 60 = 7:3", text=quoted(each[:60]))
            raise SettingsError(said)
        steps.append({"active": int(number[:9]), **(mix_of(mix) or {})})
    return steps or None


def told_mix(written: Mapping[str, Any]) -> dict[str, str]:
    """The mix of a series, its steps and its editors, as a form shows them."""
    mix, steps = written.get("mix") or {}, written.get("mix_at") or ()
    return {
        "mix": _ratio(mix) if mix else "",
        "mix_at": ", ".join(f"{each.get('active')} = {_ratio(each)}" for each in steps),
        "editors": ", ".join(written.get("editors") or ()),
    }


def _ratio(mix: Mapping[str, Any]) -> str:
    return f"{mix.get('pgc', 0)}:{mix.get('ugc', 0)}"


MIXES: Mapping[str, Callable[[str], Any]] = {"mix": mix_of, "mix_at": mixes_of}


def fair(workspace: Workspace, asked: Mapping[str, str]) -> Workspace:
    """The workspace that tells of these figures: [fair], whose `founder` is `founder_share` here, and who that is."""
    values: dict[str, Any] = {key: _plain(key, value.strip()) for key, value in asked.items()}
    founder = {"founder": values.pop("founder")} if "founder" in values else {}
    if "founder_share" in values:
        values["founder"] = values.pop("founder_share")
    there = written(workspace, ("community",))
    after = edit.with_table(workspace, ("community",), _differing(there, founder, {}))
    there = written(after, ("fair",))
    wanted = _differing(there, values, {"waiting": 0})
    if not wanted:
        return after
    return edit.with_table(after, ("fair",), wanted) if there else edit.with_new(after, ("fair",), wanted)


def _plain(key: str, text: str) -> Any:
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text) if key in DATES else int(text) if key in NUMBERS else text
    except ValueError:
        said = N_("%(key)s: %(text)s is no whole number")
        if key in DATES:
            said = N_("%(key)s: %(text)s is no date, as 2026-12-31")
        raise SettingsError(_(said, key=key, text=quoted(text[:60]))) from None


def _differing(there: Mapping[str, Any], wanted: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Of what is wanted the keys that say something else than what is written, or holds anyway."""
    found = {}
    for key, value in wanted.items():
        if value == there.get(key):
            continue
        if key not in there and (value is None or value == defaults.get(key)):
            continue
        found[key] = value
    return found


def community(workspace: Workspace, asked: Mapping[str, str]) -> Workspace:
    """The workspace of a community that is called so, lives in that zone, and so on.

    `desk_url` is the public address of its desk: that stands under [desk], and all else under [community].
    """
    there = written(workspace, ("community",))
    values = {key: " ".join(value.split()) or None for key, value in asked.items()}
    desk = {"url": values.pop("desk_url")} if "desk_url" in values else {}
    after = edit.with_table(workspace, ("community",), _differing(there, values, {}))
    there = written(after, ("desk",))
    wanted = _differing(there, desk, {})
    if not wanted:
        return after
    return edit.with_table(after, ("desk",), wanted) if there else edit.with_new(after, ("desk",), wanted)


def channel(
    workspace: Workspace,
    platform: Platform,
    name: str,
    asked: Mapping[str, str],
    series: Sequence[str],
    *,
    common: Mapping[str, str | bool],
) -> Workspace:
    """The workspace whose channel has these settings, given as text, and stands in these series. Secrets stay.

    `common` are those that every channel has: CHANNEL.
    """
    there = written(workspace, ("channel", name))
    plain = {key: value.strip() if isinstance(value, str) else value for key, value in common.items()}
    values: dict[str, Any] = {key: plain.get(key) or None for key in CHANNEL}
    for key, text in asked.items():
        if (setting := platform.settings.get(key)) is not None and not setting.secret:
            values[key] = typed(setting, text) if text.strip() else None
    defaults = {key: setting.default for key, setting in platform.settings.items()}
    after = edit.with_table(workspace, ("channel", name), _differing(there, values, defaults))
    return in_series(after, name, series)


def upload(workspace: Workspace, name: str, asked: Mapping[str, str]) -> Workspace:
    """The workspace whose channel's folder is brought there; settings given as text, what is left out stays.

    With an empty `to` it stays on this machine. Secrets stay, except those that the way has no use for.
    """
    at = ("channel", name, "upload")
    there = written(workspace, at)
    if not asked.get("to", there.get("to")):
        return edit.with_table(workspace, at[:2], {"upload": None}) if there else workspace
    wanted = _differing(there, upload_values(name, asked, there), UPLOAD_DEFAULTS)
    return edit.with_table(workspace, at, wanted) if there else edit.with_new(workspace, at, wanted)


def in_series(workspace: Workspace, channel: str, wanted: Sequence[str]) -> Workspace:
    """The workspace in which this channel stands in these series, and in no other."""
    after = workspace
    for name, promise in workspace.promises.items():
        if (name in wanted) != (channel in promise.channels):
            rest = [each for each in promise.channels if each != channel]
            values = {"channels": [*rest, channel] if name in wanted else rest}
            after = edit.with_table(after, ("series", name), values)
    return after


def member(workspace: Workspace, name: str, asked: Mapping[str, Any]) -> Workspace:
    """The workspace that says this of a member, whether it named them before or not."""
    there = written(workspace, ("members", name))
    values = {
        "title": str(asked.get("title", "")).strip() or None,
        "trusted": bool(asked.get("trusted")) or None,
        "url": str(asked.get("url", "")).strip() or None,
    }
    if name in workspace.members:
        return edit.with_table(workspace, ("members", name), _differing(there, values, {"trusted": False}))
    return edit.with_new(workspace, ("members", name), {k: v for k, v in values.items() if v is not None})


def with_feed(workspace: Workspace, member: str, url: str, *, secret: str = "") -> Workspace:
    """The workspace that reads one more feed of a member: by its address, or by the secret that holds it."""
    if any(feed.member == member and feed.url == url and not secret for feed in workspace.feeds):
        raise InputError(_("this feed is read already"))
    return edit.with_entry(workspace, "feed", {"member": member} | ({"secret": secret} if secret else {"url": url}))


def without_feed(workspace: Workspace, number: int) -> Workspace:
    """The workspace that reads this feed no more."""
    if not 0 <= number < len(workspace.feeds):
        raise InputError(_("there is no such feed"))
    return edit.without_entry(workspace, "feed", number)


def with_ritual(workspace: Workspace, asked: Mapping[str, str]) -> Workspace:
    """The workspace that marks one day more; an empty `lead` is the usual one."""
    values = {key: " ".join(said.split()) for key, said in asked.items()}
    values |= {"when": named(workspace, values.get("when", ""))}
    return edit.with_entry(workspace, "ritual", {key: said for key, said in values.items() if said or key != "lead"})


def without_ritual(workspace: Workspace, number: int) -> Workspace:
    """The workspace that marks a day no more."""
    if not 0 <= number < len(workspace.rituals):
        raise InputError(_("there is no such day"), hint=_("load the page again"))
    return edit.without_entry(workspace, "ritual", number)


def reminders(workspace: Workspace, asked: Mapping[str, str]) -> Workspace:
    """The workspace that reminds in this channel of what is asked; an empty one reminds nobody."""
    there = written(workspace, ("asks",))
    wanted = {key: asked.get(key, "").strip() or None for key in ("channel", "before", "at")}
    if there:
        return edit.with_table(workspace, ("asks",), _differing(there, wanted, {}))
    given = {key: value for key, value in wanted.items() if value is not None}
    return edit.with_new(workspace, ("asks",), given) if given else workspace


def alarms(
    workspace: Workspace, urls: Sequence[str], quiet_after: str | None = None, ahead: str | None = None
) -> Workspace:
    """The workspace whose alarms go to these secrets' addresses; a length of time that is None stays as it is."""
    there = written(workspace, ("alarms",))
    values: dict[str, Any] = {"urls": list(urls)}
    given = {"quiet_after": quiet_after, "ahead": ahead}
    values |= {key: text.strip() or None for key, text in given.items() if text is not None}
    if there:
        return edit.with_table(workspace, ("alarms",), _differing(there, values, {"urls": []}))
    return edit.with_new(workspace, ("alarms",), {key: value for key, value in values.items() if value is not None})


def free_alarm_name(workspace: Workspace) -> str:
    """A name for the secret of one more address of alarms."""
    lying = [file.name for file in workspace.secrets.glob("ALARM*")] if workspace.secrets.is_dir() else []
    return free_name("ALARM", [*workspace.alarms.urls, *lying]).replace("-", "_")
