"""What the room would show of a post, for a preview: nothing is asked of the server."""

from __future__ import annotations

from html import escape

from steadycast.platform import Channel, Post, View, cut, media_name

from .content import CAPTION, files_of, text_of

PAGE = """
body { font: 15px/1.6 sans-serif; margin: 1rem; max-width: 40rem; overflow-wrap: anywhere }
h1 { font-size: 1.4em } h2 { font-size: 1.25em } figure { margin: 1rem 0 } img { max-width: 100%; height: auto }
pre { overflow-x: auto; background: #f4f4f5; padding: .5rem } table { border-collapse: collapse }
td, th { border: 1px solid #ddd; padding: .2rem .5rem } figcaption { color: #555; font-size: .9em }
"""  # about as clients show it


def views_of(channel: Channel, post: Post) -> list[View]:
    """The text with its formats and the files below it, which lie in `channel.out` then; and the text without."""
    below = ""
    for file in files_of(post).values():
        name, said = media_name(file), escape(cut(file.alt, CAPTION) or file.name)
        channel.write(name, file.path.read_bytes())
        shown = f'<img src="{escape(name)}" alt="">' if file.mime.startswith("image/") else ""
        below += f"<figure>{shown}<figcaption>{said}</figcaption></figure>"
    head = f'<!doctype html><meta charset="utf-8"><title>Matrix</title><style>{PAGE}</style>'
    page = f"{head}{text_of(channel, post)['formatted_body']}{below}"
    return [View("page", page, widths=(390, 820), base=channel.out), View("text", text=post.text)]
