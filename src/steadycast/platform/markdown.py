"""A post's sanitised HTML as Markdown: what was text stays text, whatever marks a member wrote into it. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

from steadycast.characters import one_line
from steadycast.html_tree import Element, elements
from steadycast.platform.markdown_escapes import begun, code, escaped, fenced, small, spaced, target, web_address
from steadycast.platform.markdown_marks import MARKS, Piece, counting, marked

BREAK = "  \n"
DEEPEST = 40  # elements inside each other


def markdown(html: str, pictures: Mapping[str, str]) -> str:
    """A post's `html` as Markdown: no HTML at all, links to http(s) only.

    `pictures` maps hashes to addresses or file names; a picture that has none becomes its description.
    """
    blocks = _Writer(pictures).blocks(elements(html, DEEPEST))
    return "\n\n".join(blocks) + "\n" if blocks else ""


class _Writer:
    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    # Blocks

    def blocks(self, parts: Sequence[Element | str]) -> list[str]:
        """Return what stands in `parts` as blocks, each without what its surroundings put before its lines."""
        made: list[str] = []
        lists = 0  # that follow each other: another marker keeps them apart
        for is_block, run in itertools.groupby(parts, key=lambda part: isinstance(part, Element) and part.block):
            if not is_block:
                words = self.line([*run])
                made += [words] if words else []
                lists = 0 if words else lists
                continue
            for part in run:
                assert isinstance(part, Element)
                lists = lists + 1 if part.tag in ("ul", "ol") else 0
                made += self.block(part, lists)
        return made

    def block(self, at: Element, lists: int) -> list[str]:
        if at.tag in ("ul", "ol"):
            return [made] if (made := self.list(at, lists)) else []
        if at.tag == "pre":
            return [fenced(at.text())]
        if at.tag == "table":
            return [made] if (made := self.table(at)) else []
        if at.tag == "hr":
            return ["***"]
        if re.fullmatch("h[1-6]", at.tag):
            words = self.line(at.inside, flat=True)
            bare = words.rstrip("#")
            words = bare + words[len(bare) :].replace("#", "\\#")  # marks at its end would close it
            return [f"{'#' * int(at.tag[1])} {words}"] if words else []
        inside = self.blocks(at.inside)
        if at.tag == "blockquote" and inside:
            return ["\n".join(f"> {row}" if row else ">" for row in rows(inside))]
        return inside

    def list(self, at: Element, lists: int) -> str:
        items = [part for part in at.inside if isinstance(part, Element)]
        within = [part for item in items for part in item.inside if isinstance(part, Element)]
        # Under its words a list needs no empty line, but one that begins with another number than 1 does.
        tight = {"ul": "1", "ol": "1"}
        loose = any(part.block and tight.get(part.tag) != (part.attributes.get("start") or "1") for part in within)
        start = at.attributes.get("start") or ""
        first = int(start) if re.fullmatch("[0-9]{1,8}", start) else 1
        made = []
        for number, inside in enumerate(filter(None, (self.blocks(item.inside) for item in items)), first):
            mark = f"{number}{'.' if lists % 2 else ')'} " if at.tag == "ol" else "- " if lists % 2 else "* "
            head, *rest = rows(inside) if loose else "\n".join(inside).split("\n")
            made.append("\n".join([mark + head, *(" " * len(mark) + row if row else "" for row in rest)]))
        return ("\n\n" if loose else "\n").join(made)

    def table(self, at: Element) -> str:
        cells = [[self.line(cell.inside, flat=True, cell=True) for cell in row.all("th", "td")] for row in at.all("tr")]
        width = max(map(len, cells), default=0)
        made = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in cells]
        return "\n".join([made[0], "|" + " --- |" * width, *made[1:]]) if width else ""

    # Lines

    def line(self, parts: Sequence[Element | str], *, flat: bool = False, cell: bool = False) -> str:
        """Return what stands in a line; `flat` where no line may break, `cell` where a bar would end it."""
        pieces = counting(self.pieces(parts, frozenset(), cell=cell))
        made = "".join(_written(piece, after) for piece, after in itertools.zip_longest(pieces, pieces[1:]))
        shown = [row.strip(" ") for row in made.split(BREAK)]
        if flat:
            return " ".join(filter(None, shown))
        return BREAK.join(begun(row) for row in shown).strip(" \n")

    def pieces(self, parts: Sequence[Element | str], within: frozenset[str], *, cell: bool) -> Iterator[Piece]:
        for part in parts:
            if isinstance(part, str):
                yield Piece("text", spaced(part))
            elif part.tag == "br":
                yield Piece("break", BREAK)
            elif part.tag == "img":
                yield self.picture(part)
            elif part.tag == "code":
                yield Piece("done", code(part.text(), cell=cell))
            elif part.tag in ("sup", "sub"):
                yield Piece("text", small(spaced(part.text()), part.tag))
            elif part.tag in MARKS and (mark := MARKS[part.tag]) not in within:
                yield from marked(mark, [*self.pieces(part.inside, within | {mark}, cell=cell)])
            elif part.tag == "a" and "a" not in within:
                yield from _linked(part, [*self.pieces(part.inside, within | {"a"}, cell=cell)])
            else:
                yield from self.pieces(part.inside, within, cell=cell)

    def picture(self, at: Element) -> Piece:
        source, alt = at.attributes.get("src") or "", one_line(at.attributes.get("alt") or "")
        name = self.names.get(source.removeprefix("media:")) or web_address(source)
        return Piece("done", f"![{escaped(alt)}]({target(name)})") if name else Piece("text", alt)


def _linked(at: Element, inside: list[Piece]) -> Iterator[Piece]:
    """Yield `inside` as a link; as it is where there is nothing to click or nowhere to go."""
    url = web_address(at.attributes.get("href") or "")
    if url and any(piece.kind == "done" or piece.value.strip() for piece in inside):
        yield from (Piece("done", "["), *inside, Piece("done", f"]({target(url)})"))
    else:
        yield from inside


def _written(piece: Piece, after: Piece | None) -> str:
    if piece.kind != "text":
        return piece.value + (
            " " if after and after.kind == "done" and piece.value[-1] == after.value[0] == "`" else ""
        )
    made = escaped(piece.value)
    if after and after.kind == "done" and after.value[0] == "[" and made.endswith("!"):
        return made[:-1] + r"\!"  # a link after it would be a picture
    return made


def rows(blocks: Sequence[str]) -> list[str]:
    """Return blocks as lines, an empty one between two."""
    return "\n\n".join(blocks).split("\n")
