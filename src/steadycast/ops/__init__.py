"""Looking after an installation: check, doctor, health, backup, a new workspace, its schedules. Prints nothing."""

from steadycast.ops import promise_change
from steadycast.ops.backfill import backfill
from steadycast.ops.backup import backup, restore
from steadycast.ops.check import check
from steadycast.ops.doctor import doctor
from steadycast.ops.health import health
from steadycast.ops.status import status

__all__ = [
    "backfill",
    "backup",
    "check",
    "doctor",
    "health",
    "promise_change",
    "restore",
    "status",
]
