"""What the bytes of a draft are read as: UTF-8, what is surely another encoding, and no text that nobody wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steadycast.draft.decoding import decode, decoded
from steadycast.errors import DraftError


@pytest.fixture
def content(tmp_path: Path) -> Path:
    for folder in ("pgc/site/_posts", "pgc/site/static/img", "pgc/img", "ugc/alice", "ugc/bob"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


class TestEncodings:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
    def test_utf8_is_taken_with_or_without_a_mark(self, encoding: str) -> None:
        assert decode("标题\r\n文\r完".encode(encoding)) == "标题\n文\n完"

    @pytest.mark.parametrize(
        ("encoding", "name"),
        [
            ("gbk", "GBK"),
            ("gb18030", "GBK"),
            ("utf-16", "UTF-16LE"),
            ("utf-16-le", "UTF-16LE"),
            ("utf-16-be", "UTF-16BE"),
            ("utf-32", "UTF-32LE"),
            ("utf-32-be", "UTF-32BE"),
        ],
    )
    def test_another_encoding_that_is_surely_known_is_read_and_named(self, encoding: str, name: str) -> None:
        text = "# Hello 我们今天读书，很好。\nplain words\n"
        assert decoded(text.encode(encoding)) == (text, name)

    @pytest.mark.parametrize(
        "raw",
        [
            "# 我們今天讀書，很好。這是一篇文章\n".encode("big5"),
            "오늘은 날씨가 아주 좋습니다. 우리는 바다에 갔습니다.".encode("euc-kr"),
            "今日は天気がとても良いです。海へ行きました。".encode("euc-jp"),
            "今日は天気がとても良いです。海へ行きました。".encode("shift-jis"),
            "Ça a été décidé à l'été, où nous étions très gênés.".encode("cp1252"),
            "读书".encode("gbk"),  # too little of it to be sure
            "abc\0".encode("utf-16-le") + b"d\0\xff\xdf",  # half of a pair
        ],
        ids=["big5", "euc-kr", "euc-jp", "shift-jis", "cp1252", "short", "torn"],
    )
    def test_any_other_is_refused_with_the_way_out(self, raw: bytes) -> None:
        with pytest.raises(DraftError, match="UTF-8") as caught:
            decode(raw)
        assert "另存为" in (caught.value.hint or "")

    @given(
        st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=4),
        st.sampled_from(["euc-jp", "euc-kr", "big5", "cp1252", "koi8-r"]),
    )
    def test_what_is_read_is_never_another_text(self, text: str, encoding: str) -> None:
        """A file that is taken for GBK says in GBK what it says: any other encoding of it is another file."""
        raw = text.encode(encoding, "ignore")
        try:
            found, named = decoded(raw)
        except DraftError:
            return
        assert found.encode("gb18030" if named == "GBK" else named or "utf-8") == raw

    @pytest.mark.parametrize(("raw", "line"), [(b"a\nb\0", 2), (b"a\r\n\r\n\xed\xa0\x80", 3), (b"caf\xe9 au lait", 1)])
    def test_what_no_text_can_hold_is_refused_with_its_line(self, raw: bytes, line: int) -> None:
        with pytest.raises(DraftError) as caught:
            decode(raw)
        assert caught.value.line == line

    def test_characters_that_break_a_page_are_dropped(self) -> None:
        assert decode(b"a\x08b\x0bc\x7f\tok\n") == "abc\tok\n"

    @given(st.binary(max_size=200))
    def test_bytes_are_text_or_refused(self, raw: bytes) -> None:
        try:
            text = decode(raw)
        except DraftError as error:
            assert error.hint  # noqa: PT017
            return
        assert "\0" not in text
        text.encode()
