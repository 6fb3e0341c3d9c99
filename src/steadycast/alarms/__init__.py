"""What is wrong, told once and closed when fixed: the stock is starving, the machinery is down, a share is at a limit.

Deciding is pure: `due_alarms` says what is wrong now, `reconcile` what of it is news. `alarm_inputs` reads what it
is decided by, and `watch` does the round. Telling people stands in the way of nothing: an address that fails is a line
in the log.
"""

from typing import TYPE_CHECKING

from steadycast import on_demand

__all__ = [
    "Alarm",
    "AlarmInputs",
    "Promise",
    "Stuck",
    "alarm_inputs",
    "apprise_notify",
    "due_alarms",
    "fair_alarms",
    "jumped",
    "reconcile",
    "send",
    "send_fixed",
    "watch",
]

if TYPE_CHECKING:
    from steadycast.alarms.due import Alarm, AlarmInputs, Promise, Stuck, due_alarms, jumped, reconcile
    from steadycast.alarms.fairness import fair_alarms
    from steadycast.alarms.send import apprise_notify, send, send_fixed
    from steadycast.alarms.watch import alarm_inputs, watch
else:
    __getattr__ = on_demand.offer(
        __name__,
        __all__,
        {
            "due": "Alarm AlarmInputs Promise Stuck due_alarms jumped reconcile",
            "fairness": "fair_alarms",
            "send": "apprise_notify send send_fixed",
            "watch": "alarm_inputs watch",
        },
    )
