"""The desk's own styles and scripts, each under an address that tells its content: a browser asks for it once."""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "static"
ADDRESS = re.compile(r"(?<=[\"'])/static/([\w./-]+)(?=[\"'])")
FOR_GOOD = "public, max-age=31536000, immutable"
ASKED_AGAIN = "no-cache"  # kept, and asked for: whether it is still the same


def addressed(text: str) -> str:
    """A template or a script, with the print of each file of ours that it names in that file's address."""
    return ADDRESS.sub(lambda found: f"{found[0]}?v={_print(found[1])}", text)


class OwnFiles(StaticFiles):
    """Serves them: for good where the address tells the content, else to be asked for again."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One file; another release's address leads to this one's file, and is not kept."""
        answer = await super().get_response(path, scope)
        asked = parse_qs(scope["query_string"].decode("ascii", "replace")).get("v", [""])[-1]
        answer.headers["Cache-Control"] = FOR_GOOD if asked and asked == _print(path) else ASKED_AGAIN
        return answer


@cache
def _print(name: str) -> str:
    return sha256((FOLDER / name).read_bytes()).hexdigest()[:12]
