"""What a writer notes for himself never goes out, whatever his editor's mark for it is."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steadycast.draft.comments import without_comments
from steadycast.errors import DraftError

PAIRS = [
    ("%%", "%%"),
    ("<!--", "-->"),
    ("{/*", "*/}"),
    ("{::comment}", "{:/comment}"),
    ("{::comment}", "{:/}"),
    ("{% comment %}", "{% endcomment %}"),
    ("{%- comment 'why' -%}", "{%- endcomment -%}"),
    ("{{/*", "*/}}"),
    ("{{- /*", "*/ -}}"),
    ("{{< /*", "*/ >}}"),
    ("{{% comment %}}", "{{% /comment %}}"),
    ("{#", "#}"),
]


@pytest.mark.parametrize(("begin", "end"), PAIRS)
@pytest.mark.parametrize(
    "body",
    [
        "前面 {0} 秘密 {1} 后面",
        "前面\n\n{0}\n秘密\n\n秘密\n{1}\n\n后面",
        "- 前面\n\n    {0} 秘密 {1}\n- 后面",
        "前面 {0} 秘密\n\n秘密 {1}后面",
        "> 前面\n> {0} ```\n> 秘密 {1}\n> 后面",
        "`前面` {0} 秘`密` {1} 后面",
    ],
)
def test_a_comment_never_goes_out_and_no_line_moves(begin: str, end: str, body: str) -> None:
    written = body.format(begin, end)
    left = without_comments(written)
    assert not [mark for mark in ("秘", begin, end) if mark in left]
    assert [words for words in ("前面", "后面") if words in left] == ["前面", "后面"]
    assert left.count("\n") == written.count("\n")


@pytest.mark.parametrize(("begin", "end"), PAIRS)
def test_a_comment_without_an_end_is_an_error_with_its_line(begin: str, end: str) -> None:
    with pytest.raises(DraftError, match="does not end") as told:
        without_comments(f"一\n\n二 {begin} 秘密\n\n三")
    assert told.value.line == 3


@pytest.mark.parametrize(
    "body",
    [
        "```mermaid\n%% a note of the diagram\ngraph TD\n```\n\n~~~\n<!-- shown\n~~~",
        "写 `%%` 或 ``<!-- ` -->``",
        "- a\n\n      ```\n      %% b\n      ```",
        "涨了5%%，又跌了6%%。再涨5%%",
        r"\%% 不是注释，\<!-- 也不是",
        "摘要<!--more-->正文 <!-- truncate -->",
        "%%% 三个",
        "# 标题 {#id}",
        "a comment in words",
    ],
)
def test_code_figures_and_marks_that_mean_something_else_stay(body: str) -> None:
    assert without_comments(body) == body


def test_an_empty_comment_of_html_ends_where_html_says() -> None:
    assert without_comments("a<!-->b<!---->c") == "abc"


@given(st.text("%<!->{}/*#: `~\na", max_size=60))
def test_any_body_is_read_or_refused(body: str) -> None:
    lines = body.count("\n")
    try:
        left = without_comments(body)
    except DraftError as error:
        told = error.line or 0
        assert 0 < told <= lines + 1
    else:
        assert left.count("\n") == lines


@pytest.mark.parametrize(
    "body",
    [
        "%% a " * 50_001,
        "<!--->" * 50_000,
        "5%%" * 100_000,
        "".join("`" * n + " " for n in range(1400)) + "%%a%%",
        "{::comment " * 50_000 + "%%a%%",
        "> ```\n" * 50_000 + "%%a%%",
        "- " * 50_000 + "%%a%%",
        "{# " * 50_000,
    ],
    ids=range(8),
)
def test_its_cost_is_bounded(body: str) -> None:
    began = time.process_time()
    with contextlib.suppress(DraftError):
        without_comments(body)
    assert time.process_time() - began < 3
