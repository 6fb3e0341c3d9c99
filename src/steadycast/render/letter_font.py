"""The font that covers are lettered with: one that has Han letters."""

from __future__ import annotations

import shutil
from functools import lru_cache
from pathlib import Path
from typing import Any

_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Bold.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/System/Library/Fonts/PingFang.ttc",
)


@lru_cache(maxsize=1)
def font() -> list[Any] | None:
    """A font with Han letters on this machine, as [file, index]; None when there is none."""
    import subprocess  # a draft whose cover is not drawn does without

    matcher = shutil.which("fc-match")
    if matcher:
        asked = [matcher, "-f", "%{file}\t%{index}\t%{lang}", "sans:bold:lang=zh-cn"]
        found = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=False).stdout.split("\t")  # noqa: S603
        if len(found) == 3 and "zh-cn" in found[2].split("|") and Path(found[0]).is_file():
            return [found[0], int(found[1]) & 0xFFFF]
    return next(([name, 0] for name in _FONTS if Path(name).is_file()), None)
