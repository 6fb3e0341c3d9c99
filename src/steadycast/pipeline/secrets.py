"""Secrets by name: from the environment, else from a file of the workspace, else from a Prefect Secret block."""

from __future__ import annotations

import base64
import html
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from steadycast.crash_safety import durable
from steadycast.errors import SteadycastError
from steadycast.language import gettext as _

FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
SHORTEST = 4  # a shorter value would black out half of every message


def find(name: str, folder: Path | None = None) -> str | None:
    """The secret's value, or None: the variable NAME, the file NAME in `folder`, the Secret block `name`."""
    value = os.environ.get(name)
    if value is None and folder is not None and FILE_NAME.fullmatch(name) and (folder / name).is_file():
        value = (folder / name).read_text(encoding="utf-8").strip()
    if value is not None:
        return value
    if not os.environ.get("PREFECT_API_URL"):
        return None
    return _block(name.lower().replace("_", "-"))


def keep(folder: Path, name: str, value: str) -> Path:
    """Put a secret into a file that `find` reads, its owner's alone from the first byte on."""
    durable.make_folder(folder)
    folder.chmod(0o700)
    durable.put(folder / name, value.encode(), rights=0o600)
    return folder / name


def _block(name: str) -> str | None:
    from prefect.blocks.system import Secret  # seconds: only where a server is named and the variable is not set

    try:
        return str(Secret.load(name).get())  # type: ignore[union-attr]
    except ValueError:  # Prefect's word for "there is no such block"
        return None
    except Exception as error:
        said = _(
            "the Secret block %(name)s cannot be asked for: %(why)s (is Prefect's server up?)",
            name=name,
            why=type(error).__name__,
        )
        raise SteadycastError(said) from None


class Redactor:
    """Takes known secrets out of any text: call it with a message before that message is kept or shown."""

    def __init__(self) -> None:
        self.values: set[str] = set()
        self._forms: list[str] = []  # all ways to write them, longest first

    def learn(self, value: str) -> str:
        """Remembers a secret's value, and gives it back."""
        if len(value) >= SHORTEST and value not in self.values:
            self.values.add(value)
            forms = {form for part in _parts(value) for form in _written(part) if len(form) >= SHORTEST}
            self._forms = sorted(forms.union(self._forms), key=lambda form: (-len(form), form))
        return value

    def __call__(self, text: str) -> str:
        """`text` with `***` for every known secret, each part of it that tells it, and each way to write it."""
        for form in self._forms:
            text = text.replace(form, "***")
        return text


LONG = 8  # characters of a path's segment that may be a token
_PLAIN = frozenset(
    {"channels", "incoming", "messages", "services", "triggers", "webhooks", "workflows"}
)  # of many URLs


def _parts(secret: str) -> Iterator[str]:
    """What of a secret has to stay hidden: all of it, and of a URL all that a far side may repeat but for the host."""
    yield secret
    yield secret.strip()
    try:
        url = urlsplit(secret.strip())
    except ValueError:
        return
    if not url.scheme or "://" not in secret:
        return
    path = url.path.strip("/")
    yield from (f"{url.path}?{url.query}", url.query, url.fragment)
    if "/" in path or len(path) >= LONG:
        yield from (url.path, path)
    yield from (word for word in path.split("/") if len(word) >= LONG and word.lower() not in _PLAIN)
    yield from (value for _, value in parse_qsl(url.query))
    yield from (unquote(url.username or ""), unquote(url.password or ""))
    yield url.netloc.rpartition("@")[0]


def _written(secret: str) -> Iterator[str]:
    """`secret` as it is, and as JSON, HTML, a URL and base64 write it."""
    for plain in dict.fromkeys((secret, unquote(secret))):
        yield from (plain, html.escape(plain), html.escape(plain, quote=False))
        for ascii_ in (True, False):
            quoted = json.dumps(plain, ensure_ascii=ascii_)[1:-1]
            yield from (quoted, quoted.replace("/", "\\/"))
        for safe in ("", "/", "/?&=:@"):
            once = quote(plain, safe=safe)
            yield from (once, quote(once, safe=""), quote_plus(plain, safe=safe))
            yield re.sub("%..", lambda m: m[0].lower(), once)
        yield from _in_base64(plain.encode())


def _in_base64(secret: bytes) -> Iterator[str]:
    """The characters that `secret` surely becomes within base64, wherever in the text before it begins."""
    if len(secret) < LONG - 2:
        return  # too few characters are surely its own
    for before in range(3):
        first, last = (before * 8 + 5) // 6, (before + len(secret)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(before) + secret + bytes(3)).decode()[first:last]
