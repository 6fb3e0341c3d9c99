"""The command line. Commands import what they need inside, so that `--help` answers at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Group

from steadycast import __version__
from steadycast.cli import desk, drafts, record, slots, up
from steadycast.cli.output import BAD_INPUT, complain
from steadycast.errors import SteadycastError

DRAFTS = Group("Drafts", sort_key=1)
SLOTS = Group("Slots and deliveries", sort_key=2)
RECORD = Group("The record", sort_key=3)
DESK = Group("The desk", sort_key=4)

app = App(
    name="steadycast",
    help="A community's output desk: drafts in, every channel served at its promised hour, and the record kept.",
    version=__version__,
    help_format="plaintext",
)
channel = App(name="channel", help="Platforms: which there are, and a copy of one to change.", group=DESK)
app.command(channel)

for group, commands in {
    DRAFTS: (drafts.check, drafts.intake, drafts.approve, drafts.reject, drafts.preview, drafts.render),
    SLOTS: (slots.plan, slots.publish, slots.verify, slots.confirm, slots.settle),
    RECORD: (record.status, record.report, record.backfill),
    DESK: (desk.init, desk.deploy, up.up),
}.items():
    for command in commands:
        app.command(command, group=group)
app.command(drafts.list_, name="list", group=DRAFTS)
channel.command(desk.channel_list, name="list")
channel.command(desk.channel_eject, name="eject")


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and exits: 0 done, 1 a person is needed, 2 bad input or usage, 3 the ledger."""
    try:
        words = list(arguments) if arguments is not None else None
        code = app(words, result_action="return_value", exit_on_error=False)
    except CycloptsError:
        sys.exit(BAD_INPUT)  # cyclopts has said what is wrong, in a panel
    except SteadycastError as error:
        complain(str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # `steadycast list | head`
        sys.exit(0)
    except OSError as error:
        complain(f"{error.filename or 'file'}: {error.strerror}" if error.strerror else str(error))
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)
