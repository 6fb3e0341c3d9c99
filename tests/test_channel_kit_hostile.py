"""Hostile words in a kit stay words, and its page runs only its own script."""

# ruff: noqa: F811  the fixtures are those of the other file
from __future__ import annotations

import base64
import dataclasses
import hashlib
import html
import json
import re
from typing import Any

import pytest
from test_channel_kit import EVENT, EVERY, app, compose_for  # noqa: F401  fixtures

HOSTILE = "</title><script>alert(1)</script>\"'`{{7*7}}\u202e\n# <img src=x onerror=alert(1)>"


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_hostile_words_stay_words(name: str, form: str, app: Any, compose_for: Any) -> None:
    """Titles, tags, tickets, links and slugs are text to page and checklist, and no path leads out of the folder."""
    made = dataclasses.replace(
        compose_for(name, form),
        title=HOSTILE,
        summary=HOSTILE,
        author=HOSTILE,
        member_title=HOSTILE,
        tags=(HOSTILE,),
        slug="../../etc/passwd",
        canonical_url='javascript:alert("x")',
        links=((HOSTILE, "javascript:alert(1)"), (HOSTILE, 'https://example.org/"><script>')),
        extra={"tickets": [{"name": HOSTILE}, "no table", {"price": ["x"]}], "contact": HOSTILE, "episode": True},
        event=dataclasses.replace(EVENT, place=HOSTILE, url="javascript:x") if form == "event" else None,
    )
    at = app(name, account=HOSTILE)
    kit = at.kit(made)
    assert kit.parent == at.out
    page = (kit / "article.html").read_text(encoding="utf-8")
    assert len(re.findall(r"<script", page)) == 1
    assert "javascript:" not in page
    assert "49" not in re.findall(r"<h1>(.*)</h1>", page)[0]
    assert "<img src=x" not in page
    lines = (kit / "CHECKLIST.md").read_text(encoding="utf-8").splitlines()
    assert not any(line.startswith("# <img") for line in lines)
    assert all("<script" not in re.sub(r"`[^`]*`", "", line) for line in lines if not line.startswith("    "))
    assert not any("\u202e" in line for line in lines)
    assert "\n" not in (kit / "title.txt").read_text(encoding="utf-8") if (kit / "title.txt").exists() else True
    json.loads((kit / "kit.json").read_text(encoding="utf-8"))


@pytest.mark.platforms("zhihu")
def test_the_page_runs_only_its_own_script(app: Any, compose_for: Any) -> None:
    """The policy allows one script by its hash, and nothing from anywhere else."""
    page = (app("zhihu").kit(compose_for("zhihu", "article")) / "article.html").read_text("utf-8")
    policy = html.unescape(re.findall(r'Content-Security-Policy" content="([^"]*)"', page)[0])
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert not re.search(r'(?:src|href)="https?://(?!hu\.example|example|mp\.weixin|zhuanlan)', page)
