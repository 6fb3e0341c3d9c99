"""Options and arguments that several commands have."""

from typing import Annotated

from cyclopts import Parameter

Json = Annotated[bool, Parameter(help="Print JSON.")]
Yes = Annotated[bool, Parameter(help="Do not ask. Without it a terminal asks first; a script is never asked.")]
DryRun = Annotated[bool, Parameter(help="Only show what would be done: nothing is sent or written.")]
Draft = Annotated[str, Parameter(help="Id or path, as `steadycast list` shows them.")]
Key = Annotated[str, Parameter(help="The delivery's key, as `steadycast status` and a kit's checklist show it.")]
