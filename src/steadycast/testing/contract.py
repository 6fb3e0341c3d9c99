"""What every platform keeps, one rule a function: `steadycast channel test` runs them over a platform's folder.

for result in run(platform, folder): print(result.state, result.rule, result.said)

A rule is called with a `Bench` and raises `Broken`, which says where. Rules that need a far side are tried where the
platform brings a fake.py with a `FakeServer`.
"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from steadycast.errors import InputError, SteadycastError
from steadycast.platform import Platform, registry
from steadycast.testing.bench import Bench, FakeFailed
from steadycast.testing.broken import Broken

KEPT, BROKEN, NOT_TRIED = "kept", "broken", "not tried"


@dataclass(frozen=True, slots=True)
class Result:
    """What one rule came to; `file` and `line` say where it is broken, as far as that can be told."""

    rule: str  # the function's name
    title: str  # what the rule says
    state: str  # kept, broken, not tried
    said: str = ""
    hint: str = ""
    file: Path | None = None
    line: int | None = None

    @property
    def where(self) -> str:
        """File and line, for people."""
        return "" if self.file is None else f"{self.file}:{self.line}" if self.line else str(self.file)


Rule = Callable[[Bench], None]


def rules() -> tuple[Rule, ...]:
    """Every rule, in the order in which they are tried."""
    from steadycast.testing import rules_of_answers, rules_of_delivery, rules_of_files, rules_of_login

    rooms = (rules_of_files, rules_of_delivery, rules_of_login, rules_of_answers)
    return tuple(rule for room in rooms for rule in room.RULES)


def run(spec: Platform, scratch: Path) -> Iterator[Result]:
    """Every rule over one platform, below a folder that may be thrown away."""
    try:
        registry.load(spec)
        bench = Bench.of(spec, scratch)
    except InputError as error:
        line = error.line
        yield Result("loads", "It can be loaded.", BROKEN, error.message, error.hint or "", Path(str(error.file)), line)
        return
    for number, rule in enumerate(rules()):
        yield tried(rule, replace(bench, scratch=scratch / f"{number:02d}"))


def title_of(rule: Rule) -> str:
    """What a rule says, in one sentence."""
    return inspect.getdoc(rule).partition("\n")[0]  # type: ignore[union-attr]  # a test holds that each has one


def tried(rule: Rule, bench: Bench) -> Result:
    """One rule over one platform."""
    result = Result(rule.__name__, title_of(rule), KEPT)
    if why := _untriable(rule, bench):
        return replace(result, state=NOT_TRIED, said=why)
    try:
        rule(bench)
    except Broken as broken:
        file, line = _place(broken.__cause__, bench.spec) or _verb(broken.verb, bench.spec)
        return replace(result, state=BROKEN, said=broken.said, hint=broken.hint, file=file, line=line)
    except Exception as error:  # the adapter's own, or its fake's
        said = str(error) if isinstance(error, SteadycastError) else f"{type(error).__name__}: {error}"
        cause = error.__cause__ if isinstance(error, FakeFailed) else error
        file, line = _place(cause, bench.spec) or _verb("publish", bench.spec)
        return replace(result, state=BROKEN, said=said, file=file, line=line)
    return result


def _untriable(rule: Rule, bench: Bench) -> str:
    needs: dict[str, Callable[[Bench], str]] = getattr(rule, "needs", {})
    return next((why for need in needs.values() if (why := need(bench))), "")


def _place(error: BaseException | None, spec: Platform) -> tuple[Path, int | None] | None:
    """The deepest line of the platform's own folders that an error came through."""
    if error is None:
        return None
    own = {str(folder) for folder in spec.folders}
    frames = [f for f in traceback.extract_tb(error.__traceback__) if str(Path(f.filename).parent) in own]
    return (Path(frames[-1].filename), frames[-1].lineno) if frames else None


def _verb(name: str, spec: Platform) -> tuple[Path, int | None]:
    """Where one verb of its adapter is written."""
    made: Any = getattr(registry.load(spec), name, None)
    try:
        return Path(inspect.getsourcefile(made) or spec.folder), inspect.getsourcelines(made)[1]
    except (TypeError, OSError):
        return spec.folder / "channel.toml", None
