"""Letters on their way: nobody is written to twice, and one recipient's trouble stops no other."""

# ruff: noqa: F811  the fixtures are those of the other file
from __future__ import annotations

import dataclasses
import hashlib
import socket
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from platform_bench import article
from test_channel_mail import (
    PASSWORD,
    Postman,
    mail,
    postman,  # noqa: F401  fixtures
    read,
    serve,
)

from steadycast.platform import Busy, Known, Refused, Unknown
from steadycast.testing.bench import Steps


def test_one_transaction_and_one_message_id_a_recipient(tmp_path: Path, postman: Postman) -> None:
    file = tmp_path / "people.txt"
    file.write_text(
        "# readers\n老周 <b@hu.example>\n\na@hu.example # again\nnot an address\nc@hu.example\n", encoding="utf-8"
    )
    sending = mail(tmp_path / "out", postman, "a@hu.example", recipients=str(file))
    receipt = sending.publish(article(tmp_path / "in"))
    assert postman.to == ["a@hu.example", "b@hu.example", "c@hu.example"]
    assert len({read(data)["Message-ID"] for _, data in postman.letters}) == 3
    assert all(read(data)["To"] == to for to, data in postman.letters)
    assert receipt.detail == {"sent": 3, "unusable": 1}


def test_a_resume_writes_to_nobody_twice(tmp_path: Path, postman: Postman) -> None:
    """The server is gone after two of four; the next attempt sends the other two."""
    people = [f"{name}@hu.example" for name in "abcd"]
    sending = mail(tmp_path / "out", postman, *people)
    postman.say = {"c@hu.example": "421 closing"}
    with pytest.raises(Busy):
        sending.publish(article(tmp_path / "in"))
    assert postman.to == people[:2]
    postman.say = {}
    assert sending.publish(article(tmp_path / "in")).detail == {"sent": 4}
    assert postman.to == people


def test_one_that_is_refused_does_not_stop_the_others(tmp_path: Path, postman: Postman) -> None:
    postman.say = {"b@hu.example": "550 5.1.1 <b@hu.example> no such user"}
    postman.after_data = {"c@hu.example": "554 5.7.1 not this letter"}
    sending = mail(tmp_path / "out", postman, *(f"{n}@hu.example" for n in "abcd"))
    assert sending.publish(article(tmp_path / "in")).detail == {"sent": 2, "refused": 2}
    assert postman.to == ["a@hu.example", "d@hu.example"]
    sending.publish(article(tmp_path / "in"))
    assert len(postman.to) == 2


def test_when_all_are_refused_so_is_the_post(tmp_path: Path, postman: Postman) -> None:
    postman.say = {"b@hu.example": "550 5.1.1 <b@hu.example> no such user"}
    with pytest.raises(Refused) as caught:
        mail(tmp_path / "out", postman, "b@hu.example").publish(article(tmp_path / "in"))
    assert caught.value.code == "550"
    assert "b@hu" not in str(caught.value)


def test_one_that_is_to_wait_does_not_stop_the_others(tmp_path: Path, postman: Postman) -> None:
    """Greylisting: 450 now, taken in a quarter of an hour."""
    postman.say = {"a@hu.example": "450 4.2.0 <a@hu.example> greylisted"}
    sending = mail(tmp_path / "out", postman, "a@hu.example", "b@hu.example")
    with pytest.raises(Busy, match=r"1 of 2 letters wait: the mail server said 4\.2\.0"):
        sending.publish(article(tmp_path / "in"))
    assert postman.to == ["b@hu.example"]
    postman.say = {}
    assert sending.publish(article(tmp_path / "in")).detail == {"sent": 2}
    assert postman.to == ["b@hu.example", "a@hu.example"]


def test_a_4xx_after_the_letter_is_surely_not_taken(tmp_path: Path, postman: Postman) -> None:
    postman.after_data = {"a@hu.example": "452 4.3.1 disk full"}
    with pytest.raises(Busy):
        mail(tmp_path / "out", postman, "a@hu.example").publish(article(tmp_path / "in"))


def test_silence_after_the_final_dot_is_unknown_and_never_sent_again(tmp_path: Path, postman: Postman) -> None:
    postman.after_data = {"b@hu.example": "cut"}
    sending = mail(tmp_path / "out", postman, *(f"{n}@hu.example" for n in "abc"))
    with pytest.raises(Unknown, match="1 of 3 letters: the server hung up after the letter"):
        sending.publish(article(tmp_path / "in"))
    assert sorted(postman.to) == ["a@hu.example", "b@hu.example", "c@hu.example"], "the others' letters went on"
    postman.after_data = {}
    assert sending.publish(article(tmp_path / "in")).detail == {"sent": 2, "unknown": 1}
    assert len(postman.to) == 3


def test_a_server_that_hangs_up_before_the_letter_is_busy(tmp_path: Path, postman: Postman) -> None:
    postman.say = {"a@hu.example": "cut"}
    with pytest.raises(Busy, match="hung up before the letter"):
        mail(tmp_path / "out", postman, "a@hu.example").publish(article(tmp_path / "in"))


def test_nobody_listening_is_busy(tmp_path: Path, postman: Postman) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Busy, match="no connection to the mail server"):
        mail(tmp_path / "out", postman, "a@hu.example", port=port).publish(article(tmp_path / "in"))


def test_a_server_without_starttls_gets_no_letter(tmp_path: Path, postman: Postman) -> None:
    with pytest.raises(Refused, match="offers no STARTTLS"):
        mail(tmp_path / "out", postman, "a@hu.example", security="starttls").publish(article(tmp_path / "in"))
    with pytest.raises(Refused, match="offers no STARTTLS"):  # what is no such word is the safer one
        mail(tmp_path / "out", postman, "a@hu.example", security="ssl").publish(article(tmp_path / "in"))
    assert postman.to == []


@pytest.mark.parametrize("known", [True, False])
def test_it_logs_in_and_never_tells_the_password(tmp_path: Path, known: bool) -> None:
    hand = Postman()
    seen = []

    def check(server: Any, session: Any, envelope: Any, mechanism: Any, data: Any) -> Any:
        seen.append(data.password.decode())
        return AuthResult(success=known, handled=False)

    server = serve(hand, authenticator=check, auth_require_tls=False)
    server.start()
    hand.port = server.port
    try:
        sending = mail(tmp_path / "out", hand, "a@hu.example", user="post")
        if known:
            assert sending.publish(article(tmp_path / "in")).detail == {"sent": 1}
        else:
            with pytest.raises(Refused, match="or not this user") as caught:
                sending.publish(article(tmp_path / "in"))
            assert PASSWORD not in repr(caught.value) + repr(caught.value.__cause__)
            assert caught.value.code == "535"
    finally:
        server.stop()
    assert seen[0] == PASSWORD


def test_what_cannot_be_sent_to_is_refused_before_anything(tmp_path: Path, postman: Postman) -> None:
    post = article(tmp_path / "in")
    with pytest.raises(Refused, match="nobody to send to"):
        mail(tmp_path / "a", postman).publish(post)
    with pytest.raises(Refused, match="list of recipients cannot be read"):
        mail(tmp_path / "b", postman, recipients=str(tmp_path / "none.txt")).publish(post)
    with pytest.raises(Refused, match="sender is no mail address"):
        mail(tmp_path / "c", postman, "a@hu.example", **{"from": "post"}).publish(post)
    with pytest.raises(Unknown):
        mail(tmp_path / "d", postman, "a@hu.example").find(post, Known())


@pytest.mark.parametrize(
    "line", ["a@b@c", "a\r\nRCPT TO:<x@y.z>@hu.example", "<>", "ä@hu.example", "a b@hu.example", "a@hu.example>\x00"]
)
def test_an_address_that_is_none_reaches_no_server(tmp_path: Path, postman: Postman, line: str) -> None:
    receipt = mail(tmp_path / "out", postman, line, "good@hu.example").publish(article(tmp_path / "in"))
    assert postman.to == ["good@hu.example"]
    assert receipt.detail["unusable"] == 1


def test_dots_at_the_start_of_a_line_arrive(tmp_path: Path, postman: Postman) -> None:
    post = article(tmp_path / "in", text=".\n.. dots\n.", html="<p>x</p>", language="en")
    post = dataclasses.replace(post, text="plain ascii so that it is quoted-printable\n" * 9 + ".\n.. dots\n.")
    mail(tmp_path / "out", postman, "a@hu.example").publish(post)
    assert "\n.\n.. dots\n." in read(postman.letters[0][1]).get_body(("plain",)).get_content().replace("\r\n", "\n")


def _step(address: str) -> str:
    return f"rcpt-{hashlib.sha256(address.encode()).hexdigest()[:24]}"


def test_each_recipient_is_told_from_the_steps(tmp_path: Path, postman: Postman) -> None:
    """Who has it, who was refused and why, of whom it is not known; one whom a worker left in the middle too."""
    postman.say = {"b@hu.example": "550 5.1.1 no such user", "d@hu.example": "450 4.2.0 greylisted"}
    postman.after_data = {"c@hu.example": "cut"}
    steps = Steps("blind")
    sending = mail(tmp_path / "out", postman, *(f"{n}@hu.example" for n in "abcde"))
    sending = type(sending)(dataclasses.replace(sending.channel, step=steps.step))
    steps.kept[_step("e@hu.example")] = None
    with pytest.raises(Busy):
        sending.publish(article(tmp_path / "in"))
    told = [(each.name[0], each.state, each.why) for each in sending.recipients(Known(steps=steps.kept))]
    assert told == [
        ("a", "sent", "250"), ("b", "refused", "550 5.1.1"), ("c", "unknown", ""), ("d", "waiting", ""),
        ("e", "unknown", ""),
    ]  # fmt: skip
    postman.say, postman.after_data = {}, {}
    with pytest.raises(Unknown, match="1 of 5 letters"):
        sending.publish(article(tmp_path / "in"))
    assert postman.to == ["a@hu.example", "c@hu.example", "d@hu.example"], "the last may have it: a person says so"


def test_the_largest_letter_is_asked_for(tmp_path: Path, postman: Postman) -> None:
    assert mail(tmp_path / "out", postman, "a@hu.example").probe().limits["whole"].max == int(33_354_432 * 0.72)
    assert mail(tmp_path / "out", postman, "a@hu.example", host="").probe().limits == {}
    postman.after_data = {"a@hu.example": "552 5.3.4 too big"}
    with pytest.raises(Refused, match="use fewer or smaller pictures"):
        mail(tmp_path / "out", postman, "a@hu.example").publish(article(tmp_path / "in"))


def test_a_letter_that_cannot_be_made_is_nobodys_refusal(tmp_path: Path, postman: Postman) -> None:
    """What is wrong with it is told, no recipient is marked as refused, and a retry sends."""
    steps = Steps("blind")
    sending = mail(tmp_path / "out", postman, "a@hu.example")
    sending = type(sending)(dataclasses.replace(sending.channel, step=steps.step))
    with pytest.raises(Refused, match="control character"):
        sending.publish(article(tmp_path / "in", title="a\nBcc: all@example.org"))
    assert (postman.to, steps.kept) == ([], {})
