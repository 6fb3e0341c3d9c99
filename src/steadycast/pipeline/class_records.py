"""What the ledger keeps of a class under its name: it goes along when a class is renamed."""

from __future__ import annotations

from steadycast.pipeline.app import App

FIRST = "looked:first:"  # with a class's name: nobody could have handed in for it before that
JUDGED = "judged:"  # with a class's name: up to when all of its duties are over


def keep_records(app: App) -> None:
    """Gives a class that says what it `was` all that is kept of its old name."""
    for each in app.workspace.classes.values():
        for old in each.was:
            app.ledger.rename_class(old, each.name, kept_as=(FIRST, JUDGED))
