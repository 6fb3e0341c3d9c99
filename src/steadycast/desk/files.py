"""Files that lie under var/out and var/preview: kits with their media, previews, the report; shown, never trusted.

Their pages hold what members wrote. Each is an origin of its own: it reads no page of the desk, sends nothing anywhere,
and gets no cookie. So the key to them stands in their address, as `files_key` makes it of the desk's own.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter, HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse

from steadycast.desk.guard import FILES
from steadycast.desk.pages import Here
from steadycast.language import gettext as _
from steadycast.ledger.tables import DeliveryRow
from steadycast.pipeline import App
from steadycast.pipeline.local_pages import local_pages

router = APIRouter()
FOLDERS = ("out", "preview")  # of var/
FENCE = (
    "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads; connect-src 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": FENCE,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",  # a sandboxed page is of no origin, also to its own pictures
    "Cross-Origin-Opener-Policy": "unsafe-none",
}


@router.get(FILES + "{key}/{name:path}")
def file(app: Here, name: str, save: bool = False) -> FileResponse:
    """One file; with `save` as a download."""
    path = below(app.workspace.var, name)
    if path is None:
        raise HTTPException(404, _("There is no such file."))
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return FileResponse(path, media_type=kind, headers=HEADERS, filename=path.name if save else None)


def below(var: Path, name: str) -> Path | None:
    """The file that an address names, or None: one below `out` or `preview`, whatever dots and links are on the way."""
    try:
        found = (var / name).resolve()
        found = found / "index.html" if found.is_dir() else found
        inside = any(found.is_relative_to((var / folder).resolve()) for folder in FOLDERS)
        return found if inside and found.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        return None


def address(request: Request, name: str) -> str:
    """Where the desk shows the file `name` of var/."""
    return f"{FILES}{request.state.files_key}/{quote(name)}"


def local_addresses(request: Request, app: App, rows: Sequence[DeliveryRow]) -> dict[str, str]:
    """By the marker of a delivery whose post lies on this machine: where the desk shows it; of what is no page, where
    it lies.
    """
    found = local_pages(app, rows).items()
    return {marker: address(request, name) if name.endswith(".html") else f"var/{name}" for marker, name in found}
