"""The shipped contract test, tried on a platform that is right and on one for each way to be wrong."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from steadycast.errors import SettingsError
from steadycast.language import speaking
from steadycast.platform.registry import platforms
from steadycast.testing import contract
from steadycast.testing.bench import Bench

PLATFORMS = Path(__file__).resolve().parent.parent / "channels"
TOML = """
api = 2
title = "Board"
forms = ["article"]
delivery = "read-back"
read_back = true

[limits.text]
max = 60

[render]
thread = true

[settings.url]
type = "url"
required = true
help = "where it is"

[settings.token]
secret = true
required = true
help = "lets us in"
"""

FAKE = """
from steadycast.testing import FakeServer, Reply, Seen


class Fake(FakeServer):
    def __init__(self):
        super().__init__()
        self.kept = {}
        self.ids = 0

    def settings(self):
        return {"url": self.url}

    def secrets(self):
        return {"token": "t0ken-of-the-board"}

    def handle(self, request):
        if request.headers["Authorization"] != "Bearer t0ken-of-the-board":
            return Reply(401, {"error": "who are you?"})
        id = request.path.rpartition("/")[2]
        if request.method == "GET" and id == "me":
            return Reply(200, {"name": "reading"})
        if request.method == "GET":
            return Reply(200, [post for post in self.kept.values() if post["key"] == request.query["key"]])
        if request.method == "DELETE":
            return Reply(204) if self.kept.pop(id, None) else Reply(404, {"error": "gone"})
        told = request.json()
        if len(told["text"]) > 60:
            return Reply(422, {"error": "too long"})
        if request.method == "PUT":
            self.kept[id] |= told
            return Reply(200, self.kept[id])
        self.ids += 1
        self.kept[str(self.ids)] = {"id": str(self.ids), **told}
        return Reply(201, self.kept[str(self.ids)])

    def posts(self):
        return [Seen(p["id"], p["key"], p["text"], parent=p["parent"]) for p in self.kept.values()]
"""

ADAPTER = """
from steadycast.platform import Account, Receipt, Refused, Unknown


class Adapter:
    def __init__(self, channel):
        self.channel = channel
        bearer = {"Authorization": f"Bearer {channel.secret('token')}"}
        self.http = channel.http.using(base=channel.settings["url"], headers=bearer)

    def publish(self, post):
        ids = self.channel.thread(post, lambda n, text, above: self.send(post, text, above))
        return Receipt(ids[0], f"https://board.example/{ids[0]}", parts=tuple(ids))

    def send(self, post, text, above):
        answer = self.http.request("POST", "posts", json={"key": post.key, "text": text, "parent": above or ""})
        try:
            return answer.json()["id"]
        except (KeyError, TypeError):
            raise Unknown("no id") from None

    def find(self, post, known):
        there = self.http.request("GET", "posts", params={"key": post.key}).json()
        ids = tuple(p["id"] for p in there)
        return Receipt(ids[0], f"https://board.example/{ids[0]}", parts=ids) if ids else None

    def revise(self, post, known):
        there = self.find(post, known)
        self.http.request("PUT", f"posts/{there.remote_id}", json={"text": post.parts[0]})
        for id in there.parts[1:]:
            self.http.request("DELETE", f"posts/{id}")
        return there

    def withdraw(self, post, known):
        there = self.find(post, known)
        for id in there.parts if there else ():
            self.http.request("DELETE", f"posts/{id}", ok=(204, 404))

    def check(self):
        return Account(self.http.request("GET", "me").json()["name"])
"""

# What is changed in the adapter, and the rules that see it.
FAULTS = {
    "a publish that calls itself repeatable": (
        ('"parent": above or ""}', '"parent": above or ""}, repeatable=True'),
        {"a_lost_answer_doubles_nothing", "a_thread_goes_on_in_its_middle"},
    ),
    "a find that sees nothing": (
        ("if ids else None", "if ids and False else None"),
        {"find_knows_what_is_there", "a_lost_answer_doubles_nothing", "a_thread_goes_on_in_its_middle"},
    ),
    "a find that sees any post": (('params={"key": post.key}', 'params={"key": "aaaaaaaaaaaab"}'), {"find_knows_what_is_there"}),
    "a find that fails for what is not there": (("if ids else None", ""), {"find_knows_what_is_there", "a_withdrawn_post_is_gone"}),
    "a thread without steps": (
        ("self.channel.thread(post, lambda n, text, above: self.send(post, text, above))", "[self.send(post, t, '') for t in post.parts]"),
        {"a_thread_that_waits_goes_on"},
    ),
    "a refusal taken for a success": (
        ('"parent": above or ""})', '"parent": above or ""}, ok=(201, 401))'),
        {"wrong_credentials_are_refused", "each_status_has_its_error_and_tells_no_secret"},
    ),
    "a text that grows": (('"text": text', '"text": text + " https://a.example"'), {"a_text_that_fills_its_limit_is_taken"}),
    "garbage read as a success": (
        ('return answer.json()["id"]', 'return answer.text[:3] or "1"'),
        {"an_answer_that_breaks_off_is_in_doubt"},
    ),
    "a revise that posts anew": (
        ('there = self.find(post, known)\n        self.http.request("PUT"', 'return self.publish(post)\n        self.http.request("PUT"'),
        {"a_revised_post_stays_where_it_is"},
    ),
    "a revise that adds a post each time": (
        ("        return there\n\n    def withdraw", "        self.http.request('POST', 'posts', json={'key': post.key, 'text': 'x', 'parent': there.remote_id})\n        return there\n\n    def withdraw"),
        {"a_revised_post_stays_where_it_is", "a_lost_answer_doubles_no_revision"},
    ),
    "a withdraw that fails the second time": (("there.parts if there else ()", "there.parts"), {"a_withdrawn_post_is_gone"}),
    "a withdraw that does nothing": (("ok=(204, 404))", "ok=(204, 404)) if 0 else None"), {"a_withdrawn_post_is_gone"}),
    "a withdraw that leaves the rest of a thread": (("for id in there.parts if there else ()", "for id in there.parts[:1] if there else ()"), {"a_withdrawn_post_is_gone"}),
    "a find that hides the parts of a thread": (('example/{ids[0]}", parts=ids) if ids else None', 'example/{ids[0]}") if ids else None'), {"a_thread_goes_on_in_its_middle"}),
    "a check that says nothing": (('return Account(self.http.request("GET", "me").json()["name"])', "pass"), {"check_says_as_whom_and_publishes_nothing"}),
    "a check that publishes": (("return Account(", 'self.http.request("POST", "posts", json={"key": "", "text": "", "parent": ""})\n        return Account('), {"check_says_as_whom_and_publishes_nothing"}),
    "a receipt without an id": (("return Receipt(ids[0], f", "return Receipt('', f"), {"takes_every_form", "find_knows_what_is_there"}),
    "a page that is not there": (("parts=tuple(ids))", "parts=tuple(ids), page='x.html')"), {"takes_every_form"}),
    "a file beside its folder": (
        ("        ids = self.channel.thread", "        (self.channel.out.parent / 'x').parent.mkdir(parents=True, exist_ok=True)\n        (self.channel.out.parent / 'x').write_text('')\n        ids = self.channel.thread"),
        {"hostile_words_stay_words"},
    ),
    "bytes of the hour": (
        ("        ids = self.channel.thread", "        self.channel.write('x.html', post.title.encode())\n        ids = self.channel.thread"),
        {"hostile_words_stay_words"},
    ),
    "a secret in a file": (
        ("        self.http = channel", "        channel.write('x.txt', bearer['Authorization'].encode())\n        self.http = channel"),
        {"each_status_has_its_error_and_tells_no_secret"},
    ),
}  # fmt: skip


def board(folder: Any, adapter: Any = ADAPTER, fake: Any = FAKE, toml: Any = TOML) -> Any:
    mine = folder / "channels" / "board"
    mine.mkdir(parents=True)
    (mine / "channel.toml").write_text(toml)
    (mine / "adapter.py").write_text(adapter)
    (mine / "fake.py").write_text(fake)
    return platforms([folder / "channels"])["board"]


def broken(spec: Any, folder: Any, *rules: Any) -> Any:
    """What is broken of these rules."""
    bench = Bench.of(spec, folder / "bench")
    found = [contract.tried(rule, bench) for rule in contract.rules() if rule.__name__ in rules]
    return {result.rule: result for result in found if result.state == contract.BROKEN}


def test_a_platform_that_is_right_keeps_every_rule(tmp_path: Path) -> None:
    spec = board(tmp_path)
    results = list(contract.run(spec, tmp_path / "bench"))
    assert [f"{r.rule}: {r.said} {r.where}" for r in results if r.state == contract.BROKEN] == []
    untried = {r.rule: r.said for r in results if r.state == contract.NOT_TRIED}
    assert untried == {
        "published_twice_is_published_once": "delivery is 'read-back'",
        **dict.fromkeys(LOGIN_RULES, "it has no login()"),
    }
    assert all(r.title.endswith(".") for r in results)


def test_one_request_that_is_no_step_is_looked_for_before_it_is_made_again(tmp_path: Path) -> None:
    """As the ledger does: a lost answer is in doubt, and a look ends it."""
    plain = ADAPTER.replace(
        "ids = self.channel.thread(post, lambda n, text, above: self.send(post, text, above))",
        "ids = [self.send(post, post.text, None)]",
    )
    spec = board(tmp_path, plain, toml=TOML.replace("[render]\nthread = true\n", ""))
    assert broken(spec, tmp_path, "a_lost_answer_doubles_nothing", "a_publish_is_seen") == {}
    blind = plain.replace("if ids else None", "if ids and False else None")
    spec = board(tmp_path / "b", blind, toml=TOML.replace("[render]\nthread = true\n", ""))
    assert broken(spec, tmp_path / "b", "a_lost_answer_doubles_nothing")


LOGIN_RULES = ("a_login_gives_what_lets_in", "a_wrong_code_is_refused_and_tells_no_secret")
LOGIN = """

    def login(self, show, ask):
        http = self.channel.http.using(base=self.channel.settings["url"])
        app = http.request("POST", "apps", json={"name": "us"}).json()
        self.channel.state.set("app", {"secret": app["secret"]})
        show("Open this:", f"{self.channel.settings['url']}/page?app={app['id']}")
        told = {"secret": app["secret"], "code": ask("The code")}
        return {"token": http.request("POST", "token", json=told).json()["token"]}
"""
DOOR = """
    def code(self, address):
        return f"code-of-{address.rpartition('=')[2]}"

    def handle(self, request):
        if request.path == "/apps":
            return Reply(200, {"id": "app-1", "secret": "secret-of-app-1"})
        if request.path == "/token":
            right = request.json() == {"secret": "secret-of-app-1", "code": "code-of-app-1"}
            return Reply(200, {"token": "t0ken-of-the-board"}) if right else Reply(401, {"error": "wrong code"})
        return self.known(request)

    def known(self, request):
"""
LOGIN_FAULTS = {
    "": ("", "", ()),
    "a login that gives what is no setting": ('{"token": http', '{"tokn": http', LOGIN_RULES[:1]),
    "a login that gives nothing": ('{"token": http.request("POST", "token", json=told).json()["token"]}', "{}", LOGIN_RULES),
    "a login that gives another's token": ('.json()["token"]}', '.json()["token"][1:]}', LOGIN_RULES[:1]),
    "a login that takes any code": ("json=told).json()", "json=told, ok=(200, 401)).json()", LOGIN_RULES[1:]),
    "a login that tells its secret": ('self.channel.state.set("app", {"secret": app["secret"]})', "", LOGIN_RULES[1:]),
    "a login that publishes": ("        told = ", '        http.request("POST", "", json={"key": "", "text": "", "parent": ""}, headers={"Authorization": "Bearer t0ken-of-the-board"})\n        told = ', LOGIN_RULES),
}  # fmt: skip


@pytest.mark.parametrize("fault", LOGIN_FAULTS)
def test_each_fault_of_a_login_is_found_by_its_rule(tmp_path: Path, fault: Any) -> None:
    old, new, rules = LOGIN_FAULTS[fault]
    assert old in LOGIN
    bearer = 'bearer = {"Authorization": f"Bearer {channel.secret(\'token\')}"}\n'
    late = (
        "    @property\n    def http(self):\n        channel = self.channel\n        "
        + bearer
        + "        return channel"
    )
    adapter = ADAPTER.replace("        " + bearer, "").replace("        self.http = channel", late)
    fake = FAKE.replace("    def handle(self, request):\n", DOOR.removeprefix("\n"))
    spec = board(tmp_path, adapter.rstrip() + LOGIN.replace(old, new), fake)
    assert tuple(sorted(broken(spec, tmp_path, *LOGIN_RULES))) == tuple(sorted(rules))


def test_a_login_that_asks_for_its_secret_first_is_found(tmp_path: Path) -> None:
    """There is none yet: a channel that is new could not even be made."""
    fake = FAKE.replace("    def handle(self, request):\n", DOOR.removeprefix("\n"))
    found = broken(board(tmp_path, ADAPTER.rstrip() + LOGIN, fake), tmp_path, LOGIN_RULES[0])
    assert "the secret token is not set" in found[LOGIN_RULES[0]].said


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found_by_its_rule(tmp_path: Path, fault: Any) -> None:
    (old, new), rules = FAULTS[fault]
    assert old in ADAPTER
    spec = board(tmp_path, ADAPTER.replace(old, new))
    found = broken(spec, tmp_path, *rules)
    assert found
    for result in found.values():
        assert result.said
        assert (result.file.name, bool(result.line)) in {("adapter.py", True), ("channel.toml", False)}, result


def test_a_fault_is_told_with_the_line_it_came_through(tmp_path: Path) -> None:
    spec = board(
        tmp_path,
        ADAPTER.replace('answer.json()["id"]', 'answer.json()["nr"]').replace("(KeyError, TypeError)", "ValueError"),
    )
    result = broken(spec, tmp_path, "takes_every_form")["takes_every_form"]
    line = next(
        n
        for n, text in enumerate((tmp_path / "channels/board/adapter.py").read_text().splitlines(), 1)
        if '"nr"' in text
    )
    assert (result.said, result.line) == ("KeyError: 'nr'", line)
    assert result.where == f"{tmp_path}/channels/board/adapter.py:{line}"


def test_a_fault_of_the_fake_is_not_the_adapters(tmp_path: Path) -> None:
    spec = board(tmp_path, fake=FAKE.replace("told = request.json()", "told = request.jsn()"))
    result = broken(spec, tmp_path, "a_publish_is_seen")["a_publish_is_seen"]
    assert (result.file.name, "'jsn'" in result.said) == ("fake.py", True)


def test_what_cannot_be_loaded_is_one_finding(tmp_path: Path) -> None:
    spec = board(tmp_path, "class Adapter:\n    pass\n")
    [result] = contract.run(spec, tmp_path / "bench")
    assert (result.rule, result.state, result.said) == ("loads", "broken", "its Adapter has no publish and no find")
    spec = board(tmp_path / "b", fake="x = 1\n")
    [result] = contract.run(spec, tmp_path / "bench")
    assert result.said == "has no class Fake"


def test_a_platform_without_a_fake_is_told_what_was_not_tried(tmp_path: Path) -> None:
    spec = board(tmp_path)
    (spec.folder / "fake.py").unlink()
    results = {r.rule: r for r in contract.run(spec, tmp_path / "bench")}
    assert results["a_lost_answer_doubles_nothing"].said == "it has no fake.py to stand for its far side"
    assert {r.state for r in results.values()} == {contract.KEPT, contract.NOT_TRIED}
    assert results["declares_what_makes_sense"].state == contract.KEPT


def test_what_is_broken_is_told_in_the_readers_language(tmp_path: Path) -> None:
    spec = board(tmp_path, ADAPTER.replace('answer.json()["id"]', '""'))
    with speaking("zh_Hans"):
        result = broken(spec, tmp_path, "takes_every_form")["takes_every_form"]
    assert "的回执没有 remote_id" in result.said, result


@pytest.mark.slow
@pytest.mark.parallel
def test_it_runs_without_pytest(tmp_path: Path) -> None:
    """A workspace's author has the wheel alone."""
    board(tmp_path)
    code = f"""
    import sys
    sys.modules["pytest"] = sys.modules["_pytest"] = sys.modules["werkzeug"] = None
    from pathlib import Path
    from steadycast.platform.registry import platforms
    from steadycast.testing.contract import run
    folder = Path({str(tmp_path)!r})
    print({{r.state for r in run(platforms([folder / "channels"])["board"], folder / "bench")}})
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert done.stdout.strip() in {"{'kept', 'not tried'}", "{'not tried', 'kept'}"}, done.stderr


NOTES = """
from steadycast.testing import FakeServer, Reply, Seen


class Fake(FakeServer):
    def __init__(self):
        super().__init__()
        self.notes, self.uploads = [], 0

    def settings(self):
        return {"url": self.url}

    def secrets(self):
        return {"token": "t0ken-of-the-board"}

    def handle(self, request):
        if request.headers["X-Token"] != "t0ken-of-the-board":
            return Reply(401, {"error": "who are you?"})
        if request.method == "GET":
            return Reply(200, [note for note in self.notes if note["key"] == request.query["key"]])
        if request.path == "/files":
            self.uploads += 1
            return Reply(201, {"file": f"f{self.uploads}"})
        told = request.json()
        if len(told["text"]) > 60:
            return Reply(413, {"error": "too long"})
        id = len(self.notes) + 1
        self.notes.append({"id": id, "url": f"https://board.example/{id}", "reply_to": None, "files": [], **told})
        return Reply(201, self.notes[-1])

    def posts(self):
        return [
            Seen(str(n["id"]), n["key"], n["text"], media=tuple(n["files"]), parent=str(n["reply_to"] or ""))
            for n in self.notes
        ]
"""


def test_the_readmes_adapter_keeps_every_rule(tmp_path: Path) -> None:
    """Whoever copies it has a platform that is right."""
    readme = (PLATFORMS / "README.md").read_text(encoding="utf-8")
    [code] = [block for block in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "class Adapter" in block]
    head = "from __future__ import annotations\nfrom functools import partial\nfrom typing import Any\n"
    head += "from steadycast.platform import Channel, Known, Media, Post, Receipt\n\n\n"
    toml = TOML.replace("read_back = true\n", "").replace(
        "[render]", '[media.image]\nformats = ["png", "jpg"]\n\n[render]'
    )
    results = list(contract.run(board(tmp_path, head + code, NOTES, toml), tmp_path / "bench"))
    assert [f"{r.rule}: {r.said}" for r in results if r.state == contract.BROKEN] == []
    assert {"a_thread_goes_on_in_its_middle", "find_knows_what_is_there"} <= {
        r.rule for r in results if r.state == contract.KEPT
    }


def test_a_platform_is_parsed_again_only_where_its_file_says_something_else(tmp_path: Path) -> None:
    sheet = tmp_path / "board" / "channel.toml"
    sheet.parent.mkdir()
    sheet.write_text(TOML, encoding="utf-8")
    first, again = platforms([tmp_path]), platforms([tmp_path])
    assert first["board"] is again["board"]
    assert first is not again  # whoever changes what was given to him changes nobody else's
    sheet.write_text(TOML.replace("Board", "Plank"), encoding="utf-8")
    assert platforms([tmp_path])["board"].title == "Plank"
    sheet.write_text(TOML.replace("max = 60", "max = 'sixty'"), encoding="utf-8")
    for _ in range(2):
        broken: dict[str, SettingsError] = {}
        assert (platforms([tmp_path], broken), [*broken]) == ({}, ["board"])
