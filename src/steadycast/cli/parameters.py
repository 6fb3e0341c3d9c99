"""Options and arguments of commands that are more than their type. Loaded with Cyclopts, and by it alone."""

from typing import Annotated

from cyclopts import Parameter, validators

from steadycast.language import N_

Json = Annotated[bool, Parameter(help="Print JSON.")]
Yes = Annotated[
    bool, Parameter(help="Do not ask. Without it a terminal asks first; a script, and --json, is never asked.")
]
DryRun = Annotated[bool, Parameter(help="Only show what would be done: nothing is sent or written.")]
Draft = Annotated[str, Parameter(help="Id or path, as `steadycast list` shows them.")]
Key = Annotated[str, Parameter(help="The delivery's key, as `steadycast status` and a kit's checklist show it.")]
By = Annotated[str, Parameter(help="Who decides; without it: your user name.")]
Jobs = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=64))]
AskNote = Annotated[str, Parameter(help=N_("What about, in 500 characters at most."))]
Days = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=3660))]  # each slot is a row of the ledger
