"""What the editor sends besides its form: what was pasted, and files; with the bounds, kinds and names that they may have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests
from desk_bench import Desk
from pictures import noise
from pipeline_bench import SETTINGS, Bench, article

from steadycast.desk import write

OWN = {"Sec-Fetch-Site": "same-origin"}
PICTURE = noise((120, 90))


@pytest.fixture
def root(bench: Bench) -> Path:
    bench.set_up(SETTINGS, {"pgc/club/old.md": article("Old")})
    return bench.root


@pytest.fixture
def desk(root: Path) -> Iterator[Desk]:
    with Desk(root).up() as desk:
        yield desk


def sent(
    desk: Desk, path: str, body: bytes, headers: Mapping[str, str] = OWN, token: str | None = None, **about: str
) -> requests.Response:
    """What write.js sends: bytes, and the form's token as a header."""
    given = {"X-Form-Token": desk.token("/write") if token is None else token, **headers}
    return desk.session.post(desk.url + path, data=body, params=about, headers=given, timeout=60)


def laid(root: Path) -> dict[str, bytes]:
    """Every file below content/ that is no draft."""
    files = (file for file in (root / "content").rglob("*") if file.is_file() and file.suffix != ".md")
    return {str(file.relative_to(root / "content")): file.read_bytes() for file in files}


def test_what_is_pasted_keeps_its_structure_and_nothing_that_acts(desk: Desk) -> None:
    html = (
        "<h2>标题</h2><p>一段<b>粗</b>，<a href='javascript:alert(1)'>坏</a><a href='https://example.org/'>好</a></p>"
    )
    html += (
        "<script>alert(1)</script><img src=x onerror=alert(1)><table><tr><th>左</th></tr><tr><td>甲</td></tr></table>"
    )
    told = sent(desk, "/write/paste", html.encode())
    assert told.status_code == 200
    assert told.headers["content-type"].startswith("text/plain")
    assert "## 标题" in told.text
    assert "**粗**" in told.text
    assert "[好](<https://example.org/>)" in told.text
    assert "| 左 |" in told.text
    assert not re.search(r"javascript:|<script|onerror", told.text)


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe\x00<p>", b"<p>" * 100_000, b"<!--" + b"x" * 1_000_000, "<p>\x00\u202e</p>".encode()]
)
def test_whatever_is_pasted_is_answered(desk: Desk, body: bytes) -> None:
    """As text or with a reason: the editor falls back to what is plain."""
    assert sent(desk, "/write/paste", body).status_code in (200, 422)


def test_no_more_is_pasted_than_a_draft_may_have(desk: Desk) -> None:
    assert sent(desk, "/write/paste", b"x" * (write.LARGEST_PASTE + 1)).status_code == 413


@pytest.mark.parametrize("path", ["/write/paste", "/write/media?name=a.png"])
def test_only_a_page_of_the_desk_sends_them(desk: Desk, root: Path, path: str) -> None:
    for headers, token in (({"Sec-Fetch-Site": "cross-site"}, None), ({}, None), (OWN, ""), (OWN, "x" * 64)):
        assert sent(desk, path, PICTURE, headers, token).status_code == 403
    desk.session.cookies.clear()
    assert sent(desk, path, PICTURE, OWN, "x").status_code == 403
    assert laid(root) == {}


def test_a_file_lies_beside_its_draft_under_a_name_of_ours(desk: Desk, root: Path) -> None:
    """Beside a new one, an old one, a member's; one that is there already is never written over."""
    told = sent(desk, "/write/media", PICTURE, name="雨 夜.PNG").json()
    assert told == {"ref": "media/雨-夜.png", "role": "image"}
    other = noise((90, 120))
    again = sent(desk, "/write/media", other, name="雨 夜.PNG").json()["ref"]
    assert again != told["ref"]
    sent(desk, "/write/media", PICTURE, name="b.png", file="pgc/club/old.md")
    sent(desk, "/write/media", PICTURE, name="c.png", member="bob")
    assert laid(root) == {
        "pgc/media/雨-夜.png": PICTURE,
        f"pgc/{again}": other,
        "pgc/club/media/b.png": PICTURE,
        "ugc/bob/media/c.png": PICTURE,
    }


@pytest.mark.parametrize(
    "name",
    [
        "../../up.png",
        "/etc/passwd",
        "a\x00b.png",
        "a\r\nSet-Cookie: x=y.png",
        ".hidden.png",
        "..",
        "CON",
        "a/b\\c.png",
        "x" * 5000,
        "\u202egnp.exe",
        "p.svg",
        "p.html",
    ],
)
def test_no_name_leads_out_or_lies_about_its_kind(desk: Desk, root: Path, name: str) -> None:
    """Its bytes say what it is; its name is words."""
    told = sent(desk, "/write/media", PICTURE, name=name)
    assert told.status_code == 200
    (path,) = laid(root)
    assert re.fullmatch(r"pgc/media/[^/.\\\x00-\x1f\u202e][^/\\\x00-\x1f\u202e]*\.png", path)
    assert len(Path(path).name.encode()) <= 255
    assert told.json()["ref"] == path.removeprefix("pgc/")
    assert not [
        file for file in root.rglob("*") if file.is_file() and file.suffix == ".png" and "media" not in file.parts
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"words",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html><script>",
        b"MZ" + b"\0" * 99,
        b"PK\x03\x04",
        PICTURE[:40],
    ],
)
def test_what_is_no_picture_sound_or_film_is_refused(desk: Desk, root: Path, body: bytes) -> None:
    told = sent(desk, "/write/media", body, name="a.png")
    assert told.status_code == 422
    assert told.json()["said"]
    assert laid(root) == {}


@pytest.mark.parametrize(
    "about",
    [
        {"file": "../steadycast.toml"},
        {"file": "/etc/passwd"},
        {"file": "pgc/../../x.md"},
        {"file": "pgc/a/../../../x.md"},
        {"file": "feed/x/a.md"},
        {"member": "nobody"},
        {"member": "../pgc"},
    ],
)
def test_a_place_that_is_no_drafts_is_refused(desk: Desk, root: Path, about: dict[str, str]) -> None:
    told = sent(desk, f"/write/media?{urlencode({'name': 'a.png', **about})}", PICTURE)
    assert told.status_code == 422
    assert laid(root) == {}
    assert [file for file in root.parent.rglob("*.png") if file.is_file()] == []


def test_a_file_that_is_too_large_leaves_nothing(desk: Desk, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is counted as it comes in, whatever its head says."""
    monkeypatch.setattr(write, "LARGEST_MEDIUM", 300)
    assert len(PICTURE) > 300
    assert sent(desk, "/write/media", PICTURE, name="a.png").status_code == 413
    pieces = (PICTURE[n : n + 100] for n in range(0, len(PICTURE), 100))  # without a length
    given = {"X-Form-Token": desk.token("/write"), **OWN}
    assert (
        desk.session.post(f"{desk.url}/write/media?name=a.png", data=pieces, headers=given, timeout=30).status_code
        == 413
    )
    assert laid(root) == {}
    assert [file for file in (root / "var").rglob("tmp*") if file.is_file()] == []
