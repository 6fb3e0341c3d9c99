"""Front matter and body of one Markdown file, as a frozen Draft; or a DraftError that names file and line.

The names below are looked up when they are first asked for: a scan that finds nothing changed loads no parser.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from steadycast.draft.model import Draft, DraftEvent, MediaRef, Note
    from steadycast.draft.reading import Reader, place
    from steadycast.draft.revision import revision_of

__all__ = ["Draft", "DraftEvent", "MediaRef", "Note", "Reader", "place", "revision_of"]

_FILES = {"Reader": "reading", "place": "reading", "revision_of": "revision"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(name)
    return getattr(import_module(f"steadycast.draft.{_FILES.get(name, 'model')}"), name)
