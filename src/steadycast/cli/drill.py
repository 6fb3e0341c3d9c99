"""The command that runs simulated years."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators

from steadycast.cli.lazy_rooms import pipeline
from steadycast.cli.output import NEEDS_A_PERSON, OK, as_json, progress, say
from steadycast.cli.parameters import Json
from steadycast.errors import InputError
from steadycast.language import gettext as _
from steadycast.workspace.paths import NoWorkspace, find_root

if TYPE_CHECKING:
    from steadycast.pipeline import App

Seed = Annotated[int | None, Parameter(validator=validators.Number(gte=0, lte=2**31))]
Days = Annotated[int | None, Parameter(validator=validators.Number(gte=1, lte=3660))]
Seeds = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=10_000))]


def drill(
    file: str = "daily",
    *,
    seed: Seed = None,
    seeds: Seeds = 1,
    days: Days = None,
    ledger: str = "",
    json: Json = False,
) -> int:
    """Run simulated years: the product itself, with outages and dead tokens. Exit 1 when broken.

    It works in a folder of its own, and publishes nothing. The same seed gives the same year.

    Parameters
    ----------
    file
        A drill.toml, or one that is shipped: class, daily, luoji, storm. "ledger" in it means this community's history.
    seed
        Another than the file's.
    seeds
        So many seeds in a row, from that one on, counted together.
    days
        Another length than the file's.
    ledger
        The URL of an empty PostgreSQL database, to run on instead of SQLite.
    """
    if ledger and seeds > 1:
        said = _("a database is for one seed: the next would find it in use")
        raise InputError(said, hint=_("leave out --seeds, or --ledger"))
    made = import_module("steadycast.drill")
    app = _own()
    try:
        found = made.Result()
        for n in range(seeds):
            with progress(_("drilling")) as bar:
                asked = seed if n == 0 else found.seed + n
                one = made.drill(file, seed=asked, days=days, ledger=ledger, app=app, now=pipeline.now(), progress=bar)
            found.seed = found.seed if n else one.seed
            found.add(one)
    finally:
        if app:
            app.close()
    if json:
        as_json(found.values() | {"seeds": seeds})
    else:
        say(*found.lines(seeds))
    return NEEDS_A_PERSON if found.broken or found.doubled else OK


def _own() -> App | None:
    """The community here, for drills that take its series or its history; none is needed for the others."""
    try:
        find_root()
    except NoWorkspace:
        return None
    return pipeline.App.open(readonly=True)
