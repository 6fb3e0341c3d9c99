"""What is said to people stands in the catalogues, in every room; and ten common refusals, as a Chinese community reads them."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from desk_bench import Desk
from pipeline_bench import MORNING, SETTINGS, Bench

from steadycast.draft import MediaRef
from steadycast.errors import DraftError
from steadycast.intake.documents import as_markdown
from steadycast.intake.feeds import FeedSettings, FeedState, read
from steadycast.language import speaking
from steadycast.outgoing import Fetcher
from steadycast.render.media import Studio

SRC = Path(__file__).resolve().parent.parent / "src" / "steadycast"
# `testing` speaks to whoever writes a channel.
ROOMS = sorted({file.relative_to(SRC).parts[0] for file in SRC.rglob("*.py")} - {"testing"})
# Who hears what it is given: errors and problems, and the helpers that make them.
MAKERS = re.compile(
    r"(?:\w+Error|ChangedMeanwhile|Problem|Note|Refused|Busy|Unknown|Fenced|Unusable|Probed|looked_at|unknown_name"
    r"|did_you_mean|refuse|refusal|_?wrong|problem_at|_too_much|_?fault|_error|_failed|problem|_NotThisForm|not_taken|unsent)"
)
# For whoever writes the program, or an adapter: they stand in a traceback, or nowhere.
OF_PROGRAMMERS = re.compile(r"(?:Value|Type|OS|Timeout|NotRegular|Key|Runtime|Lookup|FileExists)Error")
NAMES = re.compile(r"said|hint|why|words|told|message")
COMMANDS = re.compile(r"(?:pip|chmod|steadycast) |`steadycast [^`]*`$")  # what is typed is the same in every language
WORDS = re.compile(r"[a-z]{2,} [a-z]{2,}")


def untranslated(source: str) -> Iterator[tuple[int, str]]:
    """(line, text) of each English text that is said to people and goes through no catalogue."""
    tree = ast.parse(source)
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.JoinedStr | ast.Constant) or isinstance(above.get(node), ast.JoinedStr):
            continue
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        text = "{}".join(part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))
        if WORDS.search(text) and _is_said(node, above):
            yield node.lineno, text


def _is_said(node: ast.AST, above: dict[ast.AST, ast.AST]) -> bool:
    """Whether a text is given to who says it, or kept under a name of what is said."""
    inner = above.get(node)
    while isinstance(
        inner, (ast.IfExp, ast.BinOp, ast.BoolOp, ast.Tuple, ast.keyword, ast.FormattedValue, ast.JoinedStr)
    ):
        if isinstance(inner, ast.IfExp) and node is inner.test:
            return False
        node, inner = inner, above.get(inner)
    if isinstance(inner, ast.Call):
        name = ast.unparse(inner.func).rpartition(".")[2]
        of_place = name in {"Problem", "looked_at"} and node is inner.args[0]
        return bool(MAKERS.fullmatch(name)) and not OF_PROGRAMMERS.fullmatch(name) and not of_place
    if isinstance(inner, ast.Assign | ast.AugAssign):
        target = inner.targets[0] if isinstance(inner, ast.Assign) else inner.target
        return bool(NAMES.fullmatch(ast.unparse(target)))
    return False


@pytest.mark.parametrize("room", ROOMS)
def test_what_is_said_to_people_goes_through_a_catalogue(room: str) -> None:
    files = [SRC / room] if room.endswith(".py") else sorted((SRC / room).rglob("*.py"))
    found = [
        f"{name}:{line}: {text}"
        for file in files
        for name in [str(file.relative_to(SRC))]
        for line, text in untranslated(file.read_text(encoding="utf-8"))
        if not COMMANDS.match(text)
    ]
    assert found == []


CHINESE = SETTINGS.replace('language = "en"', 'language = "zh-CN"')
FAULTS: dict[str, tuple[str | bytes, str]] = {
    "pgc/quote.md": ('---\ntitle: "没写完\n---\n正文\n', "头部（front matter）：引号没有成对（请在这一行末尾补上"),
    "pgc/twice.md": ("---\ntitle: 甲\ntags: [甲]\ntitle: 乙\n---\n正文\n", "title 写了两次（请只留一个）"),
    "pgc/series.md": ("---\ntitle: 甲\nseries: dayly\n---\n正文\n", "没有叫“dayly”的栏目"),
    "pgc/date.md": ("---\ntitle: 甲\ndate: 明天\n---\n正文\n", "date 不是日期：“明天”（请写 date: 2026-11-27 20:00）"),
    "pgc/gone.md": ("---\ntitle: 甲\n---\n![](nowhere.png)\n", "文件“nowhere.png”不存在（请把它放在稿子旁边，或 pgc/ 里的别处"),
    "pgc/empty.md": ("---\ntitle: 甲\n---\n", "没有正文（请写正文；没写好之前可设 draft: true）"),
    "pgc/comment.md": ("---\ntitle: 甲\n---\n<!-- 给自己看\n\n正文\n", "这里以 <!-- 开头的注释没有结尾"),
    "pgc/event.md": ("---\ntitle: 甲\nevent:\n  place: 静安\n---\n正文\n", "活动没有开始时间"),
    "pgc/bytes.md": (b"---\ntitle: x\n---\n\xff\xfe\xfa", "不是 UTF-8：字节 0xff（请存为 UTF-8：记事本里选“文件 → 另存为”"),
    "lost.md": ("正文\n", "既不在 pgc/，也不在 ugc/<成员>/（请移到其中之一）"),
}  # fmt: skip


@pytest.fixture
def chinese(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A Chinese community whose drafts cannot be read, each for its own reason."""
    monkeypatch.delenv("STEADYCAST_LANGUAGE")
    monkeypatch.setattr("steadycast.language._of_process", [""])
    bench.set_up(CHINESE, {path: text for path, (text, _) in FAULTS.items()})
    return bench


def test_check_says_in_chinese_why_a_draft_is_refused(chinese: Bench, run: Callable[..., tuple[int, str, str]]) -> None:
    assert chinese.root
    told = _even(run("check", code=1)[1])
    assert [path for path, (_, said) in FAULTS.items() if _even(said) not in told] == []


def _even(text: str) -> str:
    """Without what a terminal's width and the form of brackets make of a text."""
    return "".join(text.split()).replace("(", "（").replace(")", "）")


def test_the_desk_says_in_chinese_why_a_form_is_refused(chinese: Bench) -> None:
    with Desk(chinese.root).up() as desk:
        forms: list[tuple[str, dict[str, Any], str]] = [
            ("/write", {"title": " ", "body": "正文", "ready": "yes"}, "标题是空的"),
            ("/write", {"title": "甲", "body": "<!-- 给自己看\n\n正文", "ready": "yes"}, "开头的注释没有结尾"),
            (
                "/write",
                {"title": "甲", "body": "正文", "ready": "yes", "series": "dayly"},
                "没有叫“dayly”的栏目",
            ),
            ("/members/invite", {"member": "../pgc"}, "不能作成员名"),
            ("/drafts/decide", {"verdict": "approve", "ids": ["0000"]}, "没有稿子“0000”"),
        ]
        for path, form, said in forms:
            assert said in desk.post(path, on="/" + path.split("/")[1], **form).text, said


def test_what_a_child_process_says_of_a_file_is_in_the_language_of_who_asked(tmp_path: Path) -> None:

    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"no picture at all")
    studio, ref = Studio(tmp_path / "media", tmp_path / "cache"), MediaRef("image", "a.png", picture, sha256="")
    for language, document, image in (
        ("zh_Hans", "读不了：文件损坏，或不是这种文档", "图片 a.png 读不了：OSError"),
        ("en", "cannot be read: it is damaged, or no such document", "image a.png cannot be read: OSError"),
    ):
        with speaking(language):
            with pytest.raises(DraftError, match=document):
                as_markdown(b"no zip", ".docx", 1_000)
            with pytest.raises(DraftError, match=image):
                studio.take(ref)


def test_another_form_of_words_is_told_by_its_type_and_not_by_its_words() -> None:
    """A hint for an address that is not public, for one."""

    with speaking("zh_Hans"):
        error = read(FeedSettings("bob", "http://127.0.0.1/feed"), FeedState(), Fetcher(), MORNING).error
    assert error
    assert (error.message, error.hint) == ("127.0.0.1 不在公网上", "请给这个订阅源设 allow_private = true")
