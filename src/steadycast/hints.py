"""What a person does next: one table for the command line, the report and whatever else shows what waits."""

from __future__ import annotations

COMMANDS = {  # what waits -> the command that is typed once it is done
    "unknown": "steadycast settle {id} --url URL",
    "refused": "steadycast settle {id} --again",
    "missed": "steadycast settle {id} --again",
    "handed": "steadycast confirm {id} --url URL",
    "draft": "steadycast approve {id}",
}
HINTS = {
    "unknown": "look at the channel, then `{command}`, --absent or --again",
    "refused": "fix what it says, then `{command}`",
    "missed": "`{command}` sends it after all",
    "handed": "post the kit, then `{command}`",
    "draft": "`{command}` or reject",
    "not-ready": "take out of its front matter what says so, as `draft: true`",
    "gap": "no draft suits this slot of {id}: write one, or approve one",
}


def command(waits: str, id: str) -> str:
    """The command for what waits, filled in; "" where there is none."""
    return COMMANDS.get(waits, "").format(id=id)


def hint(waits: str, id: str) -> str:
    """What to do about it, in words; "" of what waits for nobody. A gap's `id` is its series."""
    return HINTS.get(waits, "").format(id=id, command=command(waits, id))
