"""The mailbox that bounces go to, read and left as it is: so many letters at a look, of each its beginning, in time."""

from __future__ import annotations

import contextlib
import imaplib
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

from steadycast.platform import Busy, Channel, Refused

LOOK = 200  # letters of one look; the next goes on where it ended
BATCH = 10
BEGINNING = 64_000  # bytes of a letter: a bounce says early what it is of
ANSWER = 4_000_000  # bytes of one look's answers, all together
SECONDS = 60.0  # of one look
CURSOR = "mailbox"  # a key of the channel's state


class _Bounded(imaplib.IMAP4):
    """A connection that takes no endless answer; `starttls` and `login` as imaplib has them."""

    left = ANSWER

    def __init__(
        self, host: str, port: int, timeout: float, context: ssl.SSLContext | None, ropes: list[socket.socket]
    ) -> None:
        self._context, self._ropes = context, ropes
        super().__init__(host, port, timeout)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        """As imaplib's, inside TLS where a context is given; `ropes` are for whoever cuts it."""
        sock = socket.create_connection((self.host, self.port), timeout)
        self._ropes.append(sock.dup())
        return self._context.wrap_socket(sock, server_hostname=self.host) if self._context else sock

    def read(self, size: int) -> bytes:
        """As imaplib's, of what is left of the answer."""
        self._took(size)
        return super().read(size)

    def readline(self) -> bytes:
        """As imaplib's, of what is left of the answer."""
        line = super().readline()
        self._took(len(line))
        return line

    def _took(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise self.abort("an endless answer")


def unread(channel: Channel) -> Iterator[bytes]:
    """The beginning of each letter that came since the last look; once all are taken, the next look begins there.

    Refused where nobody is let in, Busy where the server does not answer as it should.
    """
    with _opened(channel) as imap:
        validity, following = (_number(imap, name) for name in ("UIDVALIDITY", "UIDNEXT"))
        kept = channel.state.get(CURSOR) or {}
        first = kept["next"] if kept.get("validity") == validity else max(1, following - LOOK)
        end = min(following, first + LOOK)
        for at in range(first, end, BATCH):
            wanted = f"{at}:{min(at + BATCH, end) - 1}"
            status, answer = imap.uid("FETCH", wanted, f"(BODY.PEEK[]<0.{BEGINNING}>)")
            if status != "OK":
                raise imap.abort("it gives no letters")
            yield from (each[1] for each in answer if isinstance(each, tuple) and isinstance(each[1], bytes))
        channel.state.set(CURSOR, {"validity": validity, "next": max(first, end)})


def let_in(channel: Channel) -> None:
    """Try the log-in, and look at nothing."""
    with _opened(channel):
        pass


@contextlib.contextmanager
def _opened(channel: Channel) -> Iterator[imaplib.IMAP4]:
    """The mailbox, opened for reading alone; cut when a look takes too long."""
    settings, tell, name = channel.settings, channel.tell, channel.name
    ropes: list[socket.socket] = []
    timer = threading.Timer(SECONDS, _cut, [ropes])
    timer.daemon = True
    timer.start()
    imap: imaplib.IMAP4 | None = None
    try:
        context, security = ssl.create_default_context(), settings["imap_security"]
        at_once = context if security == "tls" else None
        imap = _Bounded(settings["imap_host"], settings["imap_port"], SECONDS / 2, at_once, ropes)
        if security == "starttls":
            imap.starttls(context)
        _log_in(channel, imap)
        if imap.select(_quoted(settings["imap_folder"]), readonly=True)[0] != "OK":
            raise Refused(tell("imap-folder"), channel=name)
        yield imap
    except ssl.SSLCertVerificationError:
        raise Refused(tell("certificate"), channel=name) from None
    except (imaplib.IMAP4.error, OSError, UnicodeError, ValueError) as error:
        raise Busy(tell("imap-no-connection", error=type(error).__name__), channel=name) from None
    finally:
        timer.cancel()
        if imap is not None:
            with contextlib.suppress(imaplib.IMAP4.error, OSError):
                imap.logout()
            with contextlib.suppress(OSError):
                imap.shutdown()
        for rope in ropes:
            rope.close()


def _log_in(channel: Channel, imap: Any) -> None:
    user = channel.settings["imap_user"] or channel.settings["user"] or channel.settings["from"]
    try:
        imap.login(user, channel.secret("imap_password") or channel.secret("password"))
    except imap.abort:
        raise
    except imap.error:  # its words may repeat what was sent
        raise Refused(channel.tell("imap-not-let-in"), channel=channel.name) from None


def _number(imap: imaplib.IMAP4, name: str) -> int:
    """A number that the server told when the folder was opened."""
    said = imap.response(name)[1][-1]
    if not isinstance(said, bytes) or not re.fullmatch(rb"[0-9]{1,10}", said):
        raise imap.abort(f"it does not tell {name}")
    return int(said)


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _cut(ropes: list[socket.socket]) -> None:
    for rope in ropes:
        with contextlib.suppress(OSError):
            rope.shutdown(socket.SHUT_RDWR)
