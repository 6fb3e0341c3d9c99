"""A small site behind django-indieweb's Micropub endpoint: `python micropub_site.py DIR PORT`, in a venv of its own.

The endpoint's protocol is the library's. A site has to say where posts are kept: here in one SQLite table.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from html import escape
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings

FOLDER, PORT = Path(sys.argv[1]).resolve(), int(sys.argv[2])
SITE = f"http://127.0.0.1:{PORT}"
sys.modules["micropub_site"] = sys.modules["__main__"]
settings.configure(
    SECRET_KEY="tests",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF="micropub_site",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sites", "indieweb"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "django.db"}},
    MEDIA_ROOT=FOLDER / "media",
    MEDIA_URL="/media/",
    INDIEWEB_MICROPUB_HANDLER="micropub_site.Posts",
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import Http404, HttpResponse  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.views.static import serve  # noqa: E402
from indieweb.handlers import MicropubContentHandler, MicropubEntry, MicropubEntryList  # noqa: E402
from indieweb.models import Token  # noqa: E402


def rows(sql: str, *values: Any) -> list[Any]:
    with sqlite3.connect(FOLDER / "posts.db", timeout=20) as database:
        return database.execute(sql, values).fetchall()


class Posts(MicropubContentHandler):
    """Where posts are kept; one that is deleted is kept as well, and no reader sees it."""

    def create_entry(self, properties: Any, user: Any) -> Any:
        wanted = str((properties.pop("mp-slug", None) or ["post"])[0])
        slug, n = wanted, 1
        while rows("select 1 from posts where url = ?", f"{SITE}/posts/{slug}/"):
            n += 1
            slug = f"{wanted}-{n}"
        return self._kept(MicropubEntry(f"{SITE}/posts/{slug}/", properties))

    def update_entry(self, url: str, updates: Any, user: Any) -> Any:
        entry = self._asked(url)
        entry.properties.update(updates.get("replace", {}))
        for name, values in updates.get("add", {}).items():
            entry.properties.setdefault(name, []).extend(values)
        for name in updates.get("delete", ()):
            entry.properties.pop(name, None)
        return self._kept(entry)

    def delete_entry(self, url: str, user: Any) -> None:
        self._asked(url)
        rows("update posts set deleted = 1 where url = ?", url)

    def undelete_entry(self, url: str, user: Any) -> Any:
        rows("update posts set deleted = 0 where url = ?", url)
        return self._asked(url)

    def get_entry(self, url: str, user: Any) -> Any:
        found = rows("select properties from posts where url = ? and not deleted", url)
        return MicropubEntry(url, json.loads(found[0][0])) if found else None

    def list_entries(self, user: Any, *, limit: Any = None, offset: int = 0, filter: Any = None) -> Any:
        found = rows("select url, properties from posts where not deleted order by rowid desc")
        entries = [MicropubEntry(url, json.loads(properties)) for url, properties in found]
        return MicropubEntryList(entries[offset:][:limit], len(entries))

    def get_config(self, user: Any) -> Any:
        targets = [{"uid": "https://news.example/club", "name": "Club"}]
        return super().get_config(user) | {"media-endpoint": f"{SITE}/indieweb/media/", "syndicate-to": targets}

    def _asked(self, url: str) -> Any:
        if (entry := self.get_entry(url, None)) is None:
            raise ValueError("no such post")
        return entry

    def _kept(self, entry: Any) -> Any:
        told = json.dumps(entry.properties)
        rows(
            "insert into posts (url, properties) values (?, ?) on conflict (url) do update set properties = ?",
            entry.url,
            told,
            told,
        )
        return entry


def page(_request: Any, slug: str) -> Any:
    """A post as a reader has it."""
    if (entry := Posts().get_entry(f"{SITE}/posts/{slug}/", None)) is None:
        raise Http404
    content = entry.get_property("content")
    files = [
        f"<{kind} class='u-{kind}' src='{escape(url)}'></{kind}>"
        for kind in ("audio", "video")
        for url in entry.get_properties(kind)
    ]
    tags = [f"<a class='p-category'>{escape(tag)}</a>" for tag in entry.get_properties("category")]
    body = content["html"] if isinstance(content, dict) else escape(content or "")
    name = escape(entry.get_property("name") or "")
    return HttpResponse(
        f"<!doctype html><article class='h-entry'><h1 class='p-name'>{name}</h1>{''.join(files)}<div class='e-content'>{body}</div>{''.join(tags)}</article>"
    )


urlpatterns = [
    path("indieweb/", include("indieweb.urls")),
    path("posts/<str:slug>/", page),
    path("media/<path:path>", serve, {"document_root": FOLDER / "media"}),
]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing is logged."""


if __name__ == "__main__":
    rows("create table if not exists posts (url text primary key, properties text, deleted int default 0)")
    call_command("migrate", verbosity=0)
    owner, _made = User.objects.get_or_create(username="news")
    for name, scope in (("token", "create update delete undelete media"), ("reader", "update")):
        token = Token.objects.create(owner=owner, client_id=f"{SITE}/{name}", me=f"{SITE}/", scope=scope)
        (FOLDER / name).write_text(token.raw_key or token.key)
    make_server("127.0.0.1", PORT, get_wsgi_application(), server_class=Server, handler_class=Quiet).serve_forever()
