"""Pictures that tests make, hand to a studio, and look into."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from steadycast.draft import MediaRef
from steadycast.render.media import Studio


def picture(
    size: Any = (400, 300), kind: str = "JPEG", mode: str = "RGB", colour: Any = (200, 30, 30), **options: Any
) -> Any:
    data = BytesIO()
    Image.new(mode, size, colour).save(data, kind, **options)
    return data.getvalue()


def noise(size: Any, kind: str = "PNG") -> Any:
    data = BytesIO()
    Image.frombytes("RGB", size, bytes((i * 7919 >> 3) & 255 for i in range(size[0] * size[1] * 3))).save(data, kind)
    return data.getvalue()


def opened(media: Any) -> Any:
    image = Image.open(BytesIO(media.path.read_bytes()))
    image.load()
    return image


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "media", tmp_path / "cache")


@pytest.fixture
def take(studio: Studio, tmp_path: Path) -> Callable[..., Any]:
    def taken(data: Any, name: str = "a.png", role: str = "image") -> Any:
        file = tmp_path / name
        file.write_bytes(data)
        return studio.take(MediaRef(role, name, file, alt="甲", line=7))

    return taken
