"""Looking after an installation: check, doctor, health, backup, a new workspace, its schedules. Prints nothing.

check, check_settings, unschedulable   what would fail at its slot, said today
doctor, doctor_checks  everything that a promise stands on, looked at
why              why nothing is happening: one look after another, until one says it
health, status, delayed   whether promises are kept; what waits for a person, and what for a far side
backup, backfill  a tar that proves itself whole; what was published before there was a record
starter, first_run   a new workspace, and the questions that make it
settings_forms   what a form of settings is told as it is filled in
settings_edits, settings_effect, settings_file   settings changed by forms or as text, and what that would do
ritual_names     days to mark in the words of people: titles for names
one_up, desk_proof   one `up` in a workspace, and what it says of itself; whether its desk listens at a port
deployments      prefect.yaml as steadycast.toml asks for it
kept_comments    a person's comments in it, when it is written anew
ticking, prefect_database   ticks out of a process that has everything loaded; the file that Prefect's server fills
promise_change   a rhythm or a pause changed by a command
channel_add, channel_test   a new channel, its settings and secrets; whether it would be let in
upload_forms     where a channel's folder is brought to, in fields that a person understands
channel_login, channel_visit   a person lets a channel in, at a terminal or in two forms
copying, copied_settings, copied_files, copied_from   a community's rules in a new workspace, and what changed since
ready            whether a community is ready to be copied, gate by gate
alarm_addresses  where alarms go, each address a secret; and a test of them

The names are loaded when they are first asked for: a command pays for no verb but its own.
"""

from typing import TYPE_CHECKING

from steadycast import on_demand

__all__ = [
    "backfill",
    "backup",
    "check",
    "doctor",
    "health",
    "promise_change",
    "restore",
    "status",
    "why",
]

if TYPE_CHECKING:
    from steadycast.ops import promise_change
    from steadycast.ops.backfill import backfill
    from steadycast.ops.backup import backup, restore
    from steadycast.ops.check import check
    from steadycast.ops.doctor import doctor
    from steadycast.ops.health import health
    from steadycast.ops.status import status
    from steadycast.ops.why import why
else:
    __getattr__ = on_demand.offer(
        __name__,
        __all__,
        {
            "backfill": "backfill",
            "backup": "backup restore",
            "check": "check",
            "doctor": "doctor",
            "health": "health",
            "status": "status",
            "why": "why",
        },
    )
