"""One round of the alarms: what the ledger and the report say, told once and closed when it is fixed."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence

from steadycast.alarms.due import AHEAD, NEWS, Alarm, AlarmInputs, Promise, Stuck, due_alarms, reconcile
from steadycast.alarms.send import Notifier, send, send_fixed
from steadycast.ledger import alarm_rows, record
from steadycast.ledger.delivery import Delivery
from steadycast.ledger.store import Ledger, State
from steadycast.report.model import Report


def alarm_inputs(
    ledger: Ledger,
    report: Report,
    *,
    quiet_after: dt.timedelta,
    ahead: dt.timedelta = AHEAD,
    editors: Mapping[str, str] | None = None,
    others: Sequence[Alarm] = (),
) -> AlarmInputs:
    """All that alarms are decided by, at the report's instant.

    `editors` says by series who else can fix it; `others` are alarms that were judged elsewhere.
    """
    silent = record.silences(ledger, report.at)
    drafts = sum(row.kind == "draft" for row in report.waiting)
    told = {row.key for row in ledger.alarms()}
    return AlarmInputs(
        now=report.at,
        language=report.language,
        promises=tuple(
            Promise(
                name=each.name,
                title=each.title,
                coming=sum(slot.state != "excused" for slot in each.coming),
                covered=each.runway.slots,
                gap=each.runway.gap,
                ends=each.runway.ends,
                around=each.forecast.around if each.forecast and each.forecast.likely else None,
                stock=each.stock,
                reserve=each.reserve,
                soon=f"starvation:{each.name}:soon" in told,
                silent=silent.get(each.name, (0, True))[0],
                ever=silent.get(each.name, (0, True))[1],
                waiting=drafts,
                editors=tuple(filter(None, ((editors or {}).get(each.name, ""), *each.writers))),
            )
            for each in report.series
        ),
        last_tick=ledger.last_tick(),
        jump=ledger.jump(),
        quiet_after=quiet_after,
        ahead=ahead,
        unknown=_stuck(ledger, report, State.UNKNOWN),
        refused=_stuck(ledger, report, State.REFUSED),
        feeds=ledger.feeds(),
        others=tuple(others),
    )


def _stuck(ledger: Ledger, report: Report, state: State) -> tuple[Stuck, ...]:
    titles = {channel.name: channel.title for channel in report.channels}
    found = defaultdict[str, list[Delivery]](list)
    for row in ledger.waiting():  # the oldest first
        if row.state == state:
            found[row.channel].append(row)
    return tuple(Stuck(k, titles.get(k, k), len(rows), rows[0].at, rows[0].code) for k, rows in found.items())


def watch(ledger: Ledger, now_wrong: AlarmInputs, urls: Sequence[str], notify: Notifier | None = None) -> list[Alarm]:
    """One round: open and tell what is new, close and tell what is fixed. Returns what is wrong now, told or not.

    An alarm that no address took stays untold and is tried again at the next round. Where there is no address at all
    it is opened all the same: the report and the desk show it.
    """
    due = due_alarms(now_wrong)
    now, language = now_wrong.now, now_wrong.language
    to_send, to_close = reconcile(ledger.alarms(), due)
    for alarm in to_send:
        ledger.open_alarm(alarm.key, alarm.kind, alarm.text, now)
    alarm_rows.retell(ledger, {alarm.key: alarm.text for alarm in due})  # "3 days left" must not stand there for a week
    for row in to_close:
        ledger.close_alarm(row.key, now)
    if send(to_send, urls, notify, language=language):
        for alarm in to_send:
            ledger.alarm_sent(alarm.key, now)
    wrong = {alarm.subject for alarm in due}  # one that turned into another about the same thing is not fixed
    fixed = [
        row.text for row in to_close if row.sent and row.kind not in NEWS and row.key.rpartition(":")[0] not in wrong
    ]
    send_fixed(fixed, urls, notify, language=language)
    return due
