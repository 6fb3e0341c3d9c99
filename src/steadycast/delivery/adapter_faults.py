"""An adapter that failed before anything left: what it answered, as an error that says where in its files to look."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Sequence
from pathlib import Path

from steadycast.errors import Busy, FarSideError, Fenced, InputError, LedgerError, Refused
from steadycast.language import gettext as _

MACHINES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EIO})


def faulty(answer: object, folders: Sequence[Path]) -> object:
    """`answer` where it is no exception, or one of the three errors; else Refused: nothing was begun, so nothing sent.

    Where the machine ran out of something, or the ledger could not be used just then, the next try may do better: Busy.
    """
    if not isinstance(answer, BaseException) or isinstance(answer, FarSideError | InputError | Fenced):
        return answer
    said = _("nothing was sent: %(type)s: %(why)s", type=type(answer).__name__, why=answer)
    if isinstance(answer, MemoryError | LedgerError) or (isinstance(answer, OSError) and answer.errno in MACHINES):
        return Busy(said)
    return Refused(f"{said} ({where})" if (where := _where(answer, folders)) else said)


def _where(error: BaseException, folders: Sequence[Path]) -> str:
    """The adapter's own file and line, the innermost: `channels/mine/adapter.py:31`."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        for folder in folders:
            if (file := Path(frame.filename)).is_relative_to(folder):
                return f"{file.relative_to(folder.parent.parent)}:{frame.lineno}"
    return ""
