"""What a person does next: one table for the command line, the report and whatever else shows what waits."""

from __future__ import annotations

from steadycast.language import N_
from steadycast.language import gettext as _

COMMANDS = {  # what waits -> the command that is typed once it is done
    "unknown": "steadycast settle {id} --url URL",
    "refused": "steadycast settle {id} --again",
    "missed": "steadycast settle {id} --again",
    "handed": "steadycast confirm {id} --url URL",
    "draft": "steadycast approve {id}",
    "request": "steadycast answer {id} yes",
}
HINTS = {
    "unknown": N_("look at the channel, then `%(command)s`, --absent or --again"),
    "refused": N_("fix what it says, then `%(command)s`"),
    "missed": N_("`%(command)s` sends it after all"),
    "handed": N_("post the kit, then `%(command)s`"),
    "draft": N_("`%(command)s` or reject"),
    "hub": N_("take it down, or leave it; then say so on the desk's first page"),
    "ask": N_("ask somebody else, or write it: the desk's page of slot %(id)s"),
    "request": N_("`%(command)s` publishes it now; `no` leaves it its hour"),
    "past": N_("name another slot, or take `slot` out of its front matter"),
    "not-ready": N_("take out of its front matter what says so, as `draft: true`"),
    "gap": N_("no draft suits this slot of %(id)s: write one, or approve one"),
}


def command(waits: str, id: str) -> str:
    """The command for what waits, filled in; "" where there is none."""
    return COMMANDS.get(waits, "").format(id=id)


def hint(waits: str, id: str) -> str:
    """What to do about it, in words; "" of what waits for nobody. A gap's `id` is its series."""
    return _(HINTS.get(waits, ""), id=id, command=command(waits, id))
