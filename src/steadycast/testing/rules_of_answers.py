"""Rules about answers: each status has its error, no error tells a secret, and silence is never taken for a no."""

from __future__ import annotations

import datetime as dt

from steadycast.errors import Busy, FarSideError, Refused, Unknown
from steadycast.language import gettext as _
from steadycast.testing.bench import Bench, Delivery, outcome
from steadycast.testing.broken import hold, named, needs
from steadycast.testing.fake_server import FakeServer
from steadycast.testing.rules_of_files import written

# Where the first request only reads, nothing can have been accepted: Busy is right as well.
STATUSES: tuple[tuple[int, tuple[type[FarSideError], ...]], ...] = (
    (401, (Refused,)),
    (403, (Refused,)),
    (422, (Refused,)),
    (429, (Busy,)),
    (500, (Unknown, Busy)),
    (502, (Unknown, Busy)),
    (418, (Unknown, Busy)),
)
SHORT = 0.4  # seconds: the deadline of a request to which nobody answers


@needs("fake")
def each_status_has_its_error_and_tells_no_secret(bench: Bench) -> None:
    """A far side that refuses, and repeats all that it was told: the right error, and no secret in it or in a file."""
    for status, right in STATUSES:
        with bench.far() as fake:
            assert fake
            delivery = bench.delivery(bench.post(), fake)
            fake.echo(status)
            answer = outcome(delivery.publish)
            wanted = " or ".join(kind.__name__ for kind in right)
            hold(
                isinstance(answer, right),
                _("%(status)s gave %(answer)s, not %(wanted)s", status=status, answer=named(answer), wanted=wanted),
                cause=answer,
            )
            _no_secret(delivery, answer, status)
            if status == 429:
                wait = getattr(answer, "retry_after", None)
                hold(
                    wait == dt.timedelta(seconds=7),
                    _("Retry-After: 7 gave %(wait)s", wait=wait),
                    _("pass on what the client read"),
                )


def _no_secret(delivery: Delivery, answer: object, status: int) -> None:
    error = answer if isinstance(answer, BaseException) else None
    told = f"{answer} {answer!r} {getattr(error, '__cause__', '')!r} {getattr(error, '__context__', '')!r}"
    told += b"".join(written(delivery.out).values()).decode("utf-8", "replace") + str(delivery.steps.kept)
    for name, value in (delivery.secrets or {}).items():
        for part in {value, value.rpartition("/")[2]}:
            hold(
                len(part) < 4 or part not in told,
                _("%(status)s: the secret %(name)s is in the error, a step or a file", status=status, name=name),
            )


@needs("fake")
def a_dead_far_side_is_busy(bench: Bench) -> None:
    """Where nobody listens nothing has left: Busy."""
    with bench.far() as fake:
        assert fake
        delivery = bench.delivery(bench.post(), fake)
        fake.close()
        answer = outcome(delivery.publish)
        hold(isinstance(answer, Busy), _("a far side that is down gave %(answer)s", answer=named(answer)), cause=answer)


@needs("fake")
def an_answer_that_breaks_off_is_in_doubt(bench: Bench) -> None:
    """Silence, a cut line and garbage are Unknown, or Busy where the request only reads or may be repeated."""

    def silent(fake: FakeServer) -> None:
        fake.hang("*", times=99)

    def cut(fake: FakeServer) -> None:
        fake.accept_then_cut("*", times=99)

    def garbage(fake: FakeServer) -> None:
        fake.answer_garbage("*", times=99)

    for verb in (silent, cut, garbage):
        with bench.far() as fake:
            assert fake
            delivery = bench.delivery(bench.post(), fake, deadline=SHORT)
            verb(fake)
            answer = outcome(delivery.publish)
            if verb is garbage and bench.spec.delivery == "blind" and not isinstance(answer, Exception):
                continue  # its status was all that the far side had to say
            hint = _("read what you need of answer.json() where a KeyError becomes Unknown")
            hold(isinstance(answer, Unknown | Busy), f"{verb.__name__}: {named(answer)}", hint, cause=answer)


RULES = (each_status_has_its_error_and_tells_no_secret, a_dead_far_side_is_busy, an_answer_that_breaks_off_is_in_doubt)
