"""Alarms told to people through Apprise: never an exception, never an address in a message or in the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from threading import Thread

from steadycast.alarms.due import Alarm
from steadycast.language import of_tag
from steadycast.report import words

LOG = logging.getLogger(__name__)
PATIENCE = 5.0  # seconds for all addresses together: a tick waits for them
Notifier = Callable[[str, str, str], bool]  # tells one address a title and a text, and says whether it was taken


def send(alarms: Sequence[Alarm], urls: Sequence[str], notify: Notifier | None = None, *, language: str = "en") -> bool:
    """Whether at least one address took the alarms; all of them travel in one message. Never raises.

    `urls` are Apprise URLs and secrets: no message and no log line holds one. An address that fails is told of by its
    number in the list. Without alarms or addresses there is nothing to do, and the answer is False.
    """
    if not alarms:
        return False
    kinds = words.alarms(of_tag(language))
    title = " · ".join(dict.fromkeys(kinds[alarm.kind] for alarm in alarms))
    body = "\n".join(alarm.text for alarm in alarms)
    return _tell(urls, title, body, notify or apprise_notify)


def send_fixed(texts: Sequence[str], urls: Sequence[str], notify: Notifier | None = None, *, language: str) -> bool:
    """Whether at least one address took the news that these alarms are closed. Never raises."""
    title = of_tag(language).gettext("Fixed")
    return bool(texts) and _tell(urls, title, "\n".join(texts), notify or apprise_notify)


def _tell(urls: Sequence[str], title: str, body: str, notify: Notifier) -> bool:
    """All addresses at the same time: one that hangs holds up nobody for longer than PATIENCE, and counts as failed."""
    answers: SimpleQueue[tuple[int, bool | str]] = SimpleQueue()

    def one(number: int, url: str) -> None:
        try:
            answers.put((number, bool(notify(url, title, body))))
        except Exception as error:  # an address of a person's own making must not stop a delivery
            answers.put((number, type(error).__name__))  # its words may hold the address: the class alone is told

    waiting = dict(enumerate(urls, start=1))
    for number, url in waiting.items():
        try:
            Thread(target=one, args=(number, url), name=f"alarm-{number}", daemon=True).start()
        except (RuntimeError, MemoryError):  # can't start new thread
            one(number, url)
    taken, until = 0, time.monotonic() + PATIENCE
    with suppress(Empty):
        while waiting:
            number, answer = answers.get(timeout=max(0.0, until - time.monotonic()))
            del waiting[number]
            taken += answer is True
            if isinstance(answer, str):
                LOG.warning("alarm address %d failed: %s", number, answer)
            elif not answer:
                LOG.warning("alarm address %d did not take the message", number)
    for number in waiting:
        LOG.warning("alarm address %d gave no answer within %d s", number, PATIENCE)
    return taken > 0


def apprise_notify(url: str, title: str, body: str) -> bool:
    """Whether Apprise could deliver one message to one of its URLs."""
    import apprise

    with _hushed(apprise.__name__, "urllib3.connectionpool"):
        post = apprise.Apprise()
        return bool(post.add(url) and post.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT))


@contextmanager
def _hushed(*names: str) -> Iterator[None]:
    """These loggers say nothing meanwhile: they write addresses with their tokens."""

    def nothing(_record: logging.LogRecord) -> bool:
        return False

    loggers = [logging.getLogger(name) for name in names]
    for logger in loggers:
        logger.addFilter(nothing)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(nothing)
