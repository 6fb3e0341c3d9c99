"""HTML that cannot run script or load from odd addresses, whoever wrote it."""

from __future__ import annotations

import html as entities
import re
from collections import Counter

import nh3

from steadycast.characters import CONTROLS
from steadycast.draft.outline import SILENT
from steadycast.errors import DraftError
from steadycast.language import gettext as _
from steadycast.on_demand import lazy_pattern
from steadycast.render.worker import Worker

TAGS = frozenset(
    "a abbr b blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption figure "  # noqa: SIM905
    "h1 h2 h3 h4 h5 h6 hr i img input ins kbd li mark ol p pre q rp rt ruby s samp section small span strong "
    "sub summary sup table tbody td tfoot th thead time tr u ul var wbr".split()
)
WHOLE = SILENT | {"frame", "embed"}  # these go with everything in them
_ATTRIBUTES = {
    "*": {"lang", "dir", "title"},
    "a": {"href", "id"},
    "code": {"class"},
    "col": {"span"},
    "colgroup": {"span"},
    "details": {"open"},
    "img": {"src", "alt", "width", "height"},
    "input": {"checked"},  # and type, see below
    "li": {"id", "value"},
    "ol": {"start", "reversed"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan", "scope"},
    "time": {"datetime"},
    **{f"h{n}": {"id"} for n in range(1, 7)},
}
_HOUSE = _ATTRIBUTES | {tag: {"class"} for tag in ("div", "p", "span", "blockquote", "figure", "table")}
_OWN_CLASSES = {"section": {"footnotes"}, "sup": {"footnote-ref"}}  # of elements that may have no `class` above
_LINKS = frozenset({"http", "https", "mailto"})
_SOURCES = frozenset({"http", "https", "media"})

# What a browser or a lax parser drops while it looks for the scheme: C0 and C1, soft hyphen, odd spaces, zero-widths.
_UNSEEN = lazy_pattern(
    r"[\x00-\x20\x7f-\xa0\xad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\ufffb]"
)
_SCHEME = lazy_pattern(r"([^/?#:]*):")
# `&#27;` is a control character by the time that it is read: XML cannot hold it, and a terminal obeys it.
_CONTROL = lazy_pattern(f"[{CONTROLS}]")
_ADDRESS = lazy_pattern(r' (href|src)="(?!https?://)([^"]*)"')


def _cleaner(attributes: dict[str, set[str]], rel: str) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=TAGS,
        clean_content_tags=WHOLE,
        attributes=attributes,
        link_rel=rel,
        url_schemes=_LINKS | _SOURCES,
        allowed_classes=_OWN_CLASSES,
        tag_attribute_values={"input": {"type": {"checkbox"}}},
        set_tag_attribute_values={"input": {"disabled": ""}},  # one only: nh3 writes several in any order
    )


_REL_OF_A_MEMBER, _REL_OF_THE_HOUSE = "nofollow ugc noopener", "noopener"
_OF_A_MEMBER = _cleaner(_ATTRIBUTES, _REL_OF_A_MEMBER)
_OF_THE_HOUSE = _cleaner(_HOUSE, _REL_OF_THE_HOUSE)


def clean(html: str, *, ugc: bool = True, raw: bool = True) -> str:
    """`html` well-formed, with allowed elements, attributes, addresses and characters only.

    A member's links carry rel="nofollow ugc noopener"; the house keeps class on a few block elements.
    Links are http, https, mailto or without a scheme; pictures http, https, `media:<sha256>` or without one.

    Raises DraftError where it would become many times as long: a parser opens what stands open again in each paragraph
    that follows. Without `raw`, nobody's own tags are in it, and nothing stands open.
    """
    if not raw and (safe := as_the_parser_wrote_it(html, ugc=ugc)) is not None:
        return safe
    if not raw or is_tame(html):
        return cleaned(html, ugc=ugc)
    answer = _worker.ask({"op": "clean", "html": html, "ugc": ugc})
    if "error" in answer:
        said = _("its HTML leaves so much open that it would grow without measure")
        raise DraftError(said, hint=_("close each tag in the paragraph that opens it"))
    return str(answer["html"])


# Any other class of a member's code could be one of the page's own: it is shown as the page shows that.
_CODE = lazy_pattern(r'<code class="(?!language-[\w+#.-]{1,40}")[^"]*">')


# What the parser writes of its own accord, letter by letter: nothing else is let past the sanitiser. An address is one
# that every parser of addresses reads alike: a host in small letters, its last label no number.
_SIGNS = r"[A-Za-z0-9\-._~:/?#@!$'()*+,;=%]*"
_PLAIN_URL = rf"https?://(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{{2,24}}(?:[/?#]{_SIGNS}(?:&amp;{_SIGNS})*)?"
_OF_THE_PARSER = re.compile(
    r"</?(?:p|em|strong|li|code|h[1-6]|t[dhr]|ul|ol|blockquote|pre|del|thead|tbody|table|a(?<=/a))>"
    rf'|<(?:a href="{_PLAIN_URL}"|img src="{_PLAIN_URL}" alt="[^<>"&]*" /|h[1-6] id="h-[^<>"&]*"|[bh]r /'
    r'|t[dh] align="(?:left|right|center)"|code class="language-[A-Za-z0-9+#.-]{1,40}"|ol start="[1-9][0-9]{0,8}"'
    r'|input type="checkbox" (?:checked="" )?disabled="" /)>'
)
_ODD_ENTITY = re.compile("&(?!(?:amp|lt|gt|quot);)")
_ODD = re.compile(rf"[\r\xa0{CONTROLS}]")


def as_the_parser_wrote_it(html: str, *, ugc: bool) -> str | None:
    """What `cleaned` says of HTML in which every tag is one that the parser writes; None for any other.

    For a body without tags of its own: those of the parser are closed where they should be. Most bodies are of this
    kind, and building a tree of them takes three times as long.
    """
    words = _OF_THE_PARSER.sub("", html)
    if "<" in words or ">" in words or _ODD_ENTITY.search(html) or _ODD.search(html):
        return None
    rel = _REL_OF_A_MEMBER if ugc else _REL_OF_THE_HOUSE
    before, *links = html.replace(" />", ">").replace("&quot;", '"').split('<a href="')
    if not all("</a>" in link for link in links):  # one within another, as a bare address in a link's words
        return None
    return '<a href="'.join([before, *(link.replace('">', f'" rel="{rel}">', 1) for link in links)])


def cleaned(html: str, *, ugc: bool) -> str:
    """What `clean` says, whatever it costs."""
    numbered = html.replace("&amp;", "&#38;")  # the same, and read five times as fast: half a million of them hang it
    safe = _ADDRESS.sub(_checked, _CONTROL.sub("", (_OF_A_MEMBER if ugc else _OF_THE_HOUSE).clean(numbered)))
    return _CODE.sub("<code>", safe) if ugc and "<code class=" in safe else safe


# What HTML's parser opens again after the block in which it stood open is closed, each at most three times (its
# "active formatting elements"); at most once for each tag that follows.
_REOPENED = "(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)"
_OPENS = lazy_pattern(rf"<{_REOPENED}(?=[\s/>])", re.IGNORECASE)
_OPENS_WELL = lazy_pattern(rf"""<{_REOPENED}(?=[\s/>])[^<>"']*(?:"[^"<>]*"[^<>"']*)*>""", re.IGNORECASE)
_TAGS_OF_ONES_OWN = lazy_pattern(r"<(?!(?:br|img|wbr)[\s/>])[a-z/!?][^\s:@>]*(?:[\s>]|\Z)", re.IGNORECASE)
_GROWTH = 2 << 20  # characters that a text may gain without being looked at closely
_WITH_END = 40  # characters of an end tag, and of the `rel` that links are given
_worker = Worker("steadycast.render.text_worker", longest=64 << 20)


def has_tags(body: str) -> bool:
    """Whether a Markdown body may have tags of its own, but for those that hold nothing."""
    return "<" in body and _TAGS_OF_ONES_OWN.search(body) is not None


def is_tame(html: str) -> bool:
    """Whether `html` surely grows by no more than `_GROWTH`, whatever stands open where."""
    tags = Counter(_OPENS_WELL.findall(html))
    if tags.total() != len(_OPENS.findall(html)):
        return False
    each_time = sum((len(tag) + _WITH_END) * min(3, count) for tag, count in tags.items())
    return html.count("<") * each_time <= _GROWTH


_EITHER = lazy_pattern(rf"<(/?)({_REOPENED})(?=[\s/>])", re.IGNORECASE)


def left_open(body: str) -> int:
    """The line of a Markdown body on which a tag stands that is never closed; else that of its first tag."""
    opened: dict[str, list[int]] = {}
    for tag in _EITHER.finditer(body):
        of_its_name = opened.setdefault(tag[2].lower(), [])
        if not tag[1]:
            of_its_name.append(tag.start())
        elif of_its_name:
            of_its_name.pop()
    first = _EITHER.search(body) or _TAGS_OF_ONES_OWN.search(body)
    at = min((starts[0] for starts in opened.values() if starts), default=first.start() if first else 0)
    return body.count("\n", 0, at) + 1


def _checked(match: re.Match[str]) -> str:
    allowed = _LINKS if match[1] == "href" else _SOURCES
    return match[0] if safe_address(entities.unescape(match[2]), allowed) else ""


def safe_address(url: str, schemes: frozenset[str] = _LINKS) -> bool:
    """Whether `url`, read as laxly as any browser reads it, has one of `schemes` or none."""
    bare = _UNSEEN.sub("", url)
    if bare.startswith(("//", "\\", "/\\")):
        return False
    scheme = _SCHEME.match(bare)
    return scheme is None or scheme[1].lower() in schemes


# A name after a letter or a dot is a mail address, but chats call everybody from within a word too.
_EVERYBODY = r"(?:everyone|here|channel|all|room)\b(?![.\w-])|所有人|全体"
_PING = lazy_pattern(rf"(?<![\w./])@(?=\w)|@(?={_EVERYBODY})|(?<=<)@(?=[&!])|<!(?=[a-z])", re.IGNORECASE)


def calm(text: str) -> str:
    """`text` whose @mentions reach nobody: a word joiner stands after the @ or <!, invisible to readers."""
    return _PING.sub(lambda m: f"{m[0]}\u2060", text) if "@" in text or "<!" in text else text
