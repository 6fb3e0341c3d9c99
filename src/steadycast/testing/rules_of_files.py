"""Rules that need no far side: what a platform declares, what it writes, and words that must stay words."""

from __future__ import annotations

import html.parser
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import jinja2

from steadycast.errors import Refused, Unknown
from steadycast.language import gettext as _
from steadycast.language import listed
from steadycast.platform import Known, Post
from steadycast.platform.post_store import INDEX
from steadycast.testing.bench import Bench, outcome
from steadycast.testing.broken import Broken, hold, named, needs
from steadycast.testing.posts import hostile, key

MARKUP = {".html", ".xml", ".svg", ".xhtml"}
FIELDS = (
    "title",
    "summary",
    "member_title",
    "author",
    "series_title",
    "slug",
    "text",
    "tags",
    "member",
    "canonical_url",
)


def declares_what_makes_sense(bench: Bench) -> None:
    """What channel.toml declares makes sense: limits, sizes, a help for each setting, templates that compile."""
    spec = bench.spec
    hold(spec.title and spec.forms, _("it has no title or no forms"))
    hold(spec.deadline > 0 and min(spec.settle, spec.rate) >= 0, _("deadline, settle or rate is negative"))
    for what, limit in spec.limits.items():
        hold(
            0 <= limit.min <= limit.max and limit.max > 0,
            _("limits.%(what)s: min is over max, or max is none", what=what),
        )
    for role, rule in spec.media.items():
        hold(
            all(f == f.lower().lstrip(".") for f in rule.formats),
            _("media.%(role)s: formats are like 'jpg'", role=role),
        )
        hold(len(rule.sizes) in (0, len(rule.ratios)), _("media.%(role)s: a size for each ratio, or none", role=role))
        hold(rule.bytes is None or rule.bytes > 0, _("media.%(role)s: bytes is not over 0", role=role))
    for setting in spec.settings.values():
        hold(setting.help, _("settings.%(name)s has no help", name=setting.name))
    hold(
        not spec.render.style or any((f / spec.render.style).is_file() for f in spec.folders),
        _("render.style names %(style)s, which is not in its folder", style=spec.render.style),
    )
    for template in (t for folder in spec.folders for t in folder.glob("*.j2")):
        try:
            jinja2.Environment().parse(template.read_text(encoding="utf-8"))  # noqa: S701  nothing is rendered
        except jinja2.TemplateSyntaxError as error:
            raise Broken(f"{template.name}:{error.lineno}: {error.message}") from None


@needs("a far side")
def takes_every_form(bench: Bench) -> None:
    """A post of each form that it declares is taken, and its receipt has an id."""
    for number, form in enumerate(bench.spec.forms, 1):
        with bench.far() as fake:
            receipt = bench.delivery(bench.post(form, number), fake).publish()
            hold(receipt.remote_id, _("the receipt of an %(form)s has no remote_id", form=form))
            _page_is_there(receipt.page, bench)


def _page_is_there(page: str, bench: Bench) -> None:
    there = not page or any((folder / page).is_file() for folder in bench.scratch.glob("*"))
    hold(
        there,
        _("the receipt's page %(page)s is no file below channel.out", page=repr(page)),
        _("give the path below channel.out"),
    )


@needs("harmless", "a far side")
def published_twice_is_published_once(bench: Bench) -> None:
    """Published again by another process, a post leaves nothing new and gives the same receipt."""
    with bench.far() as fake:
        post, out = bench.post(), bench.folder()
        first = bench.delivery(post, fake, out=out).publish()
        before, there = written(out), list(fake.posts()) if fake else []
        second = bench.delivery(post, fake, out=out).publish()
        hold(
            second.remote_id == first.remote_id,
            _("remote_id was %(first)s, and then %(second)s", first=first.remote_id, second=second.remote_id),
        )
        changed = sorted(name for name, data in written(out).items() if before.get(name) != data)
        hold(
            not changed,
            _("files changed: %(changed)s", changed=listed(changed)),
            _("what is there already is not written again"),
        )
        if fake:
            hold(list(fake.posts()) == there, _("there is another post now, or a changed one"))


@needs("a far side")
def the_same_post_gives_the_same_bytes(bench: Bench) -> None:
    """What is written hangs on the post alone, and not on the folder or the hour."""
    post, trees, ids = bench.post(), [], []
    for _time in range(2):
        out = bench.folder()
        with bench.far() as fake:
            ids.append(bench.delivery(post, fake, out=out).publish().remote_id)
        trees.append({name: data for name, data in written(out).items() if name != INDEX})
    hold(
        ids[0] == ids[1] or bench.fakes,
        _("remote_id was %(first)s in one folder and %(second)s in another", first=ids[0], second=ids[1]),
    )
    differs = sorted(name for name in trees[0] | trees[1] if trees[0].get(name) != trees[1].get(name))
    hold(not differs or bench.fakes, _("other bytes in another folder: %(differs)s", differs=listed(differs)))


@needs("a far side")
def find_knows_what_is_there(bench: Bench) -> None:
    """`find` gives the receipt of what is there and None for what is not; a blind platform says that it cannot tell."""
    with bench.far() as fake:
        delivery = bench.delivery(bench.post(), fake)
        # Other words too: by them alone a far side without a place for the key tells two posts apart.
        other = replace(delivery.post, title="Absent", text="Absent.", parts=("Absent.",))
        absent = bench.delivery(replace(other, key=key(999_999)), fake, out=delivery.out)
        receipt = delivery.publish()
        delivery.receipt = None
        found, nothing = outcome(delivery.find), outcome(absent.find)
        if bench.spec.delivery == "blind" and isinstance(found, Unknown):
            return
        seen = getattr(found, "remote_id", named(found))
        hold(
            seen == receipt.remote_id,
            _("find gave %(seen)s for what was published as %(id)s", seen=seen, id=receipt.remote_id),
            verb="find",
            cause=found,
        )
        hold(
            nothing is None,
            _("find gave %(answer)s for what is not there", answer=named(nothing)),
            _("give None"),
            "find",
            nothing,
        )
        fresh = bench.delivery(replace(other, key=key(999_998)), fake)
        first = outcome(lambda: fresh.adapter().find(fresh.post, Known()))
        hold(
            first is None,
            _("find gave %(answer)s before anything was published", answer=named(first)),
            _("give None"),
            "find",
            first,
        )


@needs("a far side")
def hostile_words_stay_words(bench: Bench) -> None:
    """Title, summary, tags and names become no markup, no template, no address and no path outside of the folder."""
    for number, form in enumerate(bench.spec.forms, 1):
        plain = bench.post(form, number)
        evil = hostile(bench.scratch / "in", number)
        evil = replace(plain, **{name: getattr(evil, name) for name in FIELDS}, parts=(evil.text,))
        out = bench.scratch / f"ws{number}" / "out"
        with bench.far() as fake:
            answer = outcome(bench.delivery(evil, fake, out=out).publish)
            if isinstance(answer, Refused):  # a control character where none can be; then without
                answer = outcome(bench.delivery(_calm(evil), fake, out=out).publish)
            if isinstance(answer, Exception):
                with bench.far() as other:
                    plainly = outcome(bench.delivery(plain, other).publish)
                hint = "" if isinstance(plainly, Exception) else _("escape what a reader's words may hold")
                raise Broken(f"{form}: {named(answer)}", hint) from answer
        beside = [path.name for path in out.parent.glob("*") if path.name != "out"]
        hold(
            not beside,
            _("%(form)s: files outside of its folder: %(beside)s", form=form, beside=listed(beside)),
            _("write only below channel.out"),
        )
        for path, data in written(out).items():
            _words(path, data)


def _calm(post: Post) -> Post:
    texts: dict[str, Any] = {name: getattr(post, name) for name in FIELDS}
    calm: dict[str, Any] = {n: text.replace("\u0007", "") for n, text in texts.items() if isinstance(text, str)}
    return replace(post, **calm)


class _Tags(html.parser.HTMLParser):
    """What a browser would take for elements and for addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what runs."""
        self.wrong += [f"<{tag} {name}>" for name, _ in attrs if name.startswith("on")]
        addresses = ((name, value or "") for name, value in attrs if name in ("href", "src", "poster", "action"))
        self.wrong += [
            f"<{tag} {name}={value}>" for name, value in addresses if value.strip().lower().startswith("javascript")
        ]


def _words(path: str, data: bytes) -> None:
    for kind, text in _texts(path, data):
        if kind in (".xml", ".svg"):
            try:
                ET.fromstring(text)  # noqa: S314  its own output
            except ET.ParseError as error:
                raise Broken(
                    _("%(path)s is no XML any more: %(error)s", path=path, error=error),
                    _("escape it: name the template *.xml.j2"),
                ) from None
        if kind == ".html":
            tags = _Tags()
            tags.feed(text)
            hold(
                "<script>alert(1)" not in text,
                _("%(path)s: a title became a script", path=path),
                _("name the template *.html.j2"),
            )
            hold(not tags.wrong, f"{path}: {' '.join(tags.wrong)}", _("an address begins with http"))
        if kind in MARKUP and "{{" in text:
            hold(
                "{{7*7}}" in text, _("%(path)s: a title was rendered as a template", path=path), _("give it as a value")
            )


def _texts(path: str, data: bytes) -> Iterator[tuple[str, str]]:
    """(kind, text) of a file, a letter's parts each by itself."""
    suffix = Path(path).suffix
    if suffix == ".eml":
        for part in message_from_bytes(data, policy=policy.default).walk():
            if part.get_content_type() == "text/html":
                yield ".html", part.get_content()
    elif suffix in MARKUP:
        yield suffix, data.decode()
    elif suffix == ".json":
        json.loads(data)


def written(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


RULES = (
    declares_what_makes_sense,
    takes_every_form,
    published_twice_is_published_once,
    the_same_post_gives_the_same_bytes,
    find_knows_what_is_there,
    hostile_words_stay_words,
)
