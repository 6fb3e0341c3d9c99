"""A CalDAV server as far as the adapter asks, with Radicale's habits: ETags, UIDs once, properties in another order."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any
from urllib.parse import unquote

from icalendar import Calendar

from steadycast.testing import FakeServer, Reply, Request, Seen

USER, PASSWORD = "news", "fake-app-password"
HOME = "/news/events/"
PROPERTIES = (
    '<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><response><href>{home}</href><propstat><prop>'
    "<resourcetype><C:calendar /><collection /></resourcetype><current-user-privilege-set>{rights}"
    '</current-user-privilege-set><C:supported-calendar-component-set><C:comp name="VEVENT" />'
    "</C:supported-calendar-component-set><C:max-resource-size>{most}</C:max-resource-size></prop>"
    "<status>HTTP/1.1 200 OK</status></propstat></response></multistatus>"
)


class Fake(FakeServer):
    """One calendar of one account. `rights` are what the account may do, `largest` the characters of an object."""

    def __init__(self, *, largest: int = 100_000) -> None:
        super().__init__()
        self.largest = largest
        self.rights = ("read", "write", "write-content")
        self.objects: dict[str, bytes] = {}  # name -> what a GET gives

    def settings(self) -> dict[str, str]:
        return {"url": f"{self.url}{HOME}", "user": USER}

    def secrets(self) -> dict[str, str]:
        return {"password": PASSWORD}

    def posts(self) -> list[Seen]:
        """Each event that takes place, for each post that announced it."""
        seen = []
        for name, data in self.objects.items():
            event = _event(data)
            keys = event.get("X-STEADYCAST-POST", [])
            said = str(event.get("SUMMARY", "")), str(event.get("DESCRIPTION", ""))
            there = [] if event.get("STATUS") == "CANCELLED" else keys if isinstance(keys, list) else [keys]
            seen += [Seen(name, str(key), said[1], said[0], url=f"{self.url}{HOME}{name}") for key in there]
        return seen

    def handle(self, request: Request) -> Reply:
        known = f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
        if request.headers.get("Authorization") != known:
            return Reply(401, "Access to the requested resource forbidden.")
        path, method = unquote(request.path), request.method
        if not path.startswith(HOME):
            return Reply(409 if method == "PUT" else 404, "The requested resource could not be found.")
        name = path.removeprefix(HOME)
        if not name:
            return self._collection(method, request.body.decode())
        if method not in ("GET", "PUT", "DELETE"):
            return Reply(405, "Method not allowed")
        there = self.objects.get(name)
        if method != "GET" and "write" not in self.rights:
            return Reply(403, "Access to the requested resource forbidden.")
        if method != "GET" and not _met(request.headers, there):
            return Reply(412, "Precondition failed.")
        if method == "PUT":
            return self._put(name, request.body)
        if there is None:
            return Reply(404, "The requested resource could not be found.")
        if method == "DELETE":
            del self.objects[name]
            return Reply(200, "<multistatus/>")
        return Reply(200, there, {"Content-Type": "text/calendar; charset=utf-8", "ETag": _etag(there)})

    def _collection(self, method: str, body: str) -> Reply:
        if method == "PROPFIND":
            rights = "".join(f"<privilege><{right} /></privilege>" for right in self.rights)
            return Reply(207, PROPERTIES.format(home=HOME, rights=rights, most=self.largest))
        if method != "REPORT":
            return Reply(405, "Method not allowed")
        asked = re.search(r'prop-filter name="([\w-]+)"><C:text-match>(\w+)<', body)
        assert asked, body
        line = f"{asked[1]}:{asked[2]}".encode()
        found = [
            f"<response><href>{HOME}{name}</href></response>" for name, data in self.objects.items() if line in data
        ]
        return Reply(207, f'<multistatus xmlns="DAV:">{"".join(found)}</multistatus>')

    def _put(self, name: str, data: bytes) -> Reply:
        try:
            event = _event(data)
        except (ValueError, IndexError):
            return Reply(400, "Bad Request")
        if len(data.decode()) > self.largest:  # it counts characters
            return Reply(412, "Precondition failed.")  # as Radicale says of what is over its max_resource_size
        if any(_event(other)["UID"] == event["UID"] for known, other in self.objects.items() if known != name):
            return Reply(
                409, '<error xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><C:no-uid-conflict /></error>'
            )
        made = name not in self.objects
        self.objects[name] = bytes(Calendar.from_ical(data).to_ical(sorted=True))
        return Reply(201 if made else 204, b"", {"ETag": _etag(self.objects[name])})


def _event(data: bytes) -> Any:
    return Calendar.from_ical(data).walk("VEVENT")[0]


def _etag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()}"'


def _met(headers: Any, there: bytes | None) -> bool:
    """Whether what was read is what is there."""
    if headers.get("If-None-Match") == "*":
        return there is None
    wanted = headers.get("If-Match")
    return wanted is None or (there is not None and wanted in ("*", _etag(there)))
