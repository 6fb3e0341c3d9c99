"""Front matter and body of one Markdown file, as a frozen Draft; or a DraftError that names file and line."""

from steadycast.draft.model import Draft, DraftEvent, MediaRef
from steadycast.draft.reading import date_of_name, parse, place, revision_of, summary_of

__all__ = ["Draft", "DraftEvent", "MediaRef", "date_of_name", "parse", "place", "revision_of", "summary_of"]
