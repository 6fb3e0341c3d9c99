"""Which characters are Han text: they need no space between them, and a line may break after any of them."""

from __future__ import annotations

# Ideographs, kana, CJK punctuation, full-width forms and the quotation marks and dashes that Chinese text uses.
# Hangul stays out: Korean puts spaces between words.
WIDE = (
    "\u2014\u2018\u2019\u201c\u201d\u2026\u2e80-\u303f\u3040-\u30ff\u3100-\u312f\u3400-\u9fff\uf900-\ufaff\uff00-\uffee"
)
WIDE += "\U00020000-\U0003ffff"

CLOSING = "”’」』）】》〉\"')]"
