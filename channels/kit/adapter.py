"""A kit: everything a person needs to post by hand, in one folder that is either whole or not there at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from steadycast.platform import Channel, Known, Media, Post, Receipt, Unknown, View, markdown

from . import files, page, tagging
from .sheet import Sheet
from .words import plain

VERSION = 2  # of kit.json
PAGE = "article.html"  # what a person opens


class Adapter:
    """Writes kits under `channel.out`, one folder a delivery; `kit.json` comes last and is the commit point."""

    def __init__(self, channel: Channel) -> None:
        assert channel.spec is not None
        self.channel, self.spec, self.data = channel, channel.spec, channel.spec.data

    def publish(self, post: Post) -> Receipt:
        """Write the kit of `post` and return it as handed; written twice, it has the same bytes."""
        name = self.folder(post)
        folder = self.channel.out / name
        sheet = Sheet(post, self.channel, self.placed(post))
        made = self.contents(post, sheet)
        old = files.manifest(folder)
        (folder / "kit.json").unlink(missing_ok=True)  # other bytes may be coming: until all are there, there is no kit
        sums = {file: files.put(self.channel, f"{name}/{file}", made[file]) for file in sorted(made)}
        self.commit(post, sheet, name, sums)
        files.forget(folder, set(old.get("files", ())) - set(sums))
        return self.receipt(post)

    def find(self, post: Post, _known: Known) -> Receipt | None:
        """Look whether the kit lies there complete: its commit point names this delivery and every file is there."""
        folder = self.channel.out / self.folder(post)
        try:
            told = files.manifest(folder)
            there = told.get("delivery") == post.key and files.whole(folder, told)
        except OSError:
            raise Unknown(self.channel.tell("unreadable", folder=folder.name), channel=self.channel.name) from None
        return self.receipt(post, seen="file") if there else None

    def views(self, post: Post) -> list[View]:
        """The kit's page, the text as it stands once it is pasted, and each field beside it."""
        folder = (self.channel.out / self.publish(post).page).parent
        return [View("kit", file=folder / PAGE), *page.views(Sheet(post, self.channel, self.placed(post)), folder)]

    def folder(self, post: Post) -> str:
        """Name the kit's folder: the slot's local day, the slug, and enough of the key to tell two of one day apart."""
        day = post.due.astimezone(self.channel.zone).date().isoformat()
        slug = files.safe(post.slug)[:60].strip("-")
        return f"{day}-{slug}-{post.key[:5]}" if slug else f"{day}-{post.key}"

    def receipt(self, post: Post, seen: str = "answer") -> Receipt:
        """Name the page that a person opens."""
        return Receipt(post.key, handed=True, seen=seen, page=f"{self.folder(post)}/{PAGE}")

    def placed(self, post: Post) -> dict[str, Media]:
        """Give every file its name in the kit, in order of use: pictures, covers by ratio, then sound and film."""
        placed: dict[str, Media] = {}
        for number, image in enumerate(post.of("image"), 1):
            placed[f"media/{number:02d}-{files.safe(Path(image.name).stem) or 'image'}{files.suffix(image)}"] = image
        rule = self.channel.media.get("cover")
        ratios = rule.ratios if rule else ()
        for number, cover in enumerate(post.of("cover")):
            ratio = ratios[number].replace(".", "").replace(":", "x") if number < len(ratios) else str(number + 1)
            placed[f"media/cover-{ratio}{files.suffix(cover)}"] = cover
        stem = files.safe(post.slug) or post.key
        for role in ("audio", "video", "attachment"):
            for number, media in enumerate(post.of(role)):
                first = self.episode(post) if role == "audio" else ""
                placed[f"media/{first}{stem}{f'-{number + 1}' if number else ''}{files.suffix(media)}"] = media
        return placed

    def episode(self, post: Post) -> str:
        """Number an episode: the draft's `channels.<name>.episode`, else its slot's local day, so that files sort."""
        number = post.extra.get("episode")
        if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 100_000:
            return f"{number:03d}-"
        return f"{post.due.astimezone(self.channel.zone):%Y%m%d}-"

    def contents(self, post: Post, sheet: Sheet) -> dict[str, bytes | Path]:
        """Return every file of the kit but kit.json: made ones as bytes, media as the path to copy from."""
        made: dict[str, bytes | Path] = {name: self.medium(post, media) for name, media in sheet.placed.items()}
        if sheet.url:
            from . import qr  # each of these three loads a library that most kits do without

            made["qr.png"] = qr.code(sheet.url)
        if self.data.get("poster"):
            from . import poster

            made["media/poster-3x4.jpg"] = poster.jpeg(post, sheet.url, self.data.get("fonts", ()))
        if post.event:
            from steadycast.platform.ics import event

            made["event.ics"] = event(post, 0, post.published, sheet.url)
        made |= {name: text.encode() for name, text in sheet.texts().items()}
        if self.data["markdown"] and sheet.show_body:
            names = {m.sha256: name for name, m in sheet.placed.items() if m.role in ("image", "cover")}
            made["article.md"] = markdown(post.html, names).encode()
        kit = {"kit": sheet, "made": sorted(made), "qr": "qr.png" in made, "w": sheet.words}
        body = page.embedded(post, sheet.placed)
        made[PAGE] = self.channel.render("article.html.j2", body=body, **page.SCRIPT, **kit).encode()
        made["CHECKLIST.md"] = self.channel.render("CHECKLIST.md.j2", **kit).encode()
        return made

    def medium(self, post: Post, media: Media) -> bytes | Path:
        """Return an MP3 with its ID3 tag where the platform wants one, anything else as it is."""
        if not self.data.get("id3") or media.role != "audio" or files.suffix(media) != ".mp3":
            return media.path
        artist = post.author or post.member_title or self.channel.community
        album = post.series_title or self.channel.community
        cover = post.cover.path.read_bytes() if post.cover else b""
        return tagging.tagged(media.path.read_bytes(), plain(post.title), plain(artist), plain(album), cover)

    def commit(self, post: Post, sheet: Sheet, name: str, sums: Mapping[str, list[Any]]) -> None:
        """Write kit.json, after everything it speaks of."""
        limits = repr(sorted(self.channel.limits.items())) + repr(sorted(self.channel.media.items()))
        told = {
            "kit": VERSION,
            "delivery": post.key,
            "slot": post.slot,
            "post": {"draft": post.draft, "revision": post.revision, "form": post.form, "title": post.title},
            "channel": self.channel.name,
            "platform": self.channel.platform,
            "account": plain(sheet.settings.get("account") or ""),
            "due": sheet.due_iso,
            "creator": sheet.creator,
            "limits": hashlib.sha256(limits.encode()).hexdigest()[:12],
            "counts": {f.name: {"n": f.n, "max": f.max, "count": f.count} for f in sheet.fields if f.max},
            "fields": [{"name": f.name, "label": f.label, "value": f.value} for f in sheet.fields if f.name != "text"],
            "steps": [*sheet.steps],
            "confirm": {"command": sheet.command, "hosts": [*self.spec.confirm_hosts], "url": sheet.own_page},
            "content": files.digest(sums),
            "files": sums,
        }
        self.channel.write(f"{name}/kit.json", json.dumps(told, ensure_ascii=False, indent=2).encode() + b"\n")
