"""What the page says, in the community's language: a small catalogue, dates and spans of time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

# One text, or the English pair (for one, for any other number).
Text = str | tuple[str, str]

EN: Mapping[str, Text] = {
    "title": "The record of {name}",
    "desk": "Output desk",
    "as_of": "as of {when}",
    "now": "Needs you now",
    "nothing": "Nothing waits for a person.",
    "alarm": ("alarm", "alarms"),
    "starvation": "Nothing to publish",
    "machinery": "Machinery",
    "refused": "Refused",
    "refused_help": "The far side did not take these and never will as they are. Fix the cause, then send again.",
    "unknown": "Not known whether it is there",
    "unknown_help": "Look on the channel. There: give its --url. Not there: --again sends it, --absent leaves it.",
    "gap_soon": "Nothing for a slot of the coming day",
    "gap_help": "Write a draft that suits it, or approve one: the next intake plans with it.",
    "kit": "Kits to post by hand",
    "kit_help": "Open the kit, post it, and confirm with the address of the post.",
    "open_kit": "Open the kit",
    "open_draft": "Open the preview",
    "lately": "Went out lately",
    "empty_lately": "Nothing went out in the last seven days.",
    "on_disk": "on this machine",
    "withdrawn": "withdrawn",
    "by_hand": "by hand",
    "draft": "Drafts to approve",
    "draft_help": "They are complete, and wait for an editor.",
    "problem": "Cannot be read",
    "problem_help": "These drafts and feeds stay out until you fix them.",
    "more": "{n} more",
    "due": "due {when}",
    "came": "came {when}",
    "since": "since {when}",
    "hint": "Fix: {how}",
    "house": "The house",
    "on_time": "on time",
    "on_time_note": "of {n} owed in the past year",
    "ahead_note": "{n} out before the hour",
    "streak": ("{n} in a row", "{n} in a row"),
    "streak_days": ("{n} day in a row", "{n} days in a row"),
    "streak_note": "longest {n}",
    "streak_late": "{n} of them late",
    "streak_label": "streak",
    "runway": "Runway",
    "runway_days": ("{n} day", "{n} days"),
    "runway_note": "shortest: {series}",
    "runway_slots": ("{n} slot", "{n} slots"),
    "waiting": "waiting",
    "waiting_note": "for a person",
    "none_owed": "nothing owed yet",
    "year": "The year, channel by channel",
    "year_note": "One square a day, to {when}. The outlined square is today; what stands after it is the plan.",
    "coming": "The next four weeks",
    "first_gap": "first gap {when}",
    "no_gap": "no gap in sight",
    "stock": "stock {n}",
    "reserve": "reserve line {n}",
    "short": "under the reserve line",
    "chance": "{p} chance of a gap in 30 days",
    "plan": "What goes out when",
    "gap": "gap",
    "mix": "Who it comes from",
    "mix_note": "The tick shows the ratio that was asked.",
    "asked": "asked {ratio}",
    "pgc": "house",
    "ugc": "members",
    "people": "Contributors",
    "last": "last {when}",
    "pieces": ("{n} piece", "{n} pieces"),
    "m_kept": "kept",
    "m_late": "late",
    "m_filled": "filled from reserve",
    "m_missed": "missed",
    "m_excused": "excused",
    "m_open": "not settled",
    "m_planned": "planned",
    "m_gap": "gap",
    "m_none": "no slot",
    "legend": "Legend",
    "empty_year": "No slot has come up yet.",
    "empty_plan": "Nothing is planned. Run: steadycast plan",
    "no_series": "There is no series yet. Add one to steadycast.toml.",
    "no_people": "Nobody's draft has gone out yet.",
    "a_empty": "{series}: nothing to publish at its next slot.",
    "a_low": "{series}: stock {stock} is under the reserve line of {reserve}.",
    "a_never": "{series}: its slots have come up, and nothing was ever published.",
    "a_silent": "{series}: nothing was published in the last {n} slots.",
    "a_gap": ("First gap {when}, in {n} day.", "First gap {when}, in {n} days."),
    "a_approve": ("{n} draft waits for approval.", "{n} drafts wait for approval."),
    "a_who_fixes": "Who can fix it: {who}.",
    "a_quiet": "No tick since {when}: nothing is published while the machinery is down.",
    "a_jumped": (
        "{n} slot is on record as missed since {at}, and no tick had seen it due: {why}",
        "{n} slots are on record as missed since {at}, and no tick had seen them due: {why}",
    ),
    "a_jumped_why": (
        "the tick before was at {since}. The machine was off, or its clock jumped. Is the clock right? "
        "What is still in time is planned again once it is."
    ),
    "a_unknown": (
        "{channel}: for more than a day it is not known whether {n} delivery is there.",
        "{channel}: for more than a day it is not known whether {n} deliveries are there.",
    ),
    "a_refused": ("{channel}: {n} delivery was refused{code}.", "{channel}: {n} deliveries were refused{code}."),
    "a_feed": "The feed of {member} could not be read since {when}.",
    "a_feed_never": "The feed of {member} could never be read.",
    "a_fixed": "Fixed",
    "made": "Made by Steadycast from the ledger. Times are {zone}.",
}

ZH: Mapping[str, Text] = {
    "title": "{name} · 履约记录",
    "desk": "发稿台",
    "as_of": "截至 {when}",
    "now": "现在需要你",
    "nothing": "此刻没有等人处理的事。",
    "alarm": "告警",
    "starvation": "断更",
    "machinery": "机器",
    "refused": "被拒收",
    "refused_help": "对方不收，照原样永远不会收。先改好原因，再重新发送。",
    "unknown": "不知是否已发出",
    "unknown_help": "请到渠道上看一眼：在，用 --url 给出链接；不在，用 --again 重发，或用 --absent 作罢。",
    "gap_soon": "一天之内的空档",
    "gap_help": "写一篇或通过一篇合适的稿件，下次收稿时会排上。",
    "kit": "等人发布的物料包",
    "kit_help": "打开物料包，发布之后登记链接，销单。",
    "open_kit": "打开物料包",
    "open_draft": "打开预览",
    "lately": "最近发出",
    "empty_lately": "最近七天没有发出内容。",
    "on_disk": "本机文件",
    "withdrawn": "已撤回",
    "by_hand": "手动发布",
    "draft": "待审稿件",
    "draft_help": "稿件已完整，等编辑通过。",
    "problem": "读不进来",
    "problem_help": "改好之前，这些稿件和订阅源不会进入存稿。",
    "more": "另有 {n} 项",
    "due": "应于 {when}",
    "came": "{when} 到稿",
    "since": "自 {when}",
    "hint": "改法：{how}",
    "house": "编辑部",
    "on_time": "准时率",
    "on_time_note": "过去一年应发 {n} 次",
    "ahead_note": "另有 {n} 次已提前发出",
    "streak": "连更 {n} 期",
    "streak_days": "连更 {n} 天",
    "streak_note": "最长 {n}",
    "streak_late": "其中迟发 {n}",
    "streak_label": "连更",
    "runway": "余粮",
    "runway_days": "{n} 天",
    "runway_note": "最短：{series}",
    "runway_slots": "{n} 期",
    "waiting": "待办",
    "waiting_note": "等人处理",
    "none_owed": "尚无应发",
    "year": "各渠道这一年",
    "year_note": "一格一天，到 {when}。带框的是今天，其后是排期。",
    "coming": "未来四周",
    "first_gap": "首个空档 {when}",
    "no_gap": "看不到空档",
    "stock": "存稿 {n}",
    "reserve": "储备线 {n}",
    "short": "低于储备线",
    "chance": "30 天内断档可能 {p}",
    "plan": "排期",
    "gap": "空档",
    "mix": "稿件来源",
    "mix_note": "刻度是约定的比例。",
    "asked": "约定 {ratio}",
    "pgc": "编辑部",
    "ugc": "成员",
    "people": "供稿人",
    "last": "最近 {when}",
    "pieces": "{n} 篇",
    "m_kept": "按时",
    "m_late": "迟发",
    "m_filled": "储备补位",
    "m_missed": "漏发",
    "m_excused": "免发",
    "m_open": "未定",
    "m_planned": "已排",
    "m_gap": "空档",
    "m_none": "无档期",
    "legend": "图例",
    "empty_year": "还没有到过档期。",
    "empty_plan": "还没有排期。请运行 steadycast plan",
    "no_series": "还没有栏目，请在 steadycast.toml 里添加。",
    "no_people": "还没有人的稿件发出。",
    "a_empty": "{series}：下一档期无稿可发。",
    "a_low": "{series}：存稿 {stock}，低于储备线 {reserve}。",
    "a_never": "{series}：档期已过，却从未发出过一篇。",
    "a_silent": "{series}：最近 {n} 期都没有发出。",
    "a_gap": "首个空档 {when}，还有 {n} 天。",
    "a_approve": "{n} 篇待审。",
    "a_who_fixes": "可补救：{who}。",
    "a_quiet": "自 {when} 起没有运转：机器停着，什么也不会发出。",
    "a_jumped": "{at} 有 {n} 个档期记为漏发，此前从未见其到点：{why}",
    "a_jumped_why": ("上一次运转在 {since}，其间停过机，或是时钟跳了。请核对时钟；校准后，仍未过时限的会重新排上。"),
    "a_unknown": "{channel}：有 {n} 次投递一天多了仍不知是否已发出。",
    "a_refused": "{channel}：{n} 次投递被拒收{code}。",
    "a_feed": "{member} 的订阅源自 {when} 起读不到。",
    "a_feed_never": "{member} 的订阅源从未读到过。",
    "a_fixed": "已恢复",
    "made": "由 Steadycast 据台账生成。时间均为 {zone}。",
}

WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WEEKDAYS_ZH = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one language. `words(key, n=3)` is the text with its values filled in."""

    language: str  # for the lang attribute
    texts: Mapping[str, Text]
    chinese: bool

    def __call__(self, key: str, **values: object) -> str:
        """The text under `key`; a missing key is a KeyError, so that a test finds it."""
        text = self.texts[key]
        if not isinstance(text, str):
            text = text[0 if values.get("n") == 1 else 1]
        return text.format(**values)

    def weekday(self, day: dt.date) -> str:
        """The day of the week, short."""
        return (WEEKDAYS_ZH if self.chinese else WEEKDAYS_EN)[day.weekday()]

    def month(self, day: dt.date) -> str:
        """The month, short."""
        return f"{day.month}月" if self.chinese else MONTHS_EN[day.month - 1]

    def month_day(self, day: dt.date) -> str:
        """A date without its year and weekday: 11月27日, 27 Nov."""
        return f"{day.month}月{day.day}日" if self.chinese else f"{day.day} {self.month(day)}"

    def day(self, day: dt.date) -> str:
        """A date without its year: 11月27日 周五, Fri 27 Nov."""
        if self.chinese:
            return f"{self.month_day(day)} {self.weekday(day)}"
        return f"{self.weekday(day)} {self.month_day(day)}"

    def instant(self, at: dt.datetime) -> str:
        """A date and time without its year."""
        return f"{self.day(at.date())} {at:%H:%M}"

    def full_date(self, day: dt.date) -> str:
        """A date with its year."""
        if self.chinese:
            return f"{day.year}年{self.day(day)}"
        return f"{self.day(day)} {day.year}"

    def from_now(self, at: dt.datetime, now: dt.datetime) -> str:
        """How far off an instant is, in its largest whole unit: 3 天前, in 2 h."""
        seconds = (at - now).total_seconds()
        size = abs(seconds)
        for unit, short, chinese in ((86400, "d", "天"), (3600, "h", "小时"), (60, "min", "分钟")):
            if size >= unit:
                count = int(size // unit)
                if self.chinese:
                    return f"{count} {chinese}{'后' if seconds > 0 else '前'}"
                return f"in {count} {short}" if seconds > 0 else f"{count} {short} ago"
        return "现在" if self.chinese else "now"


def words(language: str) -> Words:
    """The catalogue for a language tag: Chinese for zh in any form, English for everything else."""
    chinese = language.lower().split("-")[0] == "zh"
    return Words("zh-CN" if chinese else "en", ZH if chinese else EN, chinese)
