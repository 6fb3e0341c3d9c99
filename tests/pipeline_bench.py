"""What tests of the pipeline stand on: a small community, and platforms whose far side does what a file tells it.

A far side is a folder: each line of `verbs` is what it does with the next request (`refuse`, `busy`, `cut`, `fail`,
`die`; with none left it accepts), each line of `calls` is a request that reached it, each line of `posts` a post that
is there. So a test and the processes it starts can share one.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping
from pathlib import Path

from steadycast.pipeline import App
from steadycast.testing import Clock, drop, workspace
from steadycast.workspace import load

ZONE = dt.timezone(dt.timedelta(hours=8))
MORNING = dt.datetime(2026, 11, 23, 9, 0, tzinfo=ZONE)  # a Monday
EVENING = MORNING.replace(hour=20)  # of that day: the first slot of `daily`

COMMUNITY = """
[community]
name = "Test readers"
timezone = "Asia/Shanghai"
language = "en"
url = "https://readers.example/"

[members.alice]
title = "Alice"
trusted = true

[members.bob]
title = "Bob"
"""

DAILY = """
[series.daily]
title = "Daily"
every = "day at 20:00"
channels = ["site", "far"]
late = "3h"
"""

SITE = """
[channel.site]
platform = "pages"
url = "https://readers.example/"
"""

FAR = """
[channel.far]
platform = "far"
"""

SETTINGS = COMMUNITY + DAILY + SITE + FAR

ADAPTER = """
import os
import signal

from steadycast.platform import Busy, Receipt, Refused, Unknown


class Adapter:
    def __init__(self, channel):
        self.channel, self.folder = channel, channel.out.parent / f"far-side-{channel.name}"
        self.folder.mkdir(parents=True, exist_ok=True)

    def publish(self, post):
        self.note("calls", f"{post.key} {self.channel.now().isoformat()}")
        verb = self.next()
        if verb == "refuse":
            raise Refused("bad content", "422")
        if verb == "busy":
            raise Busy("too many requests", "429")
        if verb == "fail":
            raise Unknown("internal error", "500")
        self.note("posts", f"{post.key} {post.revision} {post.title}")
        if verb == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if verb == "cut":
            raise Unknown("connection reset")
        return Receipt(post.key, f"https://far.example/{post.key}")

    def find(self, post, known):
        there = any(line.startswith(post.key) for line in self.lines("posts"))
        return Receipt(post.key, f"https://far.example/{post.key}") if there else None

    def next(self):
        verbs = self.lines("verbs")
        (self.folder / "verbs").write_text("\\n".join(verbs[1:]))
        return verbs[0] if verbs else "accept"

    def lines(self, name):
        file = self.folder / name
        return file.read_text().splitlines() if file.exists() else []

    def note(self, name, line):
        with (self.folder / name).open("a") as file:
            file.write(line + "\\n")
            file.flush()
            os.fsync(file.fileno())
"""

PLATFORM = """
api = 2
title = "Far side"
forms = ["article"]
delivery = "{delivery}"
read_back = true
deadline = 5
settle = 5
"""

HOOK = """
api = 2
title = "Hook"
forms = ["article", "audio", "video", "event"]
delivery = "blind"

[settings.url]
type = "url"
required = true
secret = true
help = "where posts are sent"

[settings.secret]
secret = true
help = "signs them"
"""

HOOK_ADAPTER = """
import json

from steadycast.platform import Receipt, Unknown, View


class Adapter:
    def __init__(self, channel):
        self.channel = channel

    def publish(self, post):
        signed = {"Signature": self.channel.secret("secret")}
        self.channel.http.request("POST", self.channel.secret("url"), json=self.told(post), headers=signed)
        return Receipt(post.key)

    def find(self, post, known):
        raise Unknown("it cannot be asked")

    def views(self, post):
        return [View("text", text=json.dumps(self.told(post)))]

    def told(self, post):
        return {"title": post.title, "html": post.html, "key": post.key}
"""

PLATFORMS = Path(__file__).resolve().parent / "platforms"
OURS = {f"channels/{f.relative_to(PLATFORMS)}": f.read_text() for f in PLATFORMS.glob("*/*.*")}
FILES = {
    **OURS,
    "channels/hook/channel.toml": HOOK,
    "channels/hook/adapter.py": HOOK_ADAPTER,
    "channels/far/channel.toml": PLATFORM.format(delivery="read-back"),
    "channels/far/adapter.py": ADAPTER,
    "channels/blind/channel.toml": 'api = 2\nbase = "far"\ntitle = "Blind"\ndelivery = "blind"\nread_back = false\n',
}


class Bench:
    """A workspace with its desk, its clock and its far sides."""

    def __init__(self, root: Path, empty: Path) -> None:
        self.root = root
        self.empty = empty
        self.clock = Clock(MORNING)
        self.app: App
        self.opened: list[App] = []

    def set_up(self, settings: str = SETTINGS, content: Mapping[str, str | bytes] | None = None) -> App:
        """The desk of a workspace with these settings and drafts."""
        made = workspace(self.root, settings, content, FILES)
        made.var.mkdir(parents=True, exist_ok=True)
        if "://" not in made.ledger and not Path(made.ledger).exists():
            shutil.copyfile(self.empty, made.ledger)
        return self.open()

    def open(self) -> App:
        """A desk that has just read steadycast.toml again."""
        self.app = App(load(self.root), clock=self.clock)
        self.opened.append(self.app)
        return self.app

    def drop(self, path: str, text: str | bytes) -> Path:
        """A draft, dropped whole."""
        return drop(self.root, f"content/{path}", text)

    def settings(self, text: str) -> App:
        """The desk after a change of steadycast.toml."""
        drop(self.root, "steadycast.toml", text)
        return self.open()

    def far(self, *verbs: str, channel: str = "far") -> None:
        """What that channel's far side does with the next requests."""
        drop(self.app.workspace.out, f"far-side-{channel}/verbs", "\n".join(verbs))

    def there(self, channel: str = "far") -> list[str]:
        """The titles that are there on that channel's far side, in order."""
        return [line.split(" ", 2)[2] for line in self._lines(channel, "posts")]

    def calls(self, channel: str = "far") -> list[dt.datetime]:
        """When each request reached that channel's far side."""
        return [dt.datetime.fromisoformat(line.split(" ")[1]) for line in self._lines(channel, "calls")]

    def _lines(self, channel: str, name: str) -> list[str]:
        file = self.app.workspace.out / f"far-side-{channel}" / name
        return file.read_text().splitlines() if file.exists() else []

    def at(self, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> dt.datetime:
        """It is that local day, hour and minute of November 2026: time has passed; or the wall's clock is set back."""
        then = dt.datetime(2026, 11, day, hour, minute, second, tzinfo=ZONE)
        if (passed := then - self.clock.now()) >= dt.timedelta():
            return self.clock.advance(passed)
        self.clock.set_wall(then)
        return then


def article(title: str, *front: str, body: str = "Words.") -> str:
    """A draft's text."""
    return "\n".join(["---", f"title: {title}", *front, "---", "", body, ""])
