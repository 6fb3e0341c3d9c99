"""A community's rules in a new workspace: what goes along, what never does, and what the original changed since."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pictures import noise
from pydantic import BaseModel

from steadycast.errors import InputError, SettingsError
from steadycast.ops import check, copying, starter
from steadycast.ops.copied_from import copied_from
from steadycast.ops.copied_settings import DECIDED, as_text, model_in, of_style
from steadycast.pipeline import App
from steadycast.platform.registry import platforms
from steadycast.schedule.gates import Asked, Counted, gates
from steadycast.workspace import load
from steadycast.workspace.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
NOW = dt.datetime(2027, 1, 5, 9, 0, tzinfo=dt.UTC)

RULES = """\
[community]
name = "Readers"
timezone = "Asia/Shanghai"
url = "https://readers.example/"
email = "post@readers.example"

[members.momo]
title = "Momo Lin"

[series.daily]
title = "Readers' daily"
every = "day at 20:00"
channels = ["site"]
skip = ["holidays:CN", "2027-02-01 Momo's wedding"]
editor = "Ann"

[channel.site]
platform = "site"
url = "https://readers.example/"
page_size = 7
"""


def write(root: Path, rules: str = RULES, /, **drafts: str) -> Path:
    """A workspace; a draft's name is its path below content/pgc, without its ending."""
    for name, text in {"steadycast.toml": rules, **{f"content/pgc/{n}.md": t for n, t in drafts.items()}}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def copied(root: Path, to: Path, **more: Any) -> copying.Copy:
    with App(load(root), readonly=True) as app:
        return copying.copy(app, to, **{"name": "Walkers", "sentence": "We walk.", "now": NOW, **more})


def texts(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file below a folder, read as text whatever it is."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield path, path.read_text(encoding="utf-8", errors="replace")


# Each key is decided on.


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        if inner := model_in(field.annotation):
            yield from models(inner)


def test_every_key_of_the_settings_is_decided_on_whether_it_goes_along() -> None:
    """A new key stays behind until somebody says in DECIDED what becomes of it; this says that nobody has."""
    for model in models(Settings):
        decided = DECIDED[model].decided
        assert sorted(decided) == sorted(model.model_fields), f"decide on them in ops/copied_settings.py: {model}"
    assert set(DECIDED) == set(models(Settings)), "a model that is no more"


@pytest.mark.every_platform
def test_of_a_platforms_settings_only_manner_goes_along() -> None:
    """No setting in which somebody writes freely, no id: a look at each of those that go along."""
    found = {s.name for p in platforms([ROOT / "channels"]).values() for s in p.settings.values() if of_style(s)}
    ids = {"account", "url", "to", "groups", "chat", "topic", "organization", "user", "host", "channel", "room", "from"}
    assert not found & ids
    assert {"port", "items", "explicit", "page_size", "security"} <= found


# What never goes along.

WHOLE = """\
[community]  #
name = "Readers"  #
timezone = "Asia/Shanghai"  #
language = "en"
url = "https://C0.example/"  #
description = "C1"  #
email = "C2@mail.example"

[members.C3]
title = "C4"  #
url = "https://C5.example/"

[series.daily]
title = "One a day"  #
was = "cb6"
every = "day at 20:00"
channels = ["site", "letter", "hook"]  #
skip = ["holidays:CN", "2027-02-01 C7"]
start = 2026-12-01
editor = "C8"
call = "join"

[series.named]
title = "Read by C4"
every = "week on sun at 10:00"
channels = ["site"]

[channel.site]
platform = "site"  #
title = "Readers' pages"
url = "https://C9.example/"
about = "C10"

[channel.site.upload]
to = "sftp://C12@C13.example/C14"  #
key = "C15"

[channel.letter]
platform = "mail"
from = "C16@mail.example"
from_name = "C17"
to = ["C18 <C19@mail.example>", "C20@mail.example"]  #
recipients = "C21.txt"
user = "C22"
password = "C23"
read_back_feed = "https://C24.example/"

[channel.hook]
platform = "webhook"
url = "C25"
secret = "C26"

[call.join]
text = "Come and read"
url = "https://C27.example/"
qr = "C28.png"

[call.other]
url = "https://C29.example/"

[arrivals.links]
kind = "plausible"
url = "https://C30.example/"
key = "C31"
domain = "C32.example"
goal = "C33"

[[feed]]
member = "C34"
url = "https://C35.example/"

[class.reading]
title = "Reading"
every = "week on sun at 20:00"
start = 2026-12-07
skip = ["2027-02-07 C39"]

[alarms]
urls = ["C36"]  #

[desk]
url = "https://C37.example"
member_drafts = 9

[ready]
sentence = "C38"
members = 5
"""
HEADS = ["author", "slug", "client", "notes", "channels:\n  site:\n    title"]


@pytest.mark.platforms("site", "mail", "webhook")
@settings(max_examples=4, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nothing_of_a_person_an_account_or_a_secret_is_in_a_copy(data: st.DataObject, tmp_path_factory: Any) -> None:
    """Canaries in every key that stays, in comments anywhere, in secrets, drafts, rosters and what was published."""
    root: Path = tmp_path_factory.mktemp("copy") / "readers"
    salt, count = data.draw(st.integers(16**5, 16**6 - 1)), iter(range(1000))

    def canary() -> str:
        return f"canary{salt:x}x{next(count)}"

    remarks = data.draw(st.sets(st.integers(0, WHOLE.count("\n"))))
    drawn = data.draw(st.sets(st.sampled_from(HEADS)))
    tokens: dict[str, str] = {}
    rules = re.sub(r"C\d+", lambda m: tokens.setdefault(m[0], canary()), WHOLE)
    lines = [
        f"{line.removesuffix('#')}# {canary()}" if n in remarks else line for n, line in enumerate(rules.splitlines())
    ]
    write(root, "\n".join(lines) + "\n")
    head = "\n".join(f"{key}: {canary()}" for key in sorted(drawn))
    mine, theirs = f"pgc/{canary()}.md", f"ugc/{tokens['C3']}/rules.md"
    for path, text in {
        "content/pgc/house.md": f"---\ntitle: House rules\n{head}\ncopy: true\n---\n\nBe kind.\n\n<!-- {canary()} -->\n",
        f"content/{mine}": f"---\ntitle: {canary()}\n---\n\n{canary()}\n",
        f"content/{theirs}": f"---\ntitle: {canary()}\ncopy: true\n---\n\n{canary()}\n",
        "content/pgc/named.md": f"---\ntitle: Thanks\ncopy: true\n---\n\nThank you, {tokens['C4']}.\n",
        "content/pgc/seated.md": f"---\ntitle: Hello\ncopy: true\n---\n\nHello, {(seated := canary())}.\n",
        "content/pgc/secret.md": f"---\ntitle: Log in\ncopy: true\n---\n\nIt is {(value := canary())}.\n",
        "var/secrets/LETTER_PASSWORD": value,
        "var/out/site/index.html": canary(),
        "roster.csv": f"id,title,class\n{canary()},{seated},reading\n",
        "turns.csv": f"class,group,period,member,why\nreading,,2027-01,{canary()},{canary()}\n",
        "templates/site/note.j2": "{{ title }}",
        "templates/letter/note.j2": f"{{# to {tokens['C4']} #}}",
        "copied_from.toml": f'community = "{canary()}"\n',
        "holidays.toml": f'# {canary()}\n"2027-02-14" = "Spring"\n',
        ".env": f"LETTER_PASSWORD={canary()}\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    to = root.parent / "walkers"
    made = copied(root, to)
    for copy, text in texts(to):
        assert "canary" not in f"{copy.relative_to(to)}{text}", copy.name
    assert sorted(made.files) == ["content/pgc/house.md", "holidays.toml", "templates/site/note.j2"]
    assert {note.where for note in made.notes if not note.harmless} == {
        "content/pgc/named.md", "content/pgc/seated.md", "content/pgc/secret.md", "templates/letter/note.j2"
    }  # fmt: skip
    assert value not in "".join(map(str, made.notes))


@pytest.mark.platforms("site", "mail", "webhook")
def test_rules_go_along_and_accounts_become_blanks(tmp_path: Path) -> None:
    rules = re.sub(r"\bC(\d+)", r"c\1", WHOLE)
    copied(write(tmp_path / "readers", rules), tmp_path / "walkers")
    table = tomllib.loads((tmp_path / "walkers" / "steadycast.toml").read_text(encoding="utf-8"))
    daily = {"title": "One a day", "every": "day at 20:00", "channels": ["site", "letter", "hook"]}
    assert table["series"]["daily"] == daily | {"skip": ["holidays:CN"], "call": "join"}
    assert table["community"] == {
        "name": "Walkers", "timezone": "Asia/Shanghai", "language": "en", "url": "", "description": "", "email": ""
    }  # fmt: skip
    site, letter, hook = (table["channel"][name] for name in ("site", "letter", "hook"))
    assert site == {"platform": "site", "title": "Walkers' pages", "url": "", "about": ""}
    assert (letter["paused"], letter["to"]) == (True, [])
    assert letter["password"] == "WALKERS_LETTER_PASSWORD"
    assert hook == {
        "paused": True, "platform": "webhook", "url": "WALKERS_HOOK_URL", "secret": "WALKERS_HOOK_SECRET"
    }  # fmt: skip
    assert table["call"] == {"join": {"text": "Come and read", "url": ""}}, "one with an address alone says nothing"
    assert table["desk"] == {"member_drafts": 9}
    assert table["ready"] == {"members": 5}
    assert not {"members", "feed", "arrivals"} & table.keys()


# How it reads.


@pytest.mark.platforms("site")
def test_order_and_our_own_comments_stay_and_a_persons_do_not(tmp_path: Path) -> None:
    """Nobody can tell what a person's comment names: a telephone number, a member's illness."""
    made = starter.drafted(tmp_path / "readers", name="Readers", timezone="Asia/Shanghai", language="en")
    text = made.sources["steadycast.toml"].decode().replace("fill = [", "# Momo is ill: 138 0013 8000\nfill = [")
    copied(write(tmp_path / "readers", text), tmp_path / "walkers")
    copy = (tmp_path / "walkers" / "steadycast.toml").read_text(encoding="utf-8")
    assert "138 0013" not in copy
    ours = "# An outlet: an instance of a platform (`steadycast channel list`)."
    assert copy.index("[community]") < copy.index("[series.daily]") < copy.index(ours) < copy.index("[channel.site]")
    assert 'url = ""  # to fill in' in copy
    assert "  # what fills a slot that has no fresh draft" in copy


@given(
    st.sampled_from(
        ["a.b.c = 1", "a = { b = [1, 2] }", '[a]\nb = """\nc = 1\n"""\nd = 2', "[[a]]\nb = 1\n[[a]]\nb = 2"]
    )
)
def test_what_is_written_says_what_was_meant_however_the_original_was_written(text: str) -> None:
    table = tomllib.loads(text)
    assert tomllib.loads(as_text(text, table, [], "")) == table


@pytest.mark.platforms("site")
def test_a_class_begins_anew(tmp_path: Path) -> None:
    more = '\n[class.reading]\nevery = "week on sun at 20:00"\nstart = 2025-01-06\nskip = ["2027-02-07 Momo"]\n'
    copied(write(tmp_path / "readers", RULES + more), tmp_path / "walkers")
    [the_class] = load(tmp_path / "walkers").class_tables.values()
    assert (the_class.start, the_class.skip) == (dt.date(2027, 1, 5), ())


# What stands in the way.


@pytest.mark.platforms("site")
def test_bad_places_and_missing_words_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    root = write(tmp_path / "readers")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x", encoding="utf-8")
    for to, more, said in [
        (root / "below", {}, "lies in this workspace"),
        (tmp_path, {}, "lies in this workspace, or around it"),
        (tmp_path / "full", {}, "not empty"),
        (tmp_path / "new", {"name": " "}, "needs a name"),
        (tmp_path / "new", {"sentence": ""}, "in a sentence of their own"),
    ]:
        with pytest.raises(InputError, match=said):
            copied(root, to, **more)
    (root / "roster.csv").write_text("id,title,class\nmomo,Momo,knitting\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"roster\.csv:2: .*knitting"):
        copied(root, tmp_path / "new")
    (root / "roster.csv").unlink()
    with pytest.raises(ValueError, match="no time zone"):
        copied(root, tmp_path / "new", timezone="Mars/Base")
    assert {path.name for path in tmp_path.iterdir()} == {"readers", "full"}


@pytest.mark.platforms("site")
def test_an_event_and_a_broken_draft_that_were_meant_to_go_along_are_told(tmp_path: Path) -> None:
    event = "---\ntitle: Opening\ncopy: true\nform: event\nevent:\n  start: 2027-03-01 10:00\n---\n\nCome.\n"
    root = write(tmp_path / "readers", opening=event, odd="---\ntitle: Odd\ncopy: perhaps\n---\n\nWords.\n")
    told = sorted(str(note) for note in copied(root, tmp_path / "walkers").notes)
    assert told == [
        "pgc/odd.md:3: copy has to be true or false, not 'perhaps' (write copy: true)",
        "pgc/opening.md: an event has a day of its own, and stays (take `copy` out of its head)",
    ]


# Afterwards.


@pytest.mark.platforms("site")
def test_check_tells_each_blank_in_a_line_until_it_is_filled_or_taken_out(tmp_path: Path) -> None:
    copied(write(tmp_path / "readers"), tmp_path / "walkers")
    file = tmp_path / "walkers" / "steadycast.toml"

    def blanks() -> list[str]:
        told = check(NOW, root=tmp_path / "walkers")
        assert all(each.harmless for each in told)
        return [each.message for each in told if "since the copy" in each.message]

    says = " is empty since the copy"
    assert blanks() == [f"community.url{says}", f"community.email{says}", f"channel.site.url{says}"]
    text = file.read_text(encoding="utf-8").replace('url = ""', 'url = "https://walkers.example/"')
    file.write_text(re.sub("email = .*\n", "", text), encoding="utf-8")
    assert blanks() == []


@pytest.mark.platforms("site")
def test_what_is_kept_of_a_copy_says_why_and_how_it_stood(tmp_path: Path) -> None:
    looked = gates(Asked(), Counted(core={"a": 3}))
    copied(write(tmp_path / "readers"), tmp_path / "walkers", anyway="Two cities want it", gates=looked)
    kept = copied_from(tmp_path / "walkers")
    assert kept is not None
    assert (kept.community, kept.sentence, kept.anyway) == ("Readers", "We walk.", "Two cities want it")
    assert kept.at == NOW
    assert {row["name"]: row.get("ok") for row in kept.gate} == {gate.name: gate.ok for gate in looked}
    assert copied_from(tmp_path / "readers") is None
    (tmp_path / "walkers" / "copied_from.toml").write_text("community = ", encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot be read"):
        copied_from(tmp_path / "walkers")
    assert any("cannot be read" in str(each) for each in check(NOW, root=tmp_path / "walkers"))


@pytest.mark.platforms("site")
def test_what_the_original_changed_since_is_told_piece_by_piece(tmp_path: Path) -> None:
    rule = "---\ntitle: Rules\ncopy: true\n---\n\nBe kind.\n"
    root, copy = write(tmp_path / "readers", rules=rule, old=rule.replace("Rules", "Old")), tmp_path / "walkers"
    copied(root, copy)
    assert copying.changed(copy, root) == []
    changed = RULES.replace("20:00", "21:00").replace('"site"]', '"site"]\nreserve = 3').replace("post@", "mail@")
    write(root, changed, rules=rule.replace("kind", "bold"))
    (root / "content/pgc/old.md").unlink()
    assert {(each.what, each.name, each.value) for each in copying.changed(copy, root)} == {
        ("changed", "series.daily.every", '"day at 21:00"'),
        ("new", "series.daily.reserve", "3"),
        ("changed", "content/pgc/rules.md", ""),
        ("gone", "content/pgc/old.md", ""),
    }
    with pytest.raises(InputError, match="is no copy"):
        copying.changed(root, copy)


# The sample, to the number.


@pytest.mark.sample
def test_the_sample_is_copied_without_its_people(tmp_path: Path) -> None:
    """Four series and fifteen channels: four live, eleven paused. One draft says that it goes along."""
    to = tmp_path / "suzhou"
    with App(load(ROOT), readonly=True) as app:
        made = copying.copy(app, to, name="苏州话读书会", sentence="我们说吴语。", now=NOW)
        members = [word for name, member in app.workspace.members.items() for word in (name, member.title)]
    w = made.workspace
    live = [name for name, channel in w.channels.items() if not channel.paused]
    assert (len(w.promises), len(w.channels), live) == (4, 15, ["site", "feed", "podcast", "calendar"])
    assert (w.members, w.feeds, w.channels["newsletter"].own["to"]) == ({}, (), [])
    assert made.files == ["content/pgc/articles/house-style.md", "content/pgc/articles/images/cards.jpg"]
    assert made.notes == []
    for path, text in texts(to):
        assert not re.search("huyu", text, re.IGNORECASE), path
        assert path.name == "copied_from.toml" or "沪语读书会" not in "".join(text.splitlines()[1:]), path
        assert not any(member in text for member in members), path


@pytest.mark.sample
@pytest.mark.slow
@pytest.mark.parallel
def test_a_copy_of_the_sample_publishes_its_first_slot_once_its_address_is_filled_in(tmp_path: Path) -> None:
    """By the real command line: gates, a copy anyway, one line per blank, and a first page."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("STEADYCAST_", "PREFECT_"))}
    env = clean | {"STEADYCAST_LANGUAGE": "en"}

    def steadycast(*words: str, cwd: Path, code: int = 0) -> str:
        command = [sys.executable, "-c", "from steadycast.cli import main; main()", *words]
        done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    root, to = tmp_path / "huyu", tmp_path / "suzhou"
    listed = subprocess.run(["git", "-c", "core.quotePath=false", "ls-files", "content", "steadycast.toml", "prefect.yaml", "roster.csv"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.splitlines()  # fmt: skip
    for name in listed:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes((ROOT / name).read_bytes())
    steadycast("intake", cwd=root)
    told = steadycast("ready", cwd=root, code=1)
    assert re.search(r"not passed +Members who keep giving +8 members or more +6 members", told)
    told = steadycast("copy", "../suzhou", "--name", "苏州话读书会", cwd=root, code=2)
    assert 'it is not ready to be copied (--anyway "why" copies it all the same)' in told
    assert not to.exists()
    told = steadycast("copy", "../suzhou", "--name", "苏州话读书会", "--anyway", "two asked for it", cwd=root)
    assert "4 series, 15 channels, 11 of them paused; 2 files" in told
    blanks = tomllib.loads((to / "copied_from.toml").read_text(encoding="utf-8"))["blank"]
    told = steadycast("check", cwd=to)
    named = [line for line in told.splitlines() if line.startswith(str(to / "steadycast.toml"))]
    assert len(named) == len(blanks) == 29
    file = to / "steadycast.toml"
    file.write_text(
        file.read_text(encoding="utf-8").replace('url = ""', 'url = "https://suzhou.example/"', 1), encoding="utf-8"
    )
    told = steadycast("up", "--once", cwd=to)
    assert re.search(r"published +每日一文 on site", told)
    assert "用字" in next((to / "var/out/site/daily").glob("*.html")).read_text(encoding="utf-8")
    assert "changed nothing since" in steadycast("copy", str(root), "--diff", cwd=to)
    moved = to.rename(to.parent / "another")  # its secrets keep their names
    assert "changed nothing since" in steadycast("copy", str(root), "--diff", cwd=moved)


@pytest.mark.platforms("site")
def test_a_name_that_is_a_word_of_a_rhythm_changes_no_rhythm_and_a_files_name_names_nobody(tmp_path: Path) -> None:
    rules = RULES.replace('name = "Readers"', 'name = "day"')
    write(tmp_path / "old", rules, momo_letter="---\ncopy: true\n---\n# Hi\n\nWords.\n")
    made = copied(tmp_path / "old", tmp_path / "new")
    assert made.workspace.series["daily"].every == "day at 20:00"
    assert not [file for file in made.files if "momo" in file]
    assert [(note.where, note.line) for note in made.notes if "momo" in note.where] == [
        ("content/pgc/momo_letter.md", 1)
    ]


@pytest.mark.platforms("site")
def test_a_draft_that_names_somebody_stays_with_its_pictures_and_so_does_any_mail_address(tmp_path: Path) -> None:
    root = write(
        tmp_path / "old",
        welcome="---\ncopy: true\ncover: face.png\n---\n# Hi\n\nAsk momo.\n",
        mail="---\ncopy: true\n---\n# Hi\n\n写信给zhao.si@private.example\n",
    )
    (root / "content/pgc/face.png").write_bytes(noise((4, 4)))
    made = copied(root, tmp_path / "new")
    assert not [file for file in made.files if file.startswith("content/")]
    assert sorted(note.where for note in made.notes) == ["content/pgc/mail.md", "content/pgc/welcome.md"]
