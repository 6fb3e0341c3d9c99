"""Takes the README's pictures: a year of invented history, the main job, then its pages in Chromium."""

from __future__ import annotations

import datetime as dt
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
STEADYCAST = Path(sys.executable).with_name("steadycast")
WIDTH = 1280
PICTURES = {  # what is shown, and how much of its height
    "report": ("report/index.html", 1120),
    "site": ("site/index.html", 960),
    "kit": ("wechat/*/article.html", 960),
}
PORT = 8437
LANGUAGES = {"zh_Hans": "-zh", "en": ""}
DESK = {  # the desk's pages: address, and what has to be there
    "desk-calendar": ("/calendar?view=week&from={soon}", ".slot.planned"),
    "desk-write": ("/write/{draft}", "#preview iframe"),
}


def invented_year(folder: Path, today: dt.date) -> None:
    """Dated drafts for most days of the past year: what `steadycast backfill` reads as published."""
    for ago in range(340):
        day = today - dt.timedelta(days=ago)
        if (ago + 20) % 53 and (ago + 40) % 97 and not 200 < ago < 204:
            (folder / f"{day}-notes.md").write_text(f"# {day}\n\nOnce published.\n", encoding="utf-8")


def app(var: Path, *words: str) -> None:
    """Runs one command on the sample community, with its ledger and outputs in `var`."""
    subprocess.run([STEADYCAST, *words], cwd=ROOT, env={**os.environ, "STEADYCAST_VAR": str(var)}, check=False)  # noqa: S603


@contextmanager
def desk(var: Path) -> Iterator[str]:
    """The desk of the sample community: its first address."""
    command = [STEADYCAST, "desk", "--port", str(PORT)]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "STEADYCAST_VAR": str(var)}) as process:  # noqa: S603
        try:
            while not process.poll():
                with suppress(OSError):
                    socket.create_connection(("127.0.0.1", PORT), 1).close()
                    break
                time.sleep(0.2)
            yield f"http://127.0.0.1:{PORT}/?key={(var / 'desk' / 'key').read_text(encoding='utf-8').strip()}"
        finally:
            process.terminate()


def taken(tab: Page, name: str) -> None:
    """A picture of what is shown, with 128 colours."""
    file = HERE / f"{name}.png"
    tab.screenshot(path=file)
    few = Image.open(file).convert("RGB").quantize(128, kmeans=1, dither=Image.Dither.NONE)
    few.save(file, optimize=True)  # without kmeans small things, such as the legend's marks, lose their colour


def main() -> None:
    """Writes one PNG for each of PICTURES beside this file."""
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        var, past = Path(scratch, "var"), Path(scratch, "past")
        past.mkdir()
        invented_year(past, dt.datetime.now(dt.UTC).date())
        app(var, "up", "--once")  # before the past is known: only a new community shows its first publication at once
        for series in ("morning", "daily", "video"):
            app(var, "backfill", str(past), "--series", series)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        app(var, "approve", "--all")  # what waits is then short enough for the year to be seen below it
        app(var, "report")
        for name, (page, height) in PICTURES.items():
            tab = browser.new_page(viewport={"width": WIDTH, "height": height}, color_scheme="light")
            tab.goto(min((var / "out").glob(page)).as_uri(), wait_until="networkidle")
            taken(tab, name)
        soon = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=2)  # late on a Sunday its week has nothing to come
        with desk(var) as address:
            for language, ending in LANGUAGES.items():
                context = browser.new_context(viewport={"width": WIDTH, "height": 860}, color_scheme="light")
                context.add_cookies([{"name": "steadycast_language", "value": language, "url": address}])
                tab = context.new_page()
                tab.goto(address.replace("/?", "/calendar?"))
                tab.locator(".slot.planned a[href^='/slots/']").first.click()
                link = tab.locator("main a[href^='/drafts/']").first.get_attribute("href") or ""
                draft = link.rpartition("/")[2]
                tab.goto(address)
                for name, (path, wait) in DESK.items():
                    tab.goto(address.partition("?")[0].rstrip("/") + path.format(draft=draft, soon=soon))
                    tab.locator(wait).first.wait_for()
                    tab.wait_for_timeout(1_500)  # frames draw
                    taken(tab, f"{name}{ending}")
        browser.close()


if __name__ == "__main__":
    main()
