"""Jinja2 templates of a platform or a workspace, in a sandbox; a draft is a value to them, never a template."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import re
from collections.abc import Callable, MutableMapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

import jinja2
import jinja2.bccache
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from steadycast.crash_safety import cache_files, durable
from steadycast.crash_safety.cache_files import facts
from steadycast.errors import SettingsError
from steadycast.language import N_, quoted
from steadycast.language import gettext as _
from steadycast.platform import Channel, Limit, Post
from steadycast.platform.text import cut
from steadycast.render.dates import date_text
from steadycast.render.highlight import stylesheet
from steadycast.typesetting import within

UTC = ZoneInfo("UTC")
_HINT = N_("correct this line of the template")
_PLAIN = frozenset({str, int, float, bool, tuple, dt.datetime, type(None)})
_GIVEN = _PLAIN - {type(None)}
_VALUES = frozenset({Post, Channel})
_POWER, _REPEATED, _WIDTH = 1000, 1_000_000, 1000  # what a template may raise to a power, repeat, and pad to
_WIDTH_GIVEN = re.compile(r":[^{}]*\{")
_LONGEST = 16 << 20  # bytes of one compiled template
_MARKUP = re.compile(r"\.(?:html?|xml|svg|xhtml)(?:\.j2)?$")


class Templates:
    """Templates of `folders`, the first that has a name wins; compiled once, read again when a file changes."""

    def __init__(
        self, folders: Sequence[Path], *, zone: dt.tzinfo = UTC, watched: bool = True, compiled: Path | None = None
    ) -> None:
        """`watched = False` is for a run that reads each template once and does not look for edits while it lasts.

        `compiled` is a folder of the house's own that keeps what was compiled, for the processes after this one.
        """
        self._folders = tuple(folders)
        self._env = (_shared_environment if watched else _environment)(self._folders, zone, compiled)
        self._env.auto_reload = watched
        self._unwatched: dict[str, jinja2.Template] = {}  # Jinja's own cache takes a lock

    def render(self, template: str, /, **values: Any) -> str:
        """The text of one template; raises SettingsError that names the template's file and line."""
        try:
            return self._template(template).render(values)
        except jinja2.TemplateNotFound as error:
            raise SettingsError(
                _("template %(name)s is missing", name=error.name),
                file=self._folders[0] / str(error.name) if self._folders else None,
                hint=_("write it, or eject the platform's own"),
            ) from None
        except jinja2.TemplateSyntaxError as error:
            said = _("the template is not written as Jinja reads it: %(said)s", said=quoted(str(error.message)))
            raise SettingsError(said, file=error.filename, line=error.lineno, hint=_(_HINT)) from None
        except (
            jinja2.TemplateError,
            TypeError,
            ValueError,
            ArithmeticError,
            LookupError,
            AttributeError,
            MemoryError,
            RecursionError,
        ) as error:
            file, line = self._where(error)
            said = _("%(template)s cannot be filled in: %(said)s", template=template, said=quoted(str(error)))
            raise SettingsError(said, file=file, line=line, hint=_(_HINT)) from None

    def _template(self, name: str) -> jinja2.Template:
        found = self._unwatched.get(name) or self._env.get_template(name)
        if not self._env.auto_reload:
            self._unwatched[name] = found
        return found

    def _where(self, error: Exception) -> tuple[str | None, int | None]:
        """The innermost template line of the traceback, which Jinja has rewritten to the template's own."""
        found: tuple[str | None, int | None] = (None, None)
        here = error.__traceback__
        while here is not None:
            file = here.tb_frame.f_code.co_filename
            if any(Path(file).is_relative_to(folder) for folder in self._folders):
                found = (file, here.tb_lineno)
            here = here.tb_next
        return found


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox; what has no attributes worth guarding is not asked for them at every step."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """The three operators that make gigabytes, or minutes, of a few characters, kept small."""
        if operator == "**":
            _keep_small(max(abs(left), abs(right)), _POWER)
        elif operator == "%" and isinstance(left, str):
            _check_widths(left)
        elif operator == "*":
            for many, times in ((left, right), (right, left)):
                if isinstance(many, str | list | tuple) and isinstance(times, int):
                    _keep_small(len(many) * times, _REPEATED)
        return super().call_binop(context, operator, left, right)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """`text.format`, its widths kept small and never taken from an argument."""
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None

        def checked(*args: Any, **values: Any) -> str:
            if _WIDTH_GIVEN.search(value.__self__):
                raise ValueError("a width that is an argument")
            _check_widths(value.__self__)
            return wrapped(*args, **values)

        return checked

    def getattr(self, obj: Any, attribute: str) -> Any:
        """What of ours a template asks for most, a text or an instant of a post, without the sandbox's four calls."""
        if type(obj) in _VALUES and attribute[0] != "_":
            value = getattr(obj, attribute, None)
            if type(value) in _GIVEN:
                return value
        return super().getattr(obj, attribute)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """What each template is given, in one mapping: Jinja's chain of two is copied key by key for each page."""
        return {**self.globals, **(d or {})}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return (type(value) in _PLAIN and not attr.startswith("_")) or super().is_safe_attribute(obj, attr, value)


def _keep_small(number: float, most: int) -> None:
    if number > most:
        raise ValueError(f"a number over {most:,}")


def _check_widths(pattern: str) -> None:
    if "%*" in pattern:
        raise ValueError("a width that is an argument")
    for digits in re.findall(r"\d{4,}", pattern):
        _keep_small(int(digits[:12]), _WIDTH)


def _centred(text: str, width: int = 80) -> str:
    _keep_small(width, _WIDTH)
    return str(text).center(width)


class _Loader(jinja2.FileSystemLoader):
    """Looks again when a template is another file, or one appears in an earlier folder than it was read from.

    Jinja asks for its time alone, which a copy and a version control may keep.
    """

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        for folder in self.searchpath:  # before it is read: what is written meanwhile is read again
            if (before := facts(Path(folder, template))) is not None:
                break
        source, file, _same = super().get_source(environment, template)
        own = file.removesuffix(template).rstrip("/")
        earlier = [Path(folder, template) for folder in self.searchpath[: self.searchpath.index(own)]]
        return source, file, lambda: facts(Path(file)) == before and not any(path.is_file() for path in earlier)


class _Compiled(jinja2.BytecodeCache):
    """What was compiled of templates, by this very program: another may guard other things in them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._by = hashlib.sha256(Path(__file__).read_bytes() + jinja2.__version__.encode()).digest()

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        """As it lies there, where it is of the same words; what cannot be used is compiled again."""
        with contextlib.suppress(Exception):  # a file can be cut off anywhere
            by, data = (told := cache_files.read(self._folder / bucket.key, _LONGEST))[:32], told[32:]
            if by == self._of(data):
                bucket.bytecode_from_string(data)

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        """Keeps it; on a full disk it does without."""
        with contextlib.suppress(OSError):
            data = bucket.bytecode_to_string()
            durable.put(self._folder / bucket.key, self._of(data) + data, rights=0o600)

    def _of(self, data: bytes) -> bytes:
        """What such bytes begin with: code with one bit turned ends the process, or says something else."""
        return hashlib.sha256(self._by + data).digest()


def _environment(folders: tuple[Path, ...], zone: dt.tzinfo, compiled: Path | None = None) -> _Environment:
    environment = _Environment(
        loader=_Loader([str(folder) for folder in folders]),
        undefined=jinja2.StrictUndefined,
        autoescape=_is_markup,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        cache_size=200,
        bytecode_cache=_Compiled(compiled) if compiled else None,
    )
    environment.globals.clear()
    environment.globals.update(
        {"range": _short_range, "namespace": jinja2.utils.Namespace, "highlight_css": stylesheet}
    )
    environment.filters.update(_filters(zone))
    return environment


@lru_cache(maxsize=256)  # asked for each page
def _is_markup(name: str | None) -> bool:
    return name is not None and _MARKUP.search(name) is not None


_shared_environment = lru_cache(maxsize=64)(_environment)  # compiled templates outlive one delivery


def _short_range(*bounds: int) -> range:
    """`range` of at most 10,000 numbers: a template is an operator's, its values are not."""
    numbers = range(*bounds)
    if len(numbers) > 10_000:
        raise ValueError("range of more than 10,000 numbers")
    return numbers


def _filters(zone: dt.tzinfo) -> dict[str, Any]:
    def local(moment: dt.datetime) -> dt.datetime:
        return moment.astimezone(zone)

    def date(moment: dt.datetime, language: str = "zh") -> str:
        """2026年11月22日 周日, or Sunday, 22 November 2026."""
        return date_text(local(moment), language)

    def time(moment: dt.datetime) -> str:
        return f"{local(moment):%H:%M}"

    def date_time(moment: dt.datetime, language: str = "zh") -> str:
        return f"{date(moment, language)} {time(moment)}"

    def iso(moment: dt.datetime) -> str:
        return local(moment).isoformat(timespec="seconds")

    def rfc822(moment: dt.datetime) -> str:
        from email.utils import format_datetime  # and with it a dozen files: only feeds write such dates

        return format_datetime(local(moment).replace(tzinfo=_offset(local(moment))))

    return {
        "local": local,
        "date": date,
        "time": time,
        "datetime": date_time,
        "iso": iso,
        "rfc822": rfc822,
        "duration": duration,
        "absolute": absolute,
        "cut": shorten,
        "center": _centred,
        "within": within,
        "safe_html": Markup,  # for `post.html`, which the sanitiser has seen
    }


def _offset(moment: dt.datetime) -> dt.timezone:
    """The moment's zone as a fixed offset: email.utils writes -0000 for a zone it does not know to be UTC."""
    return dt.timezone(moment.utcoffset() or dt.timedelta())


def duration(seconds: float | None) -> str:
    """`seconds` as H:MM:SS, or M:SS under an hour; nothing for None."""
    if seconds is None:
        return ""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def absolute(url: str, base: str) -> str:
    """`url` made absolute against `base`, which ends in a slash or will be taken to."""
    return urljoin(base if base.endswith("/") else f"{base}/", url)


def shorten(text: str, limit: int, count: str = "graphemes") -> str:
    """`text` cut to `limit`, at a sentence's end or a word's."""
    return cut(text, Limit(limit, count))
