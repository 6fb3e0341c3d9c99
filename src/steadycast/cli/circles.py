"""Commands of a hub: the communities that it looks at, and what it asks of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steadycast.cli.lazy_rooms import pipeline
from steadycast.cli.output import NEEDS_A_PERSON, OK, as_json, show, tell
from steadycast.language import current
from steadycast.language import gettext as _

if TYPE_CHECKING:
    from steadycast.cli.parameters import Json


def circles(*, json: Json = False) -> int:
    """Look at the communities of [[circle]], and show them worst first: how long each one's stock lasts, as it says.

    Exit 1 when one was not heard of for a day.
    """
    with pipeline.App.open() as app:
        now, zone = pipeline.now(), app.workspace.community.zone
        found = pipeline.circles.look(app, now)
    code = OK if all(each.heard is pipeline.circles.Heard.YES for each in found) else NEEDS_A_PERSON
    if json:
        as_json([each.values() for each in found])
        return code
    rows = [
        {
            "circle": each.title,
            "stands": each.says(now),
            "first_gap": f"{each.gap.astimezone(zone):%Y-%m-%d %H:%M}" if each.gap else "",
            "series": each.series,
            "leader": each.leader,
            "heard": current().away(each.at.astimezone(zone), now.astimezone(zone)) if each.at else "",
            "problem": each.error,
        }
        for each in found
    ]
    nothing = _("This community looks at no other: write [[circle]] into steadycast.toml.")
    show(rows, {name: name.replace("_", " ") for name in rows[0]} if rows else {}, empty=nothing)
    return code


def ask(name: str, what: str, *, why: str, json: Json = False) -> int:
    """Ask a circle's leader that something be taken down. It is a task on their desk: only they can do it.

    Parameters
    ----------
    name
        The circle.
    what
        What it is about: the address, or the title and where it stands.
    why
        The reason, which the leader reads.
    """
    with pipeline.App.open() as app:
        left = pipeline.circles.ask(app, name, what, why, pipeline.now())
        leader = pipeline.circles.named(app, name).leader
    tell(json, {"id": left.id}, _("It lies on the desk of %(leader)s, who decides.", leader=leader))
    return OK
