"""Events in a folder: one `events/<uid>.ics` an event, and calendar.ics with all of them to subscribe to.

The uid hangs on the draft: an event that is announced twice stands in the calendar once. The file of an event is also
where its SEQUENCE is kept: it goes up by one when, and only when, what the event says has changed.
"""

from __future__ import annotations

from steadycast.platform import FolderAdapter, Post, PostStore, Receipt, Refused, View
from steadycast.platform.ics import calendar, cancelled, entry, event, link, organiser, state, uid

CALENDAR = "calendar.ics"


class Adapter(FolderAdapter):
    """Writes the events under `channel.out`."""

    def take(self, post: Post) -> None:
        """Only events."""
        if post.event is None:
            raise Refused(self.channel.tell("no-event"), channel=self.channel.name)

    def views(self, post: Post) -> list[View]:
        """The event's own file, as an app reads it."""
        file = self.channel.out / self.publish(post).page
        return [View("text", text=entry(file.read_bytes(), self.channel.zone))]

    def catch_up(self, shelf: PostStore, _post: Post) -> None:
        """What has changed. What is gone stays in the calendar as cancelled: so people's apps learn of it."""
        if not shelf.unfinished and (self.channel.out / CALENDAR).is_file():
            return
        newest = {uid(post): post for post in reversed(shelf.posts)}
        changed = {uid(post) for post in (*shelf.posts, *shelf.gone) if post.key in shelf.unfinished}
        for post in shelf.whole(newest[name] for name in changed if name in newest):
            self._event(shelf, post)
        for post in shelf.gone:
            if uid(post) not in newest:
                self._cancel(shelf, post)
        events = [f.read_bytes() for f in sorted((self.channel.out / "events").glob("*.ics"))]
        rule = {name: self.channel.settings[name] for name in ("keep_days", "refresh_hours")}
        shelf.keep(CALENDAR, calendar(events, self.channel.public_title, self.channel.now(), **rule))
        shelf.finish()

    def _event(self, shelf: PostStore, post: Post) -> None:
        name = self._file(post)
        known = state((self.channel.out / name).read_bytes()) if (self.channel.out / name).is_file() else None
        sequence, changed = known or (0, post.published)
        there = link(post, self.channel.settings["pages"])
        who = organiser(self.channel.community, self.channel.email)
        data = event(post, sequence, changed, there, organiser=who)
        if known and (self.channel.out / name).read_bytes() != data:
            data = event(post, sequence + 1, self.channel.now(), there, organiser=who)
        shelf.keep(name, data)

    def _cancel(self, shelf: PostStore, post: Post) -> None:
        file = self.channel.out / self._file(post)
        if file.is_file():
            shelf.keep(self._file(post), cancelled(file.read_bytes(), self.channel.now()))

    def _file(self, post: Post) -> str:
        return f"events/{uid(post)}.ics"

    def receipt(self, shelf: PostStore, post: Post, seen: str) -> Receipt:
        """The event's own file; of one that was announced before, the same."""
        shelved = shelf.get(post.key) or post
        name = self._file(shelved)
        file = (self.channel.out / name).resolve()
        url = f"{self.base}/{name}" if self.base else file.as_uri()
        return Receipt(uid(shelved), url, at=post.published, seen=seen, page=name)
