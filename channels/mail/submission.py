"""One connection to a submission server, and the three errors told apart by how far a letter got."""

from __future__ import annotations

import contextlib
import re
import smtplib
import time
from types import TracebackType
from typing import Self

from steadycast.platform import Busy, Channel, Refused, Unknown

from .greeting import opened
from .headers import return_path
from .line import Line, TooLate

GOODBYE = 5.0  # seconds for QUIT


class Submission:
    """A connection that is opened before a letter, and again when the server hung up between two."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.settings = channel.settings
        self.timeout = channel.spec.deadline if channel.spec else 60.0
        self._until = 0.0  # time.monotonic() when the letter that is on its way must be through
        self._smtp: Line | None = None
        self.enhanced = ""  # the enhanced code (RFC 3463) of the last answer that was no yes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()

    def open(self) -> None:
        """Connect where there is no connection; Refused or Busy are the server's, and nobody fares better.

        From here on the platform's deadline runs: for connecting and for the letter together.
        """
        self._until = time.monotonic() + self.timeout
        self._smtp = self._smtp or opened(self.channel, self.timeout, self._until)

    def idle(self) -> None:
        """Ask for nothing (NOOP, RFC 5321): a server that let us in may still close the door on the first command."""
        assert self._smtp is not None  # open() comes first
        try:
            with self._smtp.within(self._until):
                self._expect(self._smtp.noop(), 250)
        except (smtplib.SMTPException, OSError) as error:
            self._close()
            message = self.channel.tell("hung-up-first", error=type(error).__name__)
            raise Busy(message, channel=self.channel.name) from None

    @property
    def largest(self) -> int:
        """How many bytes a letter may have, as the server says (RFC 1870); 0 where it does not."""
        said = self._smtp.esmtp_features.get("size", "") if self._smtp else ""
        return int(said) if re.fullmatch("[0-9]{1,12}", said) else 0

    @property
    def usable(self) -> bool:
        """Whether the connection outlived the last letter."""
        return self._smtp is not None

    def send(self, recipient: str, letter: bytes) -> str:
        """Hand one letter to the server and return what it said; Refused, Busy or Unknown are this letter's alone."""
        assert self._smtp is not None  # open() comes first
        smtp = self._smtp
        with smtp.within(self._until):
            try:
                # What comes back names the recipient by a token that nobody else has (ENVID, RFC 3461).
                options = [f"ENVID={self.channel.subscribers.token(recipient)}", "RET=HDRS"]
                self._expect(smtp.mail(return_path(self.channel), options if smtp.has_extn("dsn") else []), 250)
                self._expect(smtp.rcpt(recipient), 250, 251)
                self._expect(smtp.docmd("DATA"), 354)
            except (smtplib.SMTPException, OSError) as error:
                self._close()
                message = self.channel.tell("hung-up-before", error=type(error).__name__)
                raise Busy(message, channel=self.channel.name) from error
            except (Busy, Refused):
                self._reset()
                raise
            try:  # from here on, silence may mean that it was taken
                answer = smtp.letter(letter)
            except TooLate as error:
                self._close()
                raise Busy(self.channel.tell("too-late"), channel=self.channel.name) from error
            except (smtplib.SMTPException, OSError) as error:
                self._close()
                message = self.channel.tell("hung-up-after", error=type(error).__name__)
                raise Unknown(message, channel=self.channel.name) from error
            if answer[0] // 100 not in {2, 4, 5}:
                raise Unknown(self.channel.tell("nonsense"), channel=self.channel.name)
            self._expect(answer, *range(200, 300))
            return f"sent {answer[0]}"

    def _expect(self, answer: tuple[int, bytes], *codes: int) -> None:
        if (code := answer[0]) in codes:
            return
        if code == 421:  # RFC 5321: the server is closing the connection
            self._close()
        # What a server says may quote the recipient's address: only its enhanced code (RFC 3463) is kept.
        found = re.match(rb"[245]\.\d{1,3}\.\d{1,3}", answer[1])
        self.enhanced = found[0].decode() if found else ""
        message = self.channel.tell("said", code=self.enhanced or code)
        if 500 <= code < 600:
            raise Refused(message, str(code), self.channel.name)
        raise Busy(message, str(code), self.channel.name)

    def _reset(self) -> None:
        if self._smtp is not None:
            try:
                self._smtp.rset()
            except (smtplib.SMTPException, OSError):
                self._close()

    def _close(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError), smtp.within(time.monotonic() + GOODBYE):
                smtp.quit()
            smtp.close()
