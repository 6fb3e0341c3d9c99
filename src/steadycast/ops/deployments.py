"""prefect.yaml as steadycast.toml asks for it: what runs when, for Prefect's server and its workers."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from steadycast.crash_safety import durable
from steadycast.errors import SettingsError
from steadycast.language import LOCALES, N_, language, of_tag, speaking
from steadycast.language import gettext as _
from steadycast.schedule.cadence import parse
from steadycast.workspace import Workspace

HEADER = (
    N_("What runs when. Written by `steadycast deploy` from steadycast.toml: change the rhythm of a series there."),
    N_("A worker takes these with `prefect --no-prompt deploy --all`; `steadycast up` serves them by itself."),
)
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same values, ten times as fast
POOL = {"name": "steadycast", "work_queue_name": "default"}
TWO_SWEEPS = {"limit": 2, "collision_strategy": "CANCEL_NEW"}  # one holds a slot, or died; the next minute's goes on
ONE_AT_A_TIME = {"limit": 1, "collision_strategy": "CANCEL_NEW"}  # a second tick would find the same rows claimed


def deployments(workspace: Workspace) -> dict[str, Any]:
    """prefect.yaml as a mapping: one deployment for each flow, one for each series that cron can say exactly.

    What a deployment is for is said in the community's language, whoever writes the file: it stands on Prefect's page.
    """
    with speaking(of_tag(workspace.community.language).name):
        return _deployments(workspace)


def _deployments(workspace: Workspace) -> dict[str, Any]:
    zone = workspace.community.zone.key
    return {
        "name": "steadycast",
        "pull": [{"prefect.deployments.steps.set_working_directory": {"directory": "{{ $STEADYCAST_WORKSPACE }}"}}],
        "deployments": [
            _entry(
                "intake",
                "intake",
                _("Take drafts in, every ten minutes and when one is dropped."),
                parameters={"feeds": False},  # what was dropped waits for no feed
                schedules=[_cron("*/10 * * * *", zone, "every-ten-minutes")],
                concurrency_limit={"limit": 1, "collision_strategy": "ENQUEUE"},
                triggers=[DROPPED],
            ),
            _entry(
                "intake",
                "feeds",
                _("Look at members' feeds, every ten minutes."),
                schedules=[_cron("*/10 * * * *", zone, "every-ten-minutes")],
                concurrency_limit=ONE_AT_A_TIME,
            ),
            _entry("publish", "publish", _("Publish now, by hand: a series, a draft, a slot or a channel.")),
            _entry(
                "publish",
                "sweep",
                _("Publish what is overdue, and what falls due in the coming minute at its second: every minute."),
                parameters={"ahead": True},
                schedules=[_cron("* * * * *", zone, "every-minute")],
                concurrency_limit=TWO_SWEEPS,
            ),
            *(_series(workspace, name, zone) for name in workspace.series if _crons(workspace, name)),
            _entry(
                "verify",
                "verify",
                _("Settle what is unknown, and see whether what was published is there."),
                schedules=[_cron("*/5 * * * *", zone, "every-five-minutes")],
                concurrency_limit=ONE_AT_A_TIME,
            ),
            _entry(
                "cadence",
                "cadence",
                _("Plan ahead, write the report, raise and close alarms."),
                schedules=[_cron("7 * * * *", zone, "every-hour")],
                concurrency_limit=ONE_AT_A_TIME,
            ),
        ],
    }


DROPPED: dict[str, Any] = {
    "type": "event",
    "enabled": True,
    "match": {"prefect.resource.id": "steadycast.content"},
    "expect": ["steadycast.draft.dropped"],
    "parameters": {"path": "{{ event.payload.path }}", "feeds": False},
}


def prefect_yaml(workspace: Workspace, former: str = "") -> str:
    """prefect.yaml as text, byte-equal for equal settings; its words are in the community's language.

    Of the `former` one it keeps the keys that Steadycast never writes.
    """
    asked = deployments(workspace)
    try:
        body = _dumped(_with_own(asked, yaml.load(former, LOADER)))  # noqa: S506  a safe one
    except (yaml.YAMLError, ValueError, RecursionError):  # it is no YAML, names no day that there is, or holds itself
        body = _dumped(asked)
    with speaking(of_tag(workspace.community.language).name):
        return "".join(f"# {_(line)}\n" for line in HEADER) + body


def _dumped(asked: Mapping[str, Any]) -> str:
    text, escaped = (
        yaml.dump(dict(asked), Dumper=Plain, sort_keys=False, allow_unicode=readable, width=120)
        for readable in (True, False)
    )
    return text if yaml.load(text, LOADER) == asked else escaped  # noqa: S506  a line's end of another kind was lost


def _with_own(asked: Mapping[str, Any], former: Any) -> dict[str, Any]:
    """What is asked for, with a person's own keys: the file's before its deployments, a deployment's behind ours."""
    if not isinstance(former, dict):
        return dict(asked)
    have, ours = _by_name(former), {key for entry in asked["deployments"] for key in entry}
    entries = [
        entry | {key: value for key, value in have.get(_name(entry), {}).items() if key not in ours}
        for entry in asked["deployments"]
    ]
    own = {key: value for key, value in former.items() if key not in asked}
    return {**{key: value for key, value in asked.items() if key != "deployments"}, **own, "deployments": entries}


def in_another_language(workspace: Workspace) -> bool:
    """Whether prefect.yaml begins as it is written for a community of another language: what it asks for may agree."""
    try:
        with workspace.prefect_yaml.open(encoding="utf-8") as file:
            first = file.readline(1000)
    except (OSError, UnicodeDecodeError):
        return False
    lines = {name: f"# {language(name).gettext(HEADER[0])}\n" for name in LOCALES}
    return first in lines.values() and first != lines[of_tag(workspace.community.language).name]


def write(workspace: Workspace) -> None:
    """Writes prefect.yaml, whole, but for a person's comments and keys: what serves the flows looks at it at times."""
    from steadycast.ops.kept_comments import with_comments  # which only this needs

    former = ""
    with contextlib.suppress(FileNotFoundError, UnicodeDecodeError):
        former = workspace.prefect_yaml.read_text(encoding="utf-8")
    ours = {f"# {language(name).gettext(line)}" for name in LOCALES for line in HEADER}
    text = with_comments(former, prefect_yaml(workspace, former), ours)
    durable.put_again(workspace.prefect_yaml, text.encode())


class Plain(yaml.SafeDumper):
    """YAML without anchors: a person reads this file."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        """Never."""
        return True


@dataclass(frozen=True)
class Difference:
    """What prefect.yaml says otherwise than steadycast.toml asks for."""

    name: str  # of the deployment; "" where the whole file is missing
    key: str = ""  # of what differs in it; "" where one of the two has no such deployment
    asked_for: bool = True  # whether steadycast.toml asks for it

    def __str__(self) -> str:
        """As it is found."""
        if not self.name:
            return _("there is no prefect.yaml")
        if self.key:
            return _("%(name)s: %(key)s differs", name=self.name, key=self.key)
        if self.asked_for:
            return _("%(name)s is missing", name=self.name)
        return _("%(name)s is not asked for", name=self.name)

    @property
    def corrected(self) -> str:
        """What is said of it once the file is written anew."""
        if self.key:
            return _("%(name)s: %(key)s corrected", name=self.name, key=self.key)
        return _("%(name)s added", name=self.name) if self.asked_for else _("%(name)s taken out", name=self.name)


def differences(workspace: Workspace) -> list[Difference]:
    """Each thing that prefect.yaml says otherwise than steadycast.toml asks for, none when they agree."""
    try:
        found = yaml.load(workspace.prefect_yaml.read_text(encoding="utf-8"), LOADER)  # noqa: S506  a safe one
    except FileNotFoundError:
        return [Difference("")]
    except (yaml.YAMLError, ValueError) as error:  # ValueError: no UTF-8, or no day that there is
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        hint = _("`steadycast deploy` writes it")
        raise SettingsError(_("it is not YAML"), file=workspace.prefect_yaml, line=line, hint=hint) from None
    have, want = _by_name(found), _by_name(deployments(workspace))
    told = [Difference(name) for name in want.keys() - have.keys()]
    told += [Difference(name, asked_for=False) for name in have.keys() - want.keys()]
    for name in want.keys() & have.keys():
        kept = want[name].keys() - {"description"}  # words for people: they change nothing of what runs
        told += [Difference(name, key) for key in kept if have[name].get(key) != want[name][key]]
    return sorted(told, key=lambda each: (each.name, each.key))


def _by_name(file: Any) -> dict[str, dict[str, Any]]:
    entries = file.get("deployments") if isinstance(file, dict) else None
    return {_name(e): e for e in entries if isinstance(e, dict)} if isinstance(entries, list) else {}


def _name(entry: Mapping[str, Any]) -> str:
    """FLOW/NAME, as Prefect calls a deployment."""
    return f"{str(entry.get('entrypoint', '')).rpartition(':')[2]}/{entry.get('name')}"


def _entry(flow: str, name: str, description: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "entrypoint": f"flows/{flow}.py:{flow}",
        "tags": ["steadycast"],
        "work_pool": dict(POOL),
        **more,
    }


def _series(workspace: Workspace, name: str, zone: str) -> dict[str, Any]:
    title, ahead = workspace.series[name].title or name, _minutes(workspace)
    return _entry(
        "publish",
        f"publish-{name}",
        _("Serve the slots of %(series)s, %(minutes)s min ahead of their hour.", series=title, minutes=ahead),
        parameters={"series": name, "ahead": True},
        schedules=[_cron(line, zone, f"{name}-{n}") for n, line in enumerate(_crons(workspace, name), 1)],
        concurrency_limit=dict(ONE_AT_A_TIME),
    )


def _crons(workspace: Workspace, name: str) -> tuple[str, ...]:
    """A series' cron lines, `lead` before its hour; () where cron cannot say it: only the sweep serves it then."""
    series = workspace.series[name]
    if series.announce:
        return ()
    return parse(series.every, series.rrule).to_cron(workspace.publish.lead) or ()


def _minutes(workspace: Workspace) -> int:
    return int(workspace.publish.lead.total_seconds() // 60)


def _cron(line: str, zone: str, slug: str) -> dict[str, Any]:
    return {"cron": line, "timezone": zone, "slug": slug, "active": True}
