"""Takes the README's pictures of the report and of the site: `take.py VAR`, after `steadycast up --once`."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

PICTURES = {  # name: page below VAR/out, width, height, how far down (CSS pixels)
    "report": ("report/index.html", 1200, 1000, 0),
    "site": ("site/index.html", 1200, 1000, 0),
}


def main(var: Path, folder: Path) -> None:
    """Writes one PNG for each of PICTURES."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, (path, width, height, down) in PICTURES.items():
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
            page.goto((var / "out" / path).resolve().as_uri())
            page.mouse.wheel(0, down)
            file = folder / f"{name}.png"
            page.screenshot(path=file)
            Image.open(file).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(file, optimize=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parent)
