"""The keys that a draft's head may have: by which names, in Chinese too, and which was meant where one is misspelt."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

TITLE = ("title",)
DATE = ("date", "published_at", "date_published", "pubDate", "created")
SUMMARY = ("summary", "description", "excerpt", "custom_excerpt")
AUTHOR = ("author", "authors", "byline")
TAGS = ("tags", "tag")
CATEGORIES = ("categories", "category")
FOCAL = ("focal", "focal_point")
COVER_ALT = ("cover_alt", "image_alt", "feature_image_alt")
COVER = (
    "cover", "feature_image", "featured_image", "hero_image", "image", "thumbnail", "banner", "index_img",
)  # fmt: skip
_OTHERS = (
    "series", "form", "slot", "not_before", "publishDate", "expires", "expiryDate", "evergreen", "priority",
    "language", "lang", "call", "circle", "comment_on", "canonical_url", "canonical", "slug", "draft", "published",
    "status", "event", "media", "audio", "video", "channels", "copy", "taxonomies", *FOCAL, *COVER_ALT,
)  # fmt: skip
EVENT = ("start", "begin", "end", "place", "location", "venue", "url")
# What other tools write, so near to a key of ours that it would be taken for a slip.
_OF_OTHER_TOOLS = frozenset(
    "format images updated update created_at layouts headless covers_from statue lastdate categorized tagline "  # noqa: SIM905
    "comment comments updated_date modified_date lastmod modified slugs_from published_by covers".split()
)
_IN_CHINESE = {
    "title": "标题 標題 题目 題目",
    "date": "日期 发布日期 發布日期 发布时间 發布時間",
    "summary": "摘要 简介 簡介 导语 導語",
    "author": "作者 撰文",
    "tags": "标签 標籤 关键词 關鍵詞",
    "categories": "分类 分類",
    "series": "栏目 欄目",
    "cover": "封面 封面图 封面圖 头图 頭圖",
    "focal": "焦点 焦點",
    "cover_alt": "封面说明 封面說明",
    "draft": "草稿",
    "published": "发布 發布",
    "language": "语言 語言",
    "form": "形式 体裁 體裁",
    "slot": "档期 檔期",
    "not_before": "不早于 不早於 最早发布 最早發布",
    "expires": "截止 过期 過期 有效期至",
    "evergreen": "常青 常青稿",
    "priority": "优先级 優先級",
    "canonical_url": "原文 原文链接 原文連結 原文地址",
    "media": "媒体 媒體 附件",
    "audio": "音频 音頻",
    "video": "视频 視頻",
    "channels": "渠道 频道 頻道",
    "call": "引导 引導",
    "comment_on": "点评 點評 互评 互評",
    "circle": "分社群",
    "copy": "可复制 可複製",
    "event": "活动 活動",
    # below 活动 and 渠道
    "start": "开始 開始 时间 時間 开始时间 開始時間",
    "end": "结束 結束 结束时间 結束時間",
    "place": "地点 地點 地址",
    "url": "链接 連結 网址 網址 报名 報名",
    "text": "正文 文字",
    "skip": "跳过 跳過 不发 不發",
}
ALIASES = {alias: key for key, aliases in _IN_CHINESE.items() for alias in aliases.split()}
FORMS = {
    "文章": "article",
    "图文": "article",
    "音频": "audio",
    "視頻": "video",
    "视频": "video",
    "音頻": "audio",
    "活动": "event",
}


@lru_cache(maxsize=512)
def folded(key: str) -> str:
    """`key` without what does not matter: capitals, `_`, `-`, spaces; a Chinese key by its English name."""
    plain = key.lower().replace("_", "").replace("-", "").replace(" ", "")
    return ALIASES.get(plain, plain).replace("_", "")


_TOP = (*TITLE, *DATE, *SUMMARY, *AUTHOR, *TAGS, *CATEGORIES, *COVER, *_OTHERS)
_KNOWN = {folded(key): key for key in _TOP}
_EVENT = {folded(key): key for key in EVENT}
_NEVER_MEANT = {
    folded(key)
    for key in (
        *DATE[1:],
        "custom_excerpt",
        "byline",
        *COVER[1:],
        *COVER_ALT[1:],
        "focal_point",
        "published",
        "taxonomies",
    )
}
_FOREIGN = {folded(key) for key in _OF_OTHER_TOOLS}
# What Pelican, Hexo and others write in a head, beside what is read here.
_OF_HEADS = (
    _KNOWN.keys()
    | _FOREIGN
    | set(
        "layout permalink modified keywords template saveas url translation comments toc mathjax type id subtitle "  # noqa: SIM905
        "aliases weight math top sticky photos".split()
    )
)


def is_known(key: str) -> bool:
    """Whether a head may well have `key`: one that is read here, or one that other tools write."""
    return folded(key) in _OF_HEADS


def meant(key: str, *, event: bool = False) -> str:
    """The key that `key` seems to be a misspelling of, or ""."""
    plain, known = folded(key), _EVENT if event else _KNOWN
    if plain in known or plain in _FOREIGN or len(plain) < 4:
        return ""
    import difflib

    near = difflib.get_close_matches(plain, known.keys() - _NEVER_MEANT, n=1, cutoff=0.8)
    return known[near[0]] if near else ""


def below_event(keys: Iterable[str]) -> list[str]:
    """Those of `keys` that an event has, and that mean nothing beside it."""
    return [key for key in keys if folded(key) in {"start", "place"} and key in ALIASES]
