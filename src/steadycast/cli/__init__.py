"""The command line. Commands import what they need inside, so that `--help` answers at once."""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Callable, Sequence

from cyclopts import App, CycloptsError, Group

from steadycast import __version__, reasons
from steadycast.cli import (
    arrivals,
    change_promise,
    channels,
    circles,
    classes,
    copying,
    desk,
    drafts,
    drill,
    fairness,
    record,
    rounds,
    setup,
    slots,
    tokens,
    up,
    users,
)
from steadycast.cli.help_page import HelpPage
from steadycast.cli.operations import backup, doctor, health, here, rebuild, restore
from steadycast.cli.output import BAD_INPUT, LEDGER, NEEDS_A_PERSON, OK, complain
from steadycast.cli.usage import usage
from steadycast.errors import LOST, SteadycastError, with_hint
from steadycast.language import N_, of_user, speak
from steadycast.language import gettext as _
from steadycast.workspace.paths import Paths, find_root

DRAFTS = Group("Drafts", sort_key=1)
SLOTS = Group("Slots and deliveries", sort_key=2)
CLASSES = Group("Classes", sort_key=3)
RECORD = Group("The record", sort_key=4)
DESK = Group("The desk", sort_key=5)

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

app = App(
    name="steadycast",
    help="Publishes what a community writes: drafts in, every channel served at its promised hour, and a record of it.",
    version=__version__,
    help_format="plaintext",
    help_formatter=HelpPage(),
)
channel = App(
    name="channel",
    help="Show the platforms, add, log in to or test a channel, or copy a platform to change it.",
    group=DESK,
)
app.command(channel)
desks = App(name="desk", group=DESK)
desks.default(desk.desk)
user = App(name="user", help="Say who may log in to the desk, and as what.")
desks.command(user)
app.command(desks)
came = App(name="arrivals", group=RECORD)
came.default(arrivals.arrivals)
came.command(arrivals.pull)
came.command(arrivals.import_, name="import")
app.command(came)
the_class = App(
    name="class",
    help="Show who handed in what and who comments on whom, and write the page that is handed over.",
    group=CLASSES,
)
the_class.command(classes.list_, name="list")
the_class.command(classes.show_, name="show")
the_class.command(rounds.round_, name="round")
the_class.command(rounds.report)
app.command(the_class)
of_class = App(
    name="member",
    help="Show a member of a class; grant leave, warn, put out, keep, take back, move, correct.",
    group=CLASSES,
)
of_class.command(classes.member_show, name="show")
of_class.command(classes.leave)
of_class.command(classes.out)
of_class.command(classes.keep)
of_class.command(classes.warn)
of_class.command(classes.correct)
of_class.command(classes.back)
of_class.command(classes.move)
app.command(of_class)
turn = App(
    name="turn", help="Show whose turn it is to be on duty or to lead a group, or swap two turns.", group=CLASSES
)
turn.command(rounds.turn_show, name="show")
turn.command(rounds.turn_swap, name="swap")
app.command(turn)
comment = App(name="comment", help="Say that a comment was made.", group=CLASSES)
comment.command(rounds.comment_done, name="done")
app.command(comment)
looked_at = App(name="circles", group=RECORD)
looked_at.default(circles.circles)
looked_at.command(circles.ask)
app.command(looked_at)
token = App(
    name="token", help="Let a program act for a person: make a token for the API, list or revoke them.", group=DESK
)
app.command(token)

COMMANDS: dict[Group, tuple[Callable[..., int], ...]] = {
    DRAFTS: (drafts.check, drafts.intake, drafts.approve, drafts.reject, drafts.title, drafts.preview, drafts.render),
    SLOTS: (
        slots.plan,
        slots.rituals,
        slots.ask,
        slots.asks,
        change_promise.rhythm,
        change_promise.skip,
        slots.publish,
        slots.answer,
        slots.verify,
        slots.confirm,
        slots.settle,
        slots.revise,
        slots.withdraw,
    ),
    RECORD: (record.status, record.report, fairness.fair, record.backfill, drill.drill),
    DESK: (
        setup.init,
        copying.copy,
        copying.ready,
        setup.deploy,
        up.up,
        tokens.mcp,
        doctor,
        health,
        backup,
        restore,
        rebuild,
        here,
        setup.completion,
    ),
}
for group, commands in COMMANDS.items():
    for command in commands:
        app.command(command, group=group)
app.command(drafts.list_, name="list", group=DRAFTS)
user.command(users.add, name="add")
user.command(users.list_, name="list")
user.command(users.password, name="password")
user.command(users.end, name="end")
token.command(tokens.add, name="add")
token.command(tokens.list_, name="list")
token.command(tokens.revoke, name="revoke")
channel.command(setup.channel_list, name="list")
channel.command(channels.add, name="add")
channel.command(channels.login, name="login")
channel.command(channels.try_out, name="test")
channel.command(channels.recipients)
channel.command(setup.channel_eject, name="eject")


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and exits: 0 done, 1 a person is needed, 2 bad input or usage, 3 the ledger or its disk."""
    speak_as_asked()
    lost = _Lost()
    LOST.addHandler(lost)
    try:
        words = list(sys.argv[1:] if arguments is None else arguments)
        if words[:1] == ["help"]:  # as with git: `help publish` is `publish --help`
            words = [*words[1:], "--help"]
        code = app(words, result_action="return_value", exit_on_error=False, print_error=False)
    except CycloptsError as error:
        complain(usage(error))
        sys.exit(BAD_INPUT)
    except SteadycastError as error:
        complain(str(error))
        sys.exit(error.exit_code)
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
        sys.exit(NEEDS_A_PERSON)
    finally:
        LOST.removeHandler(lost)
    code = code if isinstance(code, int) else OK
    sys.exit(NEEDS_A_PERSON if code == OK and lost.told else code)


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
