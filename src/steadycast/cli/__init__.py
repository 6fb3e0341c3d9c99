"""The command line. Each command is loaded when it is asked for, and imports what it needs inside."""

from __future__ import annotations

import atexit
import errno
import gc
import logging
import os
import sys
from collections.abc import Sequence

from steadycast import reasons
from steadycast.cli.output import BAD_INPUT, LEDGER, NEEDS_A_PERSON, OK, complain
from steadycast.errors import LOST, SteadycastError, with_hint
from steadycast.language import N_, of_user, speak
from steadycast.language import gettext as _
from steadycast.workspace.paths import Paths, find_root

WRITABLE = N_("make the folder writable for this user; only var/ is written to, or what STEADYCAST_VAR names")
NO_FOLDER = N_("a file is where a folder must be: name another place")
FREE_SOME = N_("free some space, then run it again: it does what was not finished")
HINTS = {
    errno.ENOENT: N_("check the spelling, and that the folder above it is there"),
    errno.EEXIST: NO_FOLDER,
    errno.ENOTDIR: NO_FOLDER,
    errno.EISDIR: N_("that is a folder: name a file"),
    errno.ENOSPC: FREE_SOME,
    errno.EDQUOT: FREE_SOME,
    errno.EFBIG: N_("raise this user's limit of file size, then run it again"),
    errno.EROFS: WRITABLE,
    errno.EACCES: WRITABLE,
    errno.EPERM: WRITABLE,
}
DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}  # nobody's input: a script may free some space, and try again

FAULT = 70  # of sysexits.h: the exit code of a fault of ours, for a program that starts us and has to know

FIRST_PAGE: tuple[list[str], ...] = ([], ["--help"], ["-h"])
LOADED = 500_000  # objects made between two looks for what can be let go: while modules are loaded it is nothing
NO_PLUGINS = ("PYDANTIC_DISABLE_PLUGINS", "__all__")  # to look for some, it reads what every package here offers


def main(arguments: Sequence[str] | None = None, *, fault: int = NEEDS_A_PERSON) -> None:
    """Runs one command and exits: 0 done, 1 a person is needed, 2 bad input or usage, 3 the ledger or its disk.

    `fault`: the exit code where it failed by a fault of ours.
    """
    gc.set_threshold(LOADED)
    atexit.register(gc.freeze)  # the last look, at an exit that lets all of it go, is a tenth of a short command
    os.environ.setdefault(*NO_PLUGINS)
    speak_as_asked()
    lost = _Lost()
    LOST.addHandler(lost)
    try:
        words = list(sys.argv[1:] if arguments is None else arguments)
        if words[:1] == ["help"]:  # as with git: `help publish` is `publish --help`
            words = [*words[1:], "--help"]
        code = _done(words)
    except SteadycastError as error:
        complain(str(error))
        sys.exit(fault if error.exit_code == NEEDS_A_PERSON else error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # `steadycast list | head`
        sys.exit(0)
    except OSError as error:
        complain(_file(error))
        sys.exit(LEDGER if error.errno in DISK else BAD_INPUT)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("STEADYCAST_DEBUG"):
            raise
        said = f"{type(error).__name__}: {error}"
        complain(_("%(said)s (a fault in Steadycast: please report it, with what STEADYCAST_DEBUG=1 shows)", said=said))
        sys.exit(fault)
    finally:
        LOST.removeHandler(lost)
    sys.exit(NEEDS_A_PERSON if code == OK and lost.told else code)


def _done(words: list[str]) -> int:
    """The exit code of one command. Only what it needs is loaded: for the page of all commands, none of them."""
    if words in FIRST_PAGE:
        from steadycast.cli import first_page

        first_page.show()
        return OK
    from steadycast.cli import plain_arguments

    if (ask := plain_arguments.call(words)) is not None:
        return ask()
    from cyclopts import CycloptsError

    from steadycast.cli.command_line import app

    try:
        code = app(words, result_action="return_value", exit_on_error=False, print_error=False)
    except CycloptsError as error:
        from steadycast.cli.usage import usage

        complain(usage(error))
        return BAD_INPUT
    return code if isinstance(code, int) else OK


def speak_as_asked() -> None:
    """Speaks the community's language, else the user's; STEADYCAST_LANGUAGE goes before both."""
    try:
        of_community = Paths(find_root()).language
    except (SteadycastError, OSError):
        of_community = ""
    speak(of_community, of_user())


class _Lost(logging.Handler):
    """Says, before anything else and once, that the ledger was lost that a command reads: a person is needed."""

    told = False

    def emit(self, record: logging.LogRecord) -> None:
        if not self.told:
            complain(record.getMessage())
        self.told = True


def _file(error: OSError) -> str:
    """What is wrong with a file or a disk, and what to do."""
    where = error.filename or (_("the disk") if error.errno in DISK else _("file"))
    said = f"{where}: {reasons.of_system(error)}"
    hint = HINTS.get(error.errno or 0)
    return with_hint(said, _(hint)) if hint else said
