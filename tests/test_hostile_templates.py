"""Text that looks like a template stays text; an operator's template does what a template may, and no more."""

from __future__ import annotations

import time
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, cast

import pytest
from hostile import TEMPLATES, known, yaml_text
from pipeline_bench import COMMUNITY, DAILY, SITE, Bench
from test_hostile_script import documents

from steadycast import pipeline
from steadycast.errors import SettingsError
from steadycast.render.templates import Templates

MAIL = '\n[channel.mail]\nplatform = "mail"\nfrom = "house@readers.example"\n'
KIT = '\n[channel.kit]\nplatform = "kit"\n'
SETTINGS = COMMUNITY + DAILY.replace('"site", "far"', '"site", "mail", "kit"') + SITE + MAIL + KIT


@pytest.mark.platforms("mail", "kit")
def test_a_draft_is_never_a_template(bench: Bench) -> None:
    """Through the whole pipeline: what the author wrote is what stands on the page, in the letter and in the kit."""
    vector = "{{ 7*7 }} ${7*7} {% set x = 1 %} {# gone #} <%= 7*7 %> %(x)s {0.__class__}"
    bench.set_up(
        SETTINGS,
        {"ugc/alice/one.md": f"---\ntitle: {yaml_text(vector)}\nsummary: {yaml_text(vector)}\n---\n\n`{vector}`\n"},
    )
    pipeline.collect(bench.app, bench.clock.now())
    pipeline.plan(bench.app, bench.clock.now())
    assert {sent.state for sent in pipeline.publish(bench.app, series="daily").sent} == {"published", "handed"}
    out = bench.app.workspace.out
    letter = message_from_bytes(next(out.rglob("*.eml")).read_bytes(), policy=policy.default)
    assert letter["subject"].strip() == vector
    assert vector in cast("Any", letter.get_body(("plain",))).get_content()
    assert vector in next(out.rglob("title.txt")).read_text()
    page = next(out.glob("site/daily/*.html")).read_text()
    assert page.count("{{ 7*7 }} ${7*7} {% set x = 1 %} {# gone #}") >= 3


@pytest.mark.platforms("site", "feed", "podcast", "mail", "wechat", "weibo")
@pytest.mark.parametrize(
    "vectors", [TEMPLATES, pytest.param(None, marks=[pytest.mark.slow, pytest.mark.parallel])], ids=["own", "all known"]
)
def test_every_known_injection_comes_out_as_it_went_in(tmp_path: Path, vectors: Any) -> None:
    """49 stands on no page where an injection would have put it, and no page fails."""
    every = list(vectors or known("ssti.json"))
    for _, page in documents(every, tmp_path, whole=False):
        for gone in ("uid=0(", "root:x:", "<class 'object'>", "7777777", "&lt;class &#39;"):
            assert gone not in page or any(gone in vector for vector in every)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ post.__init__.__globals__ }}",
        "{{ render.__globals__ }}",
        "{{ [].append(1) }}",
        "{{ ''|attr('__class__') }}",
        "{{ '{0.__class__}'.format(post) }}",
        "{{ cycler }}",
        "{{ lipsum.__globals__ }}",
        "{{ range(10001) }}",
        "{{ range(10**9)|list }}",
        "{% for a in range(0, 10**12, 1) %}{% endfor %}",
        "{{ missing }}",
        "{{ post.update({}) }}",
        "{{ 2 ** (2 ** 30) }}",
        "{{ 'a' * 10**10 }}",
        "{{ '%99999999999d' % 1 }}",
        "{{ '{:9999999999}'.format(1) }}",
        "{{ '{:{w}}'.format(1, w=10**10) }}",
        "{{ '%*d' % (10**10, 1) }}",
        "{{ 'a'|center(10**10) }}",
        "{% import '/etc/passwd' as x %}",
        "{% include '../../etc/passwd' %}",
    ],
)
def test_an_operators_template_that_reaches_out_is_refused_at_once(tmp_path: Path, source: Any) -> None:
    """One line with its file, and neither a minute nor a gigabyte goes into it."""
    (tmp_path / "a.txt.j2").write_text(source)
    began = time.monotonic()
    with pytest.raises(SettingsError) as told:
        Templates((tmp_path,)).render("a.txt.j2", post={"title": "x"}, render=test_a_draft_is_never_a_template)
    assert time.monotonic() - began < 10
    assert "\n" not in str(told.value)
