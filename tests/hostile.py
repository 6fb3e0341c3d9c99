"""Hostile strings and the judges of what became of them.

The project's own vectors are few and always run; $STEADYCAST_CORPORA names a folder of thousands that others wrote.
"""

from __future__ import annotations

import functools
import html.parser
import json
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

CORPORA = os.environ.get("STEADYCAST_CORPORA", "")

SCRIPTS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert&#40;1)</script>",
    "<svg><animate attributeName=href values=javascript:alert(1) /><a id=x><rect width=99 height=99 /></a>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    '<a href="javascript:alert(1)">a</a>',
    '<a href="java\tscript:alert(1)">a</a>',
    '<a href="\x01javascript:alert(1)">a</a>',
    '<a href="&#1;jav&#x0A;ascript:alert(1)">a</a>',
    '<a href=" &#8203;javascript:alert(1)">a</a>',
    '<a href="data:text/html,<script>alert(1)</script>">a</a>',
    '<a href="vbscript:msgbox(1)">a</a>',
    "[a](javascript:alert(1))",
    "[a](<javascript:alert(1)>)",
    "[a](JaVaScRiPt&colon;alert(1))",
    "[a](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    '![a](x" onerror="alert(1))',
    '![a" onerror="alert(1)](x)',
    '![a](https://e.example/a.png "x\\" onerror=alert(1) ")',
    "<javascript:alert(1)>",
    "[a]: javascript:alert(1)\n\n[a]",
    '[^"><img src=x onerror=alert(1)>]\n\n[^"><img src=x onerror=alert(1)>]: x',
    "# <img src=x onerror=alert(1)>",
    '```"><img/src=x/onerror=alert(1)>\ncode\n```',
    "```<script>alert(1)</script>\ncode\n```",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<iframe src=javascript:alert(1)></iframe>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<base href=javascript:/a/><a href=#>a</a>",
    '<meta http-equiv=refresh content="0;url=javascript:alert(1)">',
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css';</style>",
    '<p style="background:url(//evil.example/x)">a</p>',
    "<video src=x onerror=alert(1)><source onerror=alert(1)></video>",
    "<details open ontoggle=alert(1)>a</details>",
    "<input autofocus onfocus=alert(1)>",
    "<marquee onstart=alert(1)>a</marquee>",
    "<body onload=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<textarea></textarea><img src=x onerror=alert(1)>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "]]><script>alert(1)</script><![CDATA[",
    "--><script>alert(1)</script><!--",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    '" onmouseover=alert(1) x="',
    "' autofocus onfocus=alert(1) x='",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt;",
    "\u2028alert(1)//",
    "{{constructor.constructor('alert(1)')()}}",
    "<x onclick=alert(1) id=x tabindex=0>a",
    '<img src="//evil.example/a.png">',
    "<a id=getElementById name=body href=#>clobbers</a>",
)  # fmt: skip

TEMPLATES = (
    "{{ 7*7 }}", "{{7*'7'}}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{% raw %}{{ 7*7 }}{% endraw %}", "{# gone #}kept",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}", "{{ config.items() }}", "{{ self.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}", "{{ range(10**9) | list }}", "{% include '/etc/passwd' %}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}", "{{ request|attr('application') }}",
    "%(x)s %s {0} {0.__class__} {title}",
)  # fmt: skip

PATHS = (
    "../../../etc/passwd", "..\\..\\etc\\passwd", "/etc/passwd", "//etc/passwd", "....//....//etc/passwd", "%2e%2e%2fetc%2fpasswd",
    "..%2f..%2f..%2fetc%2fpasswd", "..%252f..%252fetc%252fpasswd", "%c0%ae%c0%ae/etc/passwd", "..%c0%af..%c0%afetc/passwd",
    "file:///etc/passwd", "C:\\Windows\\win.ini", "\\\\evil\\share\\x", "/proc/self/environ", "../../../../proc/self/environ",
    "..;/..;/etc/passwd", "../secret.md", "../../ledger.sqlite", "../../../steadycast.toml", "a/../../../../secret.md",
    "/secret.md", "~/secret.md", "..", ".", "", "/", "x/\0/../../secret.md", "..\u2215..\u2215secret.md", "\uff0e\uff0e/secret.md",
)  # fmt: skip

WORDS = (
    "null", "undefined", "NaN", "0", "-1", "1/0", "true", "../../x", "CON", "aux.txt", " lead and trail ", "\ttab\t", "Ω≈ç√∫˜µ≤≥÷",
    "田中さんにあげて下さい", "👩‍👩‍👧‍👦 🏳️‍🌈 1️⃣", "مُنَاقَشَةُ سُبُلِ", "\u202ereversed", "\u200e\u200f\u2066abc\u2069", "Z̮̞̠͙͔ͅḀ̗̞͈̻̗Ḷ͙͎̯̹̞͓G̻O̭̗̮",
    "a\u2028b\u2029c", "\ufeffmark", "\u00adsoft\u200bzero", "$HOME ${IFS} `id` $(id)", "'; DROP TABLE drafts;--", "1;DROP", "%n%s%d",
    "<![CDATA[x]]>", "a\u001b[31mred\u001b[0m", "\u009b31mred", "\x07bell\x08", "Subject: x\r\nBcc: evil@example.com", "=cmd|' /C calc'!A0",
    "@everyone <@&1> <!channel> @所有人", "\ufffe\uffff", "&#0;&#27;&#xFFFE;", "\U000e0041\U000e007f", "" + "长" * 3000, "a" * 5000,
    "]]>", "--", "---", "+++", "# x", "- [ ] x", "~~~", "\\", "\\\\", '"', "'", "`", "|", "<>", "&", "%", "http://a/%%30%30", "：", "\u3000",
)  # fmt: skip


def scripts() -> list[str]:
    """Markup that tries to run: own vectors, and the corpus' where there is one."""
    return [*SCRIPTS, *(row["vector"] for row in _rows("xss.jsonl"))]


def corpus(name: str) -> list[str]:
    """One of the corpus' lists of strings; empty where there is no corpus."""
    return json.loads((Path(CORPORA) / name).read_text(encoding="utf-8")) if CORPORA else []


def known(name: str) -> list[str]:
    """The same for a test that is about nothing else: without a corpus it is skipped, not passed."""
    return corpus(name) or pytest.skip("STEADYCAST_CORPORA names no folder of vectors")


def _rows(name: str) -> list[dict[str, str]]:
    if not CORPORA:
        return []
    return [json.loads(line) for line in (Path(CORPORA) / name).read_text(encoding="utf-8").split("\n") if line]


def yaml_text(text: str) -> str:
    """`text` as a double-quoted YAML scalar: control characters arrive by escape, as a hostile author sends them."""
    return json.dumps("".join(c for c in text if c != "\0" and not "\ud800" <= c <= "\udfff"))


# --- the judge that reads HTML

ALLOWED = frozenset(
    "a abbr bdi article aside audio b blockquote body br button caption cite code col colgroup dd del details dfn div dl dt em figcaption "
    "figure footer form g h1 h2 h3 h4 h5 h6 head header hr html i iframe img input ins kbd label li link main mark meta nav ol p path "
    "pre q rect rp rt ruby s samp script section small source span strong style sub summary sup svg symbol table tbody td tfoot th thead "
    "time title tr u ul use var video wbr circle defs text pattern line polygon polyline "
    # formulas, by MathML Core's elements that only lay out: none links, loads, or holds HTML (annotation-xml, maction)
    "math mrow mi mn mo ms mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mtable mtr mtd mstyle mpadded "
    "mphantom menclose mmultiscripts mprescripts merror".split()
)  # fmt: skip
URLS = {
    "href",
    "src",
    "poster",
    "action",
    "formaction",
    "data",
    "srcset",
    "xlink:href",
    "background",
    "cite",
    "srcdoc",
    "ping",
}
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]")


class _Judge(html.parser.HTMLParser):
    def __init__(self, own: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.own = own  # scripts and styles that the page brings itself
        self.faults: list[str] = []
        self._raw = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ALLOWED:
            self.faults.append(f"<{tag}>")
        self._raw = tag if tag in ("script", "style") else ""
        given = {name: value or "" for name, value in attrs}
        for name, value in given.items():
            if name.startswith("on") or name in ("srcdoc", "formaction", "ping"):
                self.faults.append(f"{tag} {name}={value[:60]}")
            if name in URLS and not _harmless(value):
                self.faults.append(f"{tag} {name}={value[:60]}")
            if name == "style" and re.search(r"url\s*\(|expression|@import|javascript", value, re.IGNORECASE):
                self.faults.append(f"{tag} style={value[:60]}")
        if tag == "iframe" and "sandbox" not in given:
            self.faults.append("iframe without sandbox")
        if tag == "meta" and given.get("http-equiv", "").lower() == "refresh":
            self.faults.append("meta refresh")
        if tag == "script" and "src" in given:
            self.faults.append(f"script {given['src']}")
        self._json = tag == "script" and given.get("type") == "application/ld+json"

    def handle_data(self, data: str) -> None:
        if self._raw == "script" and not self._json and data not in self.own:
            self.faults.append(f"script: {data[:60]}")
        if self._raw == "script" and self._json:
            json.loads(data)

    def handle_endtag(self, tag: str) -> None:
        self._raw = ""


def _harmless(url: str) -> bool:
    bare = _UNSEEN.sub("", url)
    scheme = re.match(r"([^/?#]*?):", bare)
    return scheme is None or (
        scheme[1].lower() in {"http", "https", "mailto", "cid", "file", "media", "data"}
        and not re.match(r"data:(?!image/(png|jpeg|gif|webp);base64,|,$)", bare, re.IGNORECASE)
    )


def faults(page: str, *, own: frozenset[str] = frozenset()) -> list[str]:
    """What an HTML parser finds in `page` that could run, load or lead astray; `own`: the page's own scripts."""
    judge = _Judge(own)
    judge.feed(page)
    judge.close()
    return judge.faults


@functools.cache
def kit_script(base: str = "kit") -> frozenset[str]:
    """The one script that a kit's page has, where that platform is there."""
    from platform_bench import ROOT

    return frozenset({(ROOT / "channels" / base / "page.js").read_text(encoding="utf-8")})


def host(url: str) -> str:
    """The host of an address, or nothing."""
    return urlsplit(url).hostname or ""
