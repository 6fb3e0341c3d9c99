"""What every platform folder keeps, found by itself: the contract of channels/README.md."""

from __future__ import annotations

import dataclasses
import datetime as dt
import html.parser
import json
import re
import shutil
import socket
import threading
import xml.etree.ElementTree as ET
from email import message_from_bytes, policy
from pathlib import Path

import jinja2
import pytest
from platform_bench import PLATFORMS, ROOT, adapter, channel, hostile, key, of_form, settings_rows, tree
from werkzeug import Response

from steadycast.platform import Busy, Known, Receipt, Refused, Unknown
from steadycast.platform.registry import load, platforms
from steadycast.web import HttpClient

CANARY = "canary-{}-5ecre7"
NAMES = sorted(PLATFORMS)
ON_THE_WEB = [
    name
    for name, spec in PLATFORMS.items()
    if any(".http" in source.read_text(encoding="utf-8") for folder in spec.folders for source in folder.glob("*.py"))
]
MARKUP = {".html", ".xml", ".svg", ".xhtml"}
HOSTILE_FIELDS = (
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


def wanted(name: str, address: str) -> tuple[dict, dict]:
    """Settings that make any platform work: what is required, filled in by its type; every secret a canary."""
    spec = PLATFORMS[name]
    plain = {"url": address, "int": 1, "bool": True, "list": [], "str": "probe@hu.example", "path": ""}
    given = {s.name: plain[s.type] for s in spec.settings.values() if s.required and not s.secret}
    secrets = {
        s.name: f"{address}/{CANARY.format(s.name)}" if s.type == "url" else CANARY.format(s.name)
        for s in spec.settings.values()
        if s.secret
    }
    return given, secrets


EVERYWHERE = re.compile(".*")


@pytest.fixture
def address(httpserver):
    """A far side that takes whatever comes."""
    httpserver.expect_request(EVERYWHERE).respond_with_json({"id": "1", "url": "https://far.example/1"})
    return httpserver.url_for("").rstrip("/")


def made(name: str, out: Path, address: str = "http://127.0.0.1:9"):
    given, secrets = wanted(name, address)
    http = HttpClient(channel="out", deadline=3.0)
    return adapter(name, out, secrets=secrets, http=http, **given)


def files(out: Path) -> dict[str, bytes]:
    """What a platform wrote, if it writes."""
    return tree(out) if out.exists() else {}


def first_form(name: str) -> str:
    return PLATFORMS[name].forms[0]


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def test_what_it_declares_makes_sense(name):
    """Limits are positive, crops have a size each, every setting says what it is for, templates compile."""
    spec = PLATFORMS[name]
    assert spec.title
    assert spec.forms
    assert spec.deadline > 0
    assert min(spec.settle, spec.rate) >= 0
    for what, limit in spec.limits.items():
        assert 0 <= limit.min <= limit.max, what
        assert limit.max > 0, what
    for role, rule in spec.media.items():
        assert all(f == f.lower().lstrip(".") for f in rule.formats), role
        assert len(rule.sizes) in (0, len(rule.ratios)), role
        assert rule.bytes is None or rule.bytes > 0, role
    assert all(s.help for s in spec.settings.values()), "a setting without help"
    assert not spec.render.style or any((f / spec.render.style).is_file() for f in spec.folders)
    syntax = jinja2.Environment()
    for template in (t for folder in spec.folders for t in folder.glob("*.j2")):
        syntax.parse(template.read_text(encoding="utf-8"))


def test_its_folder_is_whole(name):
    """An adapter of at most 150 lines a file, a README and a sample, its own or its base's."""
    spec = PLATFORMS[name]
    assert load(spec)
    for source in spec.folder.rglob("*.py"):
        assert len(source.read_text(encoding="utf-8").splitlines()) <= 150, source
    assert any((f / "README.md").is_file() for f in spec.folders)
    assert any(any((f / "samples").glob("*")) for f in spec.folders), "no sample"


def test_its_readme_tells_every_setting_and_the_promise(name):
    """The settings table is channel.toml's; who shares a base's adapter may leave the base's settings to its README."""
    spec = PLATFORMS[name]
    text = "\n".join((f / "README.md").read_text(encoding="utf-8") for f in spec.folders if (f / "README.md").is_file())
    if spec.delivery == "kit":
        assert not [setting for setting in spec.settings if not re.search(rf"`{setting}\b", text)]
        return
    for row in settings_rows(spec):
        assert row in text
    assert f"`{spec.delivery}`" in text


def test_published_twice_is_published_once(name, tmp_path, address):
    """Another process with the same post leaves the same bytes and gives the same receipt."""
    post = of_form(first_form(name), tmp_path / "in")
    first = made(name, tmp_path / "out", address).publish(post)
    before = files(tmp_path / "out")
    second = made(name, tmp_path / "out", address).publish(post)
    assert isinstance(first, Receipt)
    assert first.remote_id
    assert second.remote_id == first.remote_id
    assert files(tmp_path / "out") == before


def test_the_same_post_gives_the_same_bytes_in_another_folder(name, tmp_path, address):
    """Nothing that is written hangs on the place or the hour, but for the index, which remembers file times."""
    post = of_form(first_form(name), tmp_path / "in")
    ids, trees = [], []
    for place in ("a", "b"):
        ids.append(made(name, tmp_path / place, address).publish(post).remote_id)
        trees.append({n: d for n, d in files(tmp_path / place).items() if n != "posts/index.json"})
    assert ids[0] == ids[1]
    assert trees[0] == trees[1]


def test_find_tells_there_from_not_there(name, tmp_path, address):
    """What was published is found, what was not is None; a blind platform says that it cannot tell."""
    there = of_form(first_form(name), tmp_path / "in")
    absent = dataclasses.replace(there, key=key(999_999))
    receipt = made(name, tmp_path / "out", address).publish(there)
    asking = made(name, tmp_path / "out", address)
    try:
        found, nothing = asking.find(there, Known()), asking.find(absent, Known())
    except Unknown:
        assert PLATFORMS[name].delivery == "blind"
        return
    assert found is not None
    assert found.remote_id == receipt.remote_id
    if name not in ON_THE_WEB:  # a far side that says yes to all has everything
        assert nothing is None


def test_every_form_it_takes_is_taken(name, tmp_path, address):
    for number, form in enumerate(PLATFORMS[name].forms, 1):
        assert made(name, tmp_path / "out", address).publish(of_form(form, tmp_path / "in", number)).remote_id


class Tags(html.parser.HTMLParser):
    """What a browser would take for elements and for addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[dict] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "script":
            self.scripts.append(values)
        self.addresses += [v for n, v in attrs if n in ("href", "src", "poster", "action") and v]
        self.handlers += [n for n in values if n.startswith("on")]


def test_hostile_words_stay_words(name, tmp_path, address):
    """Title, summary, tags, names: none becomes markup, a template, an address or a path outside the folder."""
    for number, form in enumerate(PLATFORMS[name].forms, 1):
        plain = of_form(form, tmp_path / "in", number)
        evil = hostile(tmp_path / "in", number)
        evil = dataclasses.replace(plain, **{f: getattr(evil, f) for f in HOSTILE_FIELDS})
        try:
            made(name, tmp_path / "ws" / "out", address).publish(evil)
        except Refused:  # a control character in a header; then without
            calm = {
                f: getattr(evil, f).replace("\u0007", "") for f in HOSTILE_FIELDS if isinstance(getattr(evil, f), str)
            }
            made(name, tmp_path / "ws" / "out", address).publish(dataclasses.replace(evil, **calm))
    assert not (tmp_path / "ws").exists() or [p.name for p in (tmp_path / "ws").iterdir()] == ["out"]
    for path, data in files(tmp_path / "ws").items():
        for kind, text in texts(path, data):
            if kind in (".xml", ".svg"):
                ET.fromstring(text)
            if kind == ".html":
                tags = Tags()
                tags.feed(text)
                assert "<script>alert(1)" not in text, path
                assert not tags.handlers, path
                assert not [a for a in tags.addresses if a.strip().lower().startswith("javascript")], path
            if kind in MARKUP and "{{" in text:
                assert "{{7*7}}" in text, path


def texts(path: str, data: bytes):
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


STATUSES = [(401, Refused), (403, Refused), (422, Refused), (429, Busy), (500, Unknown), (502, Unknown), (418, Unknown)]


@pytest.mark.parametrize(("status", "error"), STATUSES)
@pytest.mark.parametrize("name", ON_THE_WEB)
def test_each_status_has_its_error_and_no_message_its_secret(name, tmp_path, httpserver, status, error):
    """A far side that answers with a status and says back all that it was told."""

    def echo(request):
        said = f"{request.url} {request.headers} {request.get_data(as_text=True)[:500]}"
        return Response(said, status, {"Retry-After": "7"} if status == 429 else {})

    httpserver.expect_request(EVERYWHERE).respond_with_handler(echo)
    given, secrets = wanted(name, httpserver.url_for("").rstrip("/"))

    def redact(text: str) -> str:
        for value in secrets.values():
            text = text.replace(value, "…").replace(value.rpartition("/")[2], "…")
        return text

    http = HttpClient(channel="out", deadline=3.0, redact=redact)
    sending = adapter(name, tmp_path / "out", secrets=secrets, http=http, **given)
    # Where the first request only reads, nothing can have been accepted: Busy.
    with pytest.raises((error, Busy) if error is Unknown else error) as caught:
        sending.publish(of_form(first_form(name), tmp_path / "in"))
    raised = caught.value
    assert "5ecre7" not in f"{raised} {raised!r} {raised.__cause__} {raised.__context__}"
    assert b"5ecre7" not in b"".join(files(tmp_path / "out").values())
    if status == 429:
        assert raised.retry_after == dt.timedelta(seconds=7)


@pytest.mark.parametrize("name", ON_THE_WEB)
def test_a_dead_far_side_is_busy(name, tmp_path):
    """Nobody listens: nothing has left."""
    post = of_form(first_form(name), tmp_path / "in")
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    sending = made(name, tmp_path / "out", f"http://127.0.0.1:{port}")
    with pytest.raises(Busy):
        sending.publish(post)


@pytest.mark.parametrize("name", ON_THE_WEB)
@pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort"])
def test_a_far_side_that_breaks_off_leaves_it_unknown(name, tmp_path, said):
    """It hangs up at once, speaks no HTTP, or stops in the middle. (Busy, where the first request only reads.)"""
    post = of_form(first_form(name), tmp_path / "in")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            try:
                taken, _ = listening.accept()
                with taken:
                    taken.settimeout(2)
                    taken.recv(65536)
                    taken.sendall(said)
            except OSError:
                return

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        sending = made(name, tmp_path / "out", f"http://127.0.0.1:{listening.getsockname()[1]}")
        with pytest.raises((Unknown, Busy)):
            sending.publish(post)
        thread.join(3)


def test_a_copied_folder_is_a_platform_of_its_own(tmp_path, address):
    """channels/webhook copied to channels/mine works, with nothing else edited."""
    shutil.copytree(ROOT / "channels" / "webhook", tmp_path / "channels" / "mine")
    mine = platforms([tmp_path / "channels"])["mine"]
    sending = load(mine)(
        channel(mine, tmp_path / "out", secrets={"url": f"{address}/hook", "secret": "s"}, http=HttpClient("out"))
    )
    assert sending.publish(of_form("article", tmp_path / "in")).remote_id == "1"
    assert type(sending).__module__ == "steadycast_channel_mine"
