"""A real Postfix and Dovecot: each reader has one letter, whatever happens on the way, and it is known who has not."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import os
import re
import smtplib
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
from cut_proxy import CutProxy
from desk_bench import Desk
from PIL import Image
from pipeline_bench import COMMUNITY, Bench
from pipeline_bench import article as draft
from platform_bench import ROOT, adapter, article, changed, media
from test_channel_mail_dkim import RSA, pem, record, verified

from steadycast import ops, pipeline
from steadycast.ledger.tables import State
from steadycast.pipeline import incoming_mail, probed_limits, recipients
from steadycast.platform import Busy, Known, Refused, Unknown
from steadycast.testing.bench import Steps

pytestmark = [pytest.mark.live, pytest.mark.parallel]
SCRIPT = ROOT / "tests" / "postfix.sh"
PASSWORD = "news-pass"
NUMBERS = iter(range(3000, 4000))


@dataclass
class Post:
    """The server, its ports, and the mailboxes behind it."""

    folder: Path
    smtp: int
    plain: int
    imap: int
    imaps: int
    bounced: int = 0

    def letters(self, reader: str, key: str = "") -> list[Any]:
        """What lies in a reader's mailbox of one post, once the server has nothing left to deliver."""
        found = [
            email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            for file in sorted((self.folder / "mail" / reader).glob("new/*"), key=_arrived)
        ]
        return [each for each in found if key in each.get("Subject", "")]

    def arrives(self, reader: str, key: str, number: int = 1) -> Any:
        """The one letter of a post, when it has come; more than one is more than one."""
        for _ in range(100):
            if len(found := self.letters(reader, key)) >= number:
                assert len(found) == number
                return found[-1]
            time.sleep(0.1)
        raise AssertionError(f"no letter for {reader}")

    def comes_back(self, number: int) -> None:
        """Wait for so many bounces more than were there when this was asked last."""
        box, wanted = self.folder / "mail" / "news", self.bounced + number
        for _ in range(100):
            self.bounced = sum(b"report-type=delivery-status" in f.read_bytes() for f in box.glob("*/*.vm*"))
            if self.bounced >= wanted:
                return
            time.sleep(0.1)
        raise AssertionError("no bounce")

    def write(self, sender: str, subject: str) -> None:
        """A letter to the mailbox for bounces, by way of the server."""
        with smtplib.SMTP("127.0.0.1", self.plain) as smtp:
            smtp.login("news@example.test", PASSWORD)
            smtp.sendmail(sender, ["news@example.test"], f"From: {sender}\r\nSubject: {subject}\r\n\r\nHello\r\n")
        for _ in range(50):
            if any(subject in str(each["Subject"]) for each in self.letters("news")):
                return
            time.sleep(0.1)
        raise AssertionError("it did not come")

    def lies_there(self, raw: bytes) -> None:
        """A letter in that mailbox, whatever it looks like."""
        file = self.folder / "mail" / "news" / "new" / f"{time.time_ns()}.hostile"
        file.write_bytes(raw)
        os.chown(file, 5000, 5000)

    def slow(self, *readers: str) -> None:
        """Tell these to wait, and nobody else."""
        lines = "".join(f"{name}@example.test 450 4.2.0 greylisted\n" for name in readers)
        (self.folder / "slow").write_text(lines)


def free_ports(number: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    """A new server, which ends with this module's tests; its certificate is trusted meanwhile."""
    folder = tmp_path_factory.mktemp("postfix")
    smtp, plain, imap, imaps, _ = ports = free_ports(5)
    subprocess.run(["bash", SCRIPT, "start", folder, *map(str, ports)], check=True, timeout=60)
    before = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = str(folder / "ca.pem")
    yield Post(folder, smtp, plain, imap, imaps)
    os.environ.pop("SSL_CERT_FILE") if before is None else os.environ.update(SSL_CERT_FILE=before)
    subprocess.run(["bash", SCRIPT, "stop", folder], check=True, timeout=30)


def made(server: Post, out: Any, *readers: str, password: str = PASSWORD, **settings: Any) -> Any:
    """The adapter as a community sets it up: log-in after STARTTLS."""
    wanted = {"host": "127.0.0.1", "port": server.smtp, "user": "news@example.test", "from": "news@example.test"}
    wanted |= {"to": [f"{name}@example.test" for name in readers], **settings}
    return adapter("mail", out, secrets={"password": password}, **wanted)


@pytest.fixture
def post(tmp_path: Path) -> Any:
    """A post of this test alone, by its title."""
    number = next(NUMBERS)
    return changed(article(tmp_path / "in", number), title=f"弄堂 {number}.")


def name_of(post: Any) -> str:
    return str(post.title).split()[1]


def test_each_recipient_has_a_receipt_and_a_retry_sends_to_who_has_no_letter(
    server: Post, tmp_path: Path, post: Any
) -> None:
    """One has it, one is unknown to the server, one is told to wait; later only that one is sent to."""
    server.slow("reader2")
    steps = Steps("blind")
    sending = made(server, tmp_path / "out", "reader1", "nosuch", "reader2", "reader3")
    sending.channel = changed(sending.channel, step=steps.step)
    sending = type(sending)(sending.channel)
    with pytest.raises(Busy, match=r"1 of 4 letters wait: the mail server said 4\.2\.0"):
        sending.publish(post)
    told = {each.name.partition("@")[0]: (each.state, each.why) for each in sending.recipients(Known(steps=steps.kept))}
    assert told == {
        "reader1": ("sent", "250"), "nosuch": ("refused", "550 5.1.1"), "reader2": ("waiting", ""),
        "reader3": ("sent", "250"),
    }  # fmt: skip
    server.slow()
    assert sending.publish(post).detail == {"sent": 3, "refused": 1}
    for reader in ("reader1", "reader2", "reader3"):
        letter = server.arrives(reader, name_of(post))
        assert letter["To"] == f"{reader}@example.test"
        assert [p.get_content_type() for p in letter.walk()][:3] == [
            "multipart/alternative", "text/plain", "multipart/related",
        ]  # fmt: skip
        assert letter["X-Original-To"] == letter["To"]
    assert sending.publish(post).detail == {"sent": 3, "refused": 1}
    time.sleep(0.5)
    assert len(server.letters("reader1", name_of(post))) == 1


def test_an_answer_cut_after_the_final_dot_is_unknown_and_nobody_has_two(
    server: Post, tmp_path: Path, post: Any
) -> None:
    proxy = CutProxy(server.plain)
    proxy.cut(r"^From: ")
    steps = Steps("blind")
    sending = made(
        server, tmp_path / "out", "reader4", "reader5", port=int(proxy.url.rpartition(":")[2]), security="none"
    )
    sending = type(sending)(changed(sending.channel, step=steps.step))
    with pytest.raises(Unknown, match="1 of 2 letters: the server hung up after the letter"):
        sending.publish(post)
    assert len(proxy.cuts) == 1
    assert [each.state for each in sending.recipients(Known(steps=steps.kept))] == ["unknown", "sent"]
    assert sending.publish(post).detail == {"sent": 1, "unknown": 1}
    with pytest.raises(Unknown, match="cannot be asked"):
        sending.find(post, Known(steps=steps.kept))
    proxy.close()
    server.arrives("reader4", name_of(post))  # it had arrived: a second sending would have been a second letter
    server.arrives("reader5", name_of(post))


def test_a_wrong_password_and_a_line_in_the_clear_send_nothing_and_say_what_to_do(
    server: Post, tmp_path: Path, post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = made(server, tmp_path / "out", "reader6", password="not-the-password")
    for verb in (wrong.check, lambda: wrong.publish(post)):
        with pytest.raises(Refused, match="give the right `password`") as caught:
            verb()
        assert caught.value.code == "535"
        assert "not-the-password" not in repr(caught.value)
    clear = made(server, tmp_path / "out", "reader6", security="none")
    with pytest.raises(Refused, match="see `security` and `user`"):  # it lets nobody in before STARTTLS
        clear.publish(post)
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(Refused, match="nobody vouches for it"):
        made(server, tmp_path / "out", "reader6").publish(post)
    time.sleep(0.5)
    assert server.letters("reader6", name_of(post)) == []


def test_a_letter_over_the_servers_limit_is_refused_by_the_server(server: Post, tmp_path: Path, post: Any) -> None:
    large = media(tmp_path / "in", "image", "large.png", "image/png", os.urandom(1_600_000))
    html = f'<p><img src="media:{large.sha256}" alt=""></p>'
    sending = made(server, tmp_path / "out", "reader6")
    with pytest.raises(Refused, match="use fewer or smaller pictures"):
        sending.publish(changed(post, html=html, media=(large,)))
    assert sending.probe().limits["whole"].max == int((2_000_000 - 200_000) * 0.72)


MAIL = """
[channel.letters]
platform = "mail"
from = "news@example.test"
host = "127.0.0.1"
port = {port}
user = "news@example.test"
password = "MAIL_PASSWORD"
recipients = "readers.txt"

[series.daily]
title = "Daily"
every = "day at 20:00"
channels = ["letters"]
late = "3h"
"""


def test_through_the_whole_of_steadycast(
    bench: Bench, server: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is asked of the server, and holds in `check`; the slot's page tells who has the letter."""
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    app = bench.set_up(COMMUNITY + MAIL.format(port=server.smtp), {"pgc/one.md": draft("Slot 9001.")})
    (app.workspace.root / "readers.txt").write_text("Seven <reader7@example.test>\nnosuch@example.test\n")
    (said,) = probed_limits.refresh(app, bench.clock.now())
    assert str(said) == "its server's limits are known"
    assert app.platform("letters").limits["whole"].max == 1_296_000
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20, 1)
    (sent,) = pipeline.publish(app).sent
    assert sent.state == "published"
    server.arrives("reader7", "9001.")
    (row,) = app.ledger.deliveries(states=(State.PUBLISHED,))
    seen = recipients.of_delivery(app, row)
    assert seen is not None
    assert seen.counts == {"sent": 1, "refused": 1}
    assert [(each.name, each.why) for each in seen.rows] == [
        ("nosuch@example.test", "550 5.1.1"), ("reader7@example.test", "250"),
    ]  # fmt: skip
    hidden = recipients.of_delivery(app, row, named=False)
    assert hidden is not None
    assert hidden.rows[0].name == "n…@example.test"
    assert b"reader7" not in Path(app.workspace.ledger).read_bytes()


def test_over_the_servers_limit_a_draft_is_refused_at_check(
    bench: Bench, server: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    pictures: dict[str, str | bytes] = {f"pgc/p{n}.gif": gif(n) for n in range(4)}
    body = "\n\n".join(f"![A lane](p{n}.gif)" for n in range(4))
    app = bench.set_up(COMMUNITY + MAIL.format(port=server.smtp), {"pgc/one.md": draft("Large", body=body), **pictures})
    (app.workspace.root / "readers.txt").write_text("reader7@example.test\n")
    probed_limits.refresh(app, bench.clock.now())
    said = [str(each) for each in ops.check(bench.clock.now(), root=bench.root)]
    assert any("the whole is too large" in line for line in said), said


def gif(number: int) -> bytes:
    """A picture of random points that no other format makes smaller."""
    out = BytesIO()
    Image.frombytes("RGB", (620, 420), os.urandom(620 * 420 * 3)).convert("P").save(out, "GIF", comment=str(number))
    return out.getvalue()


def test_one_click_in_a_letter_removes_that_reader_and_a_list_that_is_put_in_again_brings_nobody_back(
    bench: Bench, server: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    desk_at = '\n[desk]\nurl = "https://desk.example"\n'
    drafts: dict[str, str | bytes] = {f"pgc/{n}.md": draft(f"Slot 800{n}.") for n in (1, 2)}
    app = bench.set_up(COMMUNITY + MAIL.format(port=server.smtp) + desk_at, drafts)
    people = app.workspace.root / "readers.txt"
    people.write_text("reader8@example.test\nreader9@example.test\n")
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    first = sent_at(bench, server, 23, "reader8")
    server.arrives("reader9", subject(first))
    addresses = re.findall("<([^>]+)>", first["List-Unsubscribe"])
    assert [address.partition(":")[0] for address in addresses] == ["https"]
    assert first["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert addresses[0] in first.get_body(("plain",)).get_content()
    assert (first["Precedence"], first["Auto-Submitted"]) == ("bulk", "auto-generated")
    with Desk(bench.root).up() as desk:
        where = desk.url + addresses[0].removeprefix("https://desk.example")
        headers = {"Host": "desk.example"}
        answer = requests.post(where, {"List-Unsubscribe": "One-Click"}, headers=headers, timeout=30)
    assert answer.status_code == 200
    people.write_text("reader9@example.test\nreader8@example.test\nReader8@example.test\n")
    second = sent_at(bench, server, 24, "reader9")
    time.sleep(0.5)
    assert server.letters("reader8", subject(second)) == []
    row = max((each for each in app.ledger.deliveries() if each.attempt), key=lambda each: each.at)
    seen = recipients.of_delivery(app, row)
    assert seen is not None
    assert seen.counts == {"sent": 1, "left": 2}


def sent_at(bench: Bench, server: Post, day: int, reader: str, number: int = 0) -> Any:
    """The letter that a reader has of that evening's slot."""
    before = len(server.letters(reader))
    bench.at(day, 20, 1)
    assert [each.state for each in pipeline.publish(bench.app).sent] == ["published"]
    return server.arrives(reader, "", number or before + 1)


def _arrived(file: Path) -> int:
    """When a letter came: its name does not sort by that within one second."""
    return file.stat().st_mtime_ns


def subject(letter: Any) -> str:
    return str(letter["Subject"]).split()[1]


BOUNCES = 'imap_host = "127.0.0.1"\nimap_port = {imap}\nimap_security = "starttls"\n'


def test_whose_mailbox_is_none_is_sent_nothing_after_two_bounces_and_who_writes_leaves(
    bench: Bench, server: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Postfix's own bounces, read by IMAP; a letter to the address in List-Unsubscribe; and what anybody may write."""
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    toml = MAIL.replace('recipients = "readers.txt"\n', 'recipients = "readers.txt"\n' + BOUNCES)
    drafts: dict[str, str | bytes] = {f"pgc/{n}.md": draft(f"Slot 700{n}.") for n in (1, 2, 3)}
    app = bench.set_up(COMMUNITY + toml.format(port=server.smtp, imap=server.imap), drafts)
    people = "reader10@example.test\nreader11@example.test\ngone@example.test\nfull@example.test\n"
    (app.workspace.root / "readers.txt").write_text(people)
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    incoming_mail.listen(app, bench.clock.now())  # what lies there of other tests
    before = dict(known(app).counts)

    first = sent_at(bench, server, 23, "reader10")
    server.comes_back(2)
    (read,) = incoming_mail.listen(app, bench.clock.now())
    assert since(before, read) == {"hard": 1, "soft": 1}
    assert standing(app) == {"reader10": "waiting", "reader11": "waiting", "gone": "waiting", "full": "waiting"}

    addresses = re.findall("<([^>]+)>", first["List-Unsubscribe"])
    (asked,) = addresses
    assert asked.startswith("mailto:news@example.test?subject=unsubscribe%20")
    assert first["List-Unsubscribe-Post"] is None
    token = asked.rpartition("%20")[2]
    server.write("gone@x.test", f"unsubscribe {token[:-1]}{'0' if token[-1] != '0' else '1'}")
    server.write("reader10@example.test", "unsubscribe")
    for raw in HOSTILE_LETTERS:
        server.lies_there(raw.replace(b"VICTIM", b"reader11@example.test"))
    server.write("reader10@example.test", f"Unsubscribe {token}")
    bench.clock.advance(dt.timedelta(minutes=11))
    (read,) = incoming_mail.listen(app, bench.clock.now())
    assert since(before, read) == {"hard": 1, "soft": 1, "left": 1, "other": 2 + len(HOSTILE_LETTERS)}
    assert standing(app) == {"reader10": "left", "reader11": "waiting", "gone": "waiting", "full": "waiting"}

    sent_at(bench, server, 24, "reader11", number=2)
    server.comes_back(2)
    (read,) = incoming_mail.listen(app, bench.clock.now())
    assert standing(app) == {"reader10": "left", "reader11": "waiting", "gone": "bounced", "full": "waiting"}
    seen = recipients.of_channel(app, "letters")
    assert seen is not None
    assert {each.name.partition("@")[0]: each.why for each in seen.rows} == {
        "reader10": "message", "reader11": "", "gone": "5.1.1", "full": "5.2.2 ×2",
    }  # fmt: skip
    recipients.back(app, "letters", "gone@example.test")
    assert standing(app)["gone"] == "waiting"
    assert incoming_mail.listen(app, bench.clock.now()) == [], "no sooner than some minutes later"


def test_a_mailbox_that_lets_nobody_in_is_told(
    bench: Bench, server: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    box: dict[str, Any] = {"imap_host": "127.0.0.1", "imap_port": server.imap, "imap_security": "starttls"}
    made(server, tmp_path / "out", "reader6", **box).check()
    made(server, tmp_path / "out", "reader6", **{**box, "imap_port": server.imaps, "imap_security": "tls"}).check()
    wrong = made(server, tmp_path / "out", "reader6", **box)
    wrong = type(wrong)(
        changed(wrong.channel, secret={"password": PASSWORD, "imap_password": "wrong-one", "dkim_key": ""}.__getitem__)
    )
    for verb in (wrong.check, wrong.listen):
        with pytest.raises(Refused, match="give the right `imap_password`") as caught:
            verb()
        assert "wrong-one" not in repr(caught.value)
    with pytest.raises(Refused, match="set `imap_folder`"):
        made(server, tmp_path / "out", "reader6", **box, imap_folder='no "such').listen()
    with pytest.raises(Busy, match="look at `imap_host`"):
        made(server, tmp_path / "out", "reader6", **{**box, "imap_port": server.smtp}).listen()
    toml = MAIL.replace('recipients = "readers.txt"\n', 'to = ["reader6@example.test"]\n' + BOUNCES)
    app = bench.set_up(COMMUNITY + toml.format(port=server.smtp, imap=server.smtp))
    incoming_mail.listen(app, bench.clock.now())
    assert "look at `imap_host`" in ops.status(app, bench.clock.now())["summary"]


def bounce(*inside: str, code: str = "5.1.1", action: str = "failed") -> bytes:
    """What anybody can write who has no token."""
    lines = [
        "From: MAILER-DAEMON@example.test", "To: news@example.test", "Subject: Undelivered",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', "", "--b",
        "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; x", "", "Final-Recipient: rfc822; VICTIM",
        f"Action: {action}", f"Status: {code}", "", "--b", "Content-Type: text/rfc822-headers", "", *inside, "--b--", "",
    ]  # fmt: skip
    return "\n".join(lines).encode()


HOSTILE_LETTERS = [
    bounce(),
    bounce("List-Unsubscribe: <mailto:news@example.test?subject=unsubscribe%20" + "0" * 56 + ">"),
    bounce(*(f"X-{n}: {n:056x}" for n in range(500))),
    bounce(code="5." + "1" * 5000),
    b"Content-Type: multipart/mixed; boundary=a\n\n" + b"".join(
        b"--%s\nContent-Type: multipart/mixed; boundary=%s\n\n" % (b"a" * n, b"a" * (n + 1)) for n in range(1, 250)
    ),
    b"Content-Type: message/delivery-status\n\n" + b"Status: 5.1.1\n\n" * 3000,
    b"Subject: =?utf-8?q?unsubscribe_" + b"=30" * 56 + b"?=\n\nx",
    b"Content-Type: message/delivery-status; charset=\xff\xfe\nContent-Transfer-Encoding: base64\n\n\xff\xfe\x00",
    b"\x00\xff" * 1000,
    b"x" * 300_000,
    b"",
]  # fmt: skip


def known(app: Any) -> Any:
    found = incoming_mail.heard(app, "letters")
    assert found is not None
    assert found.error == ""
    return found


def since(before: dict[str, int], read: Any) -> dict[str, int]:
    assert read.error == ""
    return {kind: n - before.get(kind, 0) for kind, n in read.counts.items() if n != before.get(kind, 0)}


def standing(app: Any) -> dict[str, str]:
    seen = recipients.of_channel(app, "letters")
    assert seen is not None
    return {each.name.partition("@")[0]: each.state for each in seen.rows}


def test_a_lost_answer_waits_for_a_person_and_their_word_sends_to_nobody_twice(
    bench: Bench, server: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    proxy = CutProxy(server.plain)
    proxy.cut(r"^From: ")
    toml = MAIL.replace('recipients = "readers.txt"\n', 'to = ["reader12@example.test", "reader13@example.test"]\n')
    toml = toml.format(port=proxy.url.rpartition(":")[2]).replace("user =", 'security = "none"\nuser =')
    app = bench.set_up(COMMUNITY + toml, {"pgc/one.md": draft("Slot 6001.")})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20, 1)
    assert [each.state for each in pipeline.publish(app).sent] == ["unknown"]
    bench.clock.advance(dt.timedelta(minutes=10))
    pipeline.verify(app, bench.clock.now())
    (row,) = app.ledger.deliveries(states=(State.UNKNOWN,))
    seen = recipients.of_delivery(app, row)
    assert seen is not None
    assert [(each.name[:8], each.state) for each in seen.rows] == [("reader12", "unknown"), ("reader13", "sent")]
    pipeline.settle(app, row.marker, url="", again=True, now=bench.clock.now())
    assert [each.state for each in pipeline.publish(app).sent] == ["published"]
    proxy.close()
    time.sleep(0.5)
    assert [len(server.letters(reader, "6001.")) for reader in ("reader12", "reader13")] == [1, 1]


def test_a_signature_outlives_the_server(server: Post, tmp_path: Path, post: Any) -> None:
    """What Postfix adds above a letter, and how it keeps it, leaves the signature as good as it was."""
    sending = made(server, tmp_path / "out", "reader14", dkim_selector="one")
    secrets = {"password": PASSWORD, "dkim_key": pem(RSA)}
    type(sending)(changed(sending.channel, secret=lambda name: secrets.get(name, ""))).publish(post)
    server.arrives("reader14", name_of(post))
    (file,) = (server.folder / "mail" / "reader14").glob("new/*")
    letter = file.read_bytes().replace(b"\n", b"\r\n")
    assert letter.startswith(b"Return-Path: <news@example.test>\r\n")
    assert verified(letter, record(RSA)) == "True [b'one._domainkey.example.test.']"
