"""A connection to a submission server, up to where it lets us in; what fails on the way says what to change."""

from __future__ import annotations

import smtplib
import ssl

from steadycast.platform import Busy, Channel, Refused

from .line import Line


def opened(channel: Channel, timeout: float, until: float) -> Line:
    """A greeted, encrypted and authenticated connection. Refused or Busy: nobody was let in."""
    settings, security, context = channel.settings, channel.settings["security"], ssl.create_default_context()
    smtp: Line | None = None
    try:
        smtp = Line(settings["host"], settings["port"], timeout, until)
        with smtp.within(until):
            smtp.greet(context if security == "tls" else None)
            smtp.ehlo_or_helo_if_needed()
            if security not in {"tls", "none"}:
                smtp.starttls(context=context)
                smtp.ehlo()
            if settings["user"]:
                smtp.login(settings["user"], channel.secret("password"))
    except Exception as error:
        if smtp is not None:
            smtp.close()
        raise _told(channel, error) from None  # the original may hold what was sent to log in
    return smtp


def _told(channel: Channel, error: Exception) -> Exception:
    name, tell = channel.name, channel.tell
    if isinstance(error, ssl.SSLCertVerificationError):
        return Refused(tell("certificate"), channel=name)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Refused(tell("no-starttls"), channel=name)
    if isinstance(error, smtplib.SMTPResponseException) and 500 <= error.smtp_code < 600:
        return Refused(tell("not-let-in"), str(error.smtp_code), name)
    if isinstance(error, smtplib.SMTPException | OSError):
        code = str(error.smtp_code) if isinstance(error, smtplib.SMTPResponseException) else None
        return Busy(tell("no-connection", error=type(error).__name__), code, name)
    return error
