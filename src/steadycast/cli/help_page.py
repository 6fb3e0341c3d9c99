"""What `--help` shows, in the current language: the commands' own docstrings, where `make texts` finds the texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steadycast.language import N_, current, listed
from steadycast.language import gettext as _

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions
    from rich.text import Text

TITLE = N_("Commands")  # of the commands that are in no group; the name is Cyclopts'
SAYS_NOTHING = {"False", '""', "()"}  # as a default
WORDS = {"True": N_("yes")}  # a default as people say it


class HelpPage:
    """Cyclopts' own page with its texts translated; its parts are imported when a page is shown."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Shows one panel: a group of commands, or the parameters of one."""
        from cyclopts.help.formatters import DefaultFormatter

        entries = [entry.copy(description=_description(entry), choices=None, default=None) for entry in panel.entries]
        if current().name != "en":
            entries = [entry.copy(required=False) for entry in entries]
        DefaultFormatter()(console, options, panel.copy(title=_(str(panel.title)), entries=entries))

    def render_usage(self, console: Console, options: ConsoleOptions, usage: Any) -> None:  # noqa: ARG002
        """Shows how the command is written."""
        from rich.text import Text

        words = {"COMMAND": _("COMMAND"), "[OPTIONS]": _("[OPTIONS]"), "[ARGS]": _("[ARGS]")}
        shown = " ".join(words.get(word, word) for word in str(usage).split())
        console.print(Text(_("Usage: %(command)s", command=shown) + "\n", style="bold"))

    def render_description(self, console: Console, options: ConsoleOptions, description: Any) -> None:  # noqa: ARG002
        """Shows what the command does."""
        if text := _plain(description):
            console.print(translated(text), end="\n\n", highlight=False, markup=False)


def _description(entry: HelpEntry) -> Text:
    from rich.text import Text

    told = [Text(translated(_plain(entry.description)))]
    if entry.choices and not all(choice in told[0].plain for choice in entry.choices):
        told.append(Text(_("[choices: %(names)s]", names=listed(entry.choices)), "bright_black"))
    if entry.default not in {None, *SAYS_NOTHING}:
        told.append(
            Text(_("[default: %(value)s]", value=_(WORDS.get(str(entry.default), str(entry.default)))), "bright_black")
        )
    if entry.required and current().name != "en":  # in English Cyclopts says it
        told.append(Text(_("[required]"), "red"))
    return Text(" " if current().name == "en" else "").join(filter(None, told))


def _plain(shown: Any) -> str:
    text = getattr(shown, "primary_renderable", shown)
    return getattr(text, "plain", text if isinstance(text, str) else "").strip()


def translated(text: str) -> str:
    """A help text in the current language, paragraph by paragraph."""
    if current().name == "en":
        return text
    return "\n\n".join(_(piece) for piece in pieces(text))


def pieces(text: str) -> list[str]:
    """The paragraphs of a help text, each as one line: what is translated as a whole."""
    return [" ".join(piece.split()) for piece in text.split("\n\n") if piece.strip()]
