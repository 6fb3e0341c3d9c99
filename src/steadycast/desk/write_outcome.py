"""What became of a draft that was saved, in its writer's words."""

from __future__ import annotations

from steadycast import pipeline
from steadycast.desk.pages import local
from steadycast.language import Language
from steadycast.language import gettext as _
from steadycast.pipeline import App
from steadycast.pipeline.write_draft import Saved


def outcome(say: Language, app: App, saved: Saved) -> str:
    """What became of a draft, in the reader's words."""
    if saved.problems or saved.row is None:
        why = _("; ").join(str(problem) for problem in saved.problems)
        return say.gettext("Saved as %(path)s, but it cannot be taken in: %(why)s", path=saved.path, why=why)
    place = saved.place
    if place is None:
        return _waits(say, saved.row.state)
    named = app.workspace.series[place.series].title if place.series in app.workspace.series else place.series
    when = say.instant(place.at) if place.at else ""
    if place.kind == "slot" and place.at and place.at <= local(app, pipeline.now()).replace(tzinfo=None):
        return say.gettext(
            "Saved. It goes out now, late, for the slot of %(when)s in %(series)s.", when=when, series=named
        )
    if place.kind == "slot":
        return say.gettext("Saved. It goes out on %(when)s, in %(series)s.", when=when, series=named)
    if place.kind == "turn":
        return say.gettext("Saved. It is in stock; its turn is about %(when)s, in %(series)s.", when=when, series=named)
    if place.kind == "reserve":
        return say.gettext("Saved. It is in reserve: it goes out where nothing fresh does.")
    if place.kind == "went":
        return say.gettext("Saved. It went out on %(when)s.", when=when)
    if place.kind == "past":
        return say.gettext(
            "Saved. The slot it is pinned to is past: name another, or take `slot` out of its front matter."
        )
    return say.gettext("Saved. It is in stock, but no slot of the coming year is left for it.")


def _waits(say: Language, state: str) -> str:
    texts = {
        "waiting": say.gettext("Saved. It waits for approval."),
        "not-ready": say.gettext("Saved as unfinished. It goes nowhere until you say that it is ready."),
        "rejected": say.gettext("Saved. It was rejected, and goes nowhere."),
    }
    return texts.get(state, say.gettext("Saved. It waits for a person's decision."))
