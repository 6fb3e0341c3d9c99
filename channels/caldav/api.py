"""The few requests of CalDAV (RFC 4791) that the adapter makes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from urllib.parse import quote, unquote

from steadycast.platform import Answer, Busy, Channel, HttpClient, Refused

from .answers import elements, names, sorted_error
from .stored import POST, Entry

ROUNDS = 4  # how often an event that somebody else changes is read and written again
MOST = 64 * 1024  # bytes of an answer in XML, which says little
HEADERS = {"Content-Type": "text/calendar; charset=utf-8"}
XML = {"Content-Type": "application/xml; charset=utf-8"}
ASKED = """<?xml version="1.0" encoding="utf-8"?>
<D:propfind xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:resourcetype/>
<D:current-user-privilege-set/><C:supported-calendar-component-set/><C:max-resource-size/></D:prop></D:propfind>"""
QUERY = """<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/></D:prop><C:filter>
<C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:prop-filter name="{name}"><C:text-match>{key}
</C:text-match></C:prop-filter></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>""".replace(
    "\n</C:t", "</C:t"
)


class Api:
    """One calendar, as the channel's account."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.base = channel.settings["url"].rstrip("/")

    @cached_property
    def http(self) -> HttpClient:
        auth = (self.channel.settings["user"], self.channel.secret("password"))
        # As it is: a server that compresses on the way may give the ETag of something else.
        headers = {"Accept-Encoding": "identity"}
        return self.channel.http.using(
            base=self.base, auth=auth, headers=headers, errors=partial(sorted_error, self.channel)
        )

    def address(self, name: str) -> str:
        """Where an object is."""
        return f"{self.base}/{quote(name)}"

    def read(self, name: str) -> Entry | None:
        """The object of that name; None where there is none."""
        answer = self.http.request("GET", self.address(name), ok=(200, 404))
        if answer.status == 404:
            return None
        entry = Entry(name, answer.headers.get("ETag", ""), answer.body)
        try:
            _ = entry.calendar
        except (ValueError, KeyError, IndexError):
            raise answer.garbled(self.channel.tell("garbled"), answer) from None
        return entry

    def change(self, name: str, make: Callable[[Entry | None], bytes | None]) -> Entry | None:
        """What is there after `make` had its way: it gives the new data of what is there, b"" to delete it, or None.

        Where somebody else writes between, it is asked again with what is there then.
        """
        before: Entry | bool | None = False
        for _ in range(ROUNDS):
            there = self.read(name)
            if (data := make(there)) is None:
                return there
            answer = self._written(name, there, data)
            if answer.status != 412:
                return Entry(name, answer.headers.get("ETag", ""), data) if data else None
            if there == before:  # nothing has changed between: some servers say so of an object that is too large
                raise Refused(self.channel.tell("not-taken"), "412", self.channel.name)
            before = there
        raise Busy(self.channel.tell("changing"), "412", self.channel.name)

    def announced_by(self, key: str) -> Entry | None:
        """The object that says that this post announced it."""
        body = QUERY.format(name=POST, key=key).encode()
        headers = {**XML, "Depth": "1"}
        answer = self.http.request(
            "REPORT", self.base + "/", data=body, headers=headers, ok=(207,), repeatable=True, max_bytes=MOST
        )
        found = [self.read(unquote(href.rpartition("/")[2])) for href in elements(answer.text, "href")]
        return next((entry for entry in found if entry and key in entry.keys), None)

    def rights(self) -> tuple[str, ...]:
        """What the account may do in the calendar, as far as the server says; Refused where it is no calendar."""
        told = self._properties()
        kinds, parts = elements(told, "resourcetype"), elements(told, "supported-calendar-component-set")
        if "calendar" not in names("".join(kinds)) or (parts and parts[0] and "VEVENT" not in parts[0]):
            raise Refused(self.channel.tell("no-calendar", said="").strip(), channel=self.channel.name)
        return names("".join(elements(told, "privilege")))

    def most(self) -> int | None:
        """The bytes of the largest object that the server takes, where it says so."""
        told = elements(self._properties(), "max-resource-size")
        return int(told[0]) if told and told[0].isdecimal() else None

    def _properties(self) -> str:
        headers = {**XML, "Depth": "0"}
        data, url = ASKED.encode(), self.base + "/"
        answer = self.http.request(
            "PROPFIND", url, data=data, headers=headers, ok=(207, 404), repeatable=True, max_bytes=MOST
        )
        if answer.status == 404:
            raise Refused(self.channel.tell("no-calendar", said="").strip(), "404", self.channel.name)
        return answer.text

    def _written(self, name: str, there: Entry | None, data: bytes) -> Answer:
        condition = {"If-Match": there.etag or "*"} if there else {"If-None-Match": "*"}
        if not data:
            return self.http.request("DELETE", self.address(name), headers=condition, ok=(200, 202, 204, 404, 412))
        headers = {**HEADERS, **condition}
        answer = self.http.request("PUT", self.address(name), data=data, headers=headers, ok=(200, 201, 204, 404, 412))
        if answer.status == 404:
            raise Refused(self.channel.tell("no-calendar", said="").strip(), "404", self.channel.name)
        return answer
