"""A letter as a mail program opens it: read back from its bytes."""

from __future__ import annotations

from email import message_from_bytes, policy

from steadycast.platform import Channel, View

WIDTHS = (600, 390)  # of a reading pane, and of a phone


def opened(channel: Channel, letter: bytes) -> list[View]:
    """Its page with the pictures it carries, which are laid under `channel.out`, and its text."""
    read = message_from_bytes(letter, policy=policy.default)
    html, text = (read.get_body((kind,)) for kind in ("html", "plain"))
    assert html is not None and text is not None  # noqa: PT018  a letter of ours has both
    page = html.get_content()
    for number, part in enumerate(part for part in read.walk() if part["Content-ID"]):
        name = f"picture-{number}.{part.get_content_subtype()}"
        channel.write(name, part.get_content())
        page = page.replace(f"cid:{part['Content-ID'][1:-1]}", name)
    return [View("letter", page, widths=WIDTHS), View("text", text=text.get_content())]
