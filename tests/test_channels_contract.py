"""What every platform folder keeps, found by itself: the contract of channels/README.md."""

from __future__ import annotations

import dataclasses
import html.parser
import json
import socket
import xml.etree.ElementTree as ET
from email import message_from_bytes, policy
from pathlib import Path

import jinja2
import pytest
from platform_bench import PLATFORMS, ROOT, adapter, channel, hostile, key, of_form, settings_rows, tree

from steadycast.channel import Busy, Receipt, Refused, Unknown
from steadycast.errors import FarSideError
from steadycast.registry import load
from steadycast.web import Far

CANARY = "canary-{}-5ecre7"
NAMES = sorted(PLATFORMS)
MARKUP = {".html", ".xml", ".svg", ".xhtml"}
HOSTILE_FIELDS = ("title", "summary", "member_title", "author", "series_title", "slug", "text", "tags", "member", "canonical_url")


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


@pytest.fixture
def far(httpserver):
    """A far side that takes whatever comes."""
    httpserver.expect_request("/", method="GET").respond_with_json({})
    httpserver.clear()
    return httpserver


class Asked(Far):
    """The HTTP half, remembering whether it was used."""

    used: list = []

    def request(self, *args, **more):
        Asked.used.append(args)
        return super().request(*args, **more)


def made(name: str, out: Path, address: str = "http://127.0.0.1:9"):
    Asked.used = []
    given, secrets = wanted(name, address)
    http = Asked(channel="out", deadline=3.0)
    return adapter(name, out, secrets=secrets, http=http, **given)


def accepting(server):
    server.expect_request(__import__("re").compile(".*")).respond_with_json({"id": "1", "url": "https://far.example/1"})
    return server.url_for("").rstrip("/")


def first_form(name: str) -> str:
    return PLATFORMS[name].forms[0]


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def test_what_it_declares_makes_sense(name):
    """Limits are positive, crops have a size each, every setting says what it is for, templates compile."""
    spec = PLATFORMS[name]
    assert spec.title and spec.forms and spec.deadline > 0 and spec.settle >= 0 and spec.rate >= 0
    for what, limit in spec.limits.items():
        assert 0 <= limit.min <= limit.max and limit.max > 0, what
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
        assert all(f"`{setting}`" in text for setting in spec.settings)
        return
    for row in settings_rows(spec):
        assert row in text
    assert f"`{spec.delivery}`" in text


def test_published_twice_is_published_once(name, tmp_path, far):
    """Another process with the same post leaves the same bytes and gives the same receipt."""
    address = accepting(far)
    post = of_form(first_form(name), tmp_path / "in")
    first = made(name, tmp_path / "out", address).publish(post)
    files = tree(tmp_path / "out") if (tmp_path / "out").exists() else {}
    second = made(name, tmp_path / "out", address).publish(post)
    assert isinstance(first, Receipt) and first.remote_id
    assert second.remote_id == first.remote_id
    assert (tree(tmp_path / "out") if (tmp_path / "out").exists() else {}) == files


def test_the_same_post_gives_the_same_bytes_in_another_folder(name, tmp_path, far):
    """Nothing that is written hangs on the place or the hour, but for the index, which remembers file times."""
    address = accepting(far)
    post = of_form(first_form(name), tmp_path / "in")
    ids, trees = [], []
    for place in ("a", "b"):
        ids.append(made(name, tmp_path / place, address).publish(post).remote_id)
        files = tree(tmp_path / place) if (tmp_path / place).exists() else {}
        trees.append({n: d for n, d in files.items() if n != "posts/index.json"})
    assert ids[0] == ids[1]
    assert trees[0] == trees[1]


def test_find_tells_there_from_not_there(name, tmp_path, far):
    """What was published is found, what was not is None; a blind platform says that it cannot tell."""
    there = of_form(first_form(name), tmp_path / "in")
    absent = dataclasses.replace(there, key=key(999_999))
    address = accepting(far)
    receipt = made(name, tmp_path / "out", address).publish(there)
    asking = made(name, tmp_path / "out", address)
    try:
        found, nothing = asking.find(there), asking.find(absent)
    except Unknown:
        assert PLATFORMS[name].delivery == "blind"
        return
    assert found is not None
    assert found.remote_id == receipt.remote_id
    if not Asked.used:  # a far side that says yes to all has everything
        assert nothing is None


def test_every_form_it_takes_is_taken(name, tmp_path, far):
    address = accepting(far)
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


def test_hostile_words_stay_words(name, tmp_path, far):
    """Title, summary, tags, names: none becomes markup, a template, an address or a path outside the folder."""
    address = accepting(far)
    for number, form in enumerate(PLATFORMS[name].forms, 1):
        plain = of_form(form, tmp_path / "in", number)
        evil = hostile(tmp_path / "in", number)
        evil = dataclasses.replace(plain, **{f: getattr(evil, f) for f in HOSTILE_FIELDS})
        try:
            made(name, tmp_path / "ws" / "out", address).publish(evil)
        except Refused:  # a control character in a header; then without
            calm = {f: getattr(evil, f).replace("\u0007", "") for f in HOSTILE_FIELDS if isinstance(getattr(evil, f), str)}
            made(name, tmp_path / "ws" / "out", address).publish(dataclasses.replace(evil, **calm))
    assert not (tmp_path / "ws").exists() or [p.name for p in (tmp_path / "ws").iterdir()] == ["out"]
    for path, data in tree(tmp_path / "ws").items() if (tmp_path / "ws").exists() else ():
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


STATUSES = [(401, Refused), (403, Refused), (422, Refused), (429, Busy), (500, Unknown), (502, Unknown), (204, None), (418, Unknown)]


@pytest.mark.parametrize(("status", "error"), STATUSES)
def test_each_status_has_its_error_and_no_message_its_secret(name, tmp_path, httpserver, status, error):
    """A far side that answers with a status and says back all that it was told."""
    from werkzeug import Response

    def echo(request):
        said = f"{request.url} {request.headers} {request.get_data(as_text=True)[:500]}"
        return Response("" if status == 204 else said, status, {"Retry-After": "7"} if status == 429 else {})

    httpserver.expect_request(__import__("re").compile(".*")).respond_with_handler(echo)
    post = of_form(first_form(name), tmp_path / "in")
    given, secrets = wanted(name, httpserver.url_for("").rstrip("/"))

    def redact(text: str) -> str:
        for value in secrets.values():
            text = text.replace(value, "…").replace(value.rpartition("/")[2], "…")
        return text

    Asked.used = []
    sending = adapter(name, tmp_path / "out", secrets=secrets, http=Asked(channel="out", deadline=3.0, redact=redact), **given)
    try:
        result = sending.publish(post)
    except FarSideError as raised:
        assert "5ecre7" not in f"{raised} {raised!r} {raised.__cause__} {raised.__context__}"
        assert error is not None
        assert isinstance(raised, error) or (error is Unknown and isinstance(raised, Busy))
        if isinstance(raised, Busy) and status == 429:
            assert raised.retry_after is not None and raised.retry_after.total_seconds() == 7
    else:
        assert not Asked.used or error is None, f"{status} was taken for success"
        assert "5ecre7" not in repr(result)
    assert b"5ecre7" not in b"".join(tree(tmp_path / "out").values() if (tmp_path / "out").exists() else ())


def test_garbage_and_a_dead_far_side_end_in_one_of_three_errors(name, tmp_path):
    """Nobody listens; somebody hangs up at once; somebody speaks no HTTP."""
    post = of_form(first_form(name), tmp_path / "in")
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    sending = made(name, tmp_path / "out", f"http://127.0.0.1:{port}")
    try:
        sending.publish(post)
    except Busy:
        assert Asked.used
    else:
        assert not Asked.used


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort"])
def test_a_far_side_that_breaks_off_leaves_it_unknown(name, tmp_path, said):
    import threading

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
        try:
            sending.publish(post)
        except (Unknown, Busy):
            assert Asked.used
        else:
            assert not Asked.used
        listening.close()
        thread.join(3)


def test_a_copied_folder_is_a_platform_of_its_own(tmp_path, far):
    """channels/webhook copied to channels/mine works, with nothing else edited."""
    import shutil

    from steadycast.registry import platforms

    shutil.copytree(ROOT / "channels" / "webhook", tmp_path / "channels" / "mine")
    mine = platforms([tmp_path / "channels"])["mine"]
    address = accepting(far)
    sending = load(mine)(channel(mine, tmp_path / "out", secrets={"url": f"{address}/hook", "secret": "s"}, http=Far("out")))
    assert sending.publish(of_form("article", tmp_path / "in")).remote_id == "1"
    assert type(sending).__module__ == "steadycast_channel_mine"
