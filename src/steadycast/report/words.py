"""What the page says, in the community's language: a small catalogue, dates and spans of time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

# One text, or the English pair (for one, for any other number).
Text = str | tuple[str, str]

TEXTS: Mapping[str, tuple[Text, str]] = {  # in English, in Chinese
    "title": ("The record of {name}", "{name} · 履约记录"),
    "desk": ("Output desk", "发稿台"),
    "as_of": ("as of {when}", "截至 {when}"),
    "now": ("Needs you now", "现在需要你"),
    "nothing": ("Nothing waits for a person.", "此刻没有等人处理的事。"),
    "starvation": ("Nothing to publish", "断更"),
    "machinery": ("Machinery", "机器"),
    "refused": ("Refused", "被拒收"),
    "refused_help": (
        "The far side did not take these and never will as they are. Fix the cause, then send again.",
        "对方不收，照原样永远不会收。先改好原因，再重新发送。",
    ),
    "unknown": ("Not known whether it is there", "不知是否已发出"),
    "unknown_help": (
        "Look on the channel. There: give its --url. Not there: --again sends it, --absent leaves it.",
        "请到渠道上看一眼：在，用 --url 给出链接；不在，用 --again 重发，或用 --absent 作罢。",
    ),
    "gap_soon": ("Nothing for a slot of the coming day", "一天之内的空档"),
    "gap_help": (
        "Write a draft that suits it, or approve one: the next intake plans with it.",
        "写一篇或通过一篇合适的稿件，下次收稿时会排上。",
    ),
    "kit": ("Kits to post by hand", "等人发布的物料包"),
    "kit_help": (
        "Open the kit, post it, and confirm with the address of the post.",
        "打开物料包，发布之后登记链接，销单。",
    ),
    "open_kit": ("Open the kit", "打开物料包"),
    "open_draft": ("Open the preview", "打开预览"),
    "lately": ("Went out lately", "最近发出"),
    "empty_lately": ("Nothing went out in the last seven days.", "最近七天没有发出内容。"),
    "on_disk": ("on this machine", "本机文件"),
    "withdrawn": ("withdrawn", "已撤回"),
    "by_hand": ("by hand", "手动发布"),
    "draft": ("Drafts to approve", "待审稿件"),
    "draft_help": ("They are complete, and wait for an editor.", "稿件已完整，等编辑通过。"),
    "problem": ("Cannot be read", "读不进来"),
    "problem_help": ("These drafts and feeds stay out until you fix them.", "改好之前，这些稿件和订阅源不会进入存稿。"),
    "more": ("{n} more", "另有 {n} 项"),
    "due": ("due {when}", "应于 {when}"),
    "came": ("came {when}", "{when} 到稿"),
    "since": ("since {when}", "自 {when}"),
    "hint": ("Fix: {how}", "改法：{how}"),
    "house": ("The house", "编辑部"),
    "on_time": ("on time", "准时率"),
    "on_time_note": ("of {n} owed in the past year", "过去一年应发 {n} 次"),
    "ahead_note": ("{n} out before the hour", "另有 {n} 次已提前发出"),
    "streak": (("{n} in a row", "{n} in a row"), "连更 {n} 期"),
    "streak_days": (("{n} day in a row", "{n} days in a row"), "连更 {n} 天"),
    "streak_note": ("longest {n}", "最长 {n}"),
    "streak_late": ("{n} of them late", "其中迟发 {n}"),
    "streak_label": ("streak", "连更"),
    "runway": ("Runway", "余粮"),
    "runway_days": (("{n} day", "{n} days"), "{n} 天"),
    "runway_note": ("shortest: {series}", "最短：{series}"),
    "runway_slots": (("{n} slot", "{n} slots"), "{n} 期"),
    "waiting": ("waiting", "待办"),
    "waiting_note": ("for a person", "等人处理"),
    "none_owed": ("nothing owed yet", "尚无应发"),
    "year": ("The year, channel by channel", "各渠道这一年"),
    "year_note": (
        "One square a day, to {when}. The outlined square is today; what stands after it is the plan.",
        "一格一天，到 {when}。带框的是今天，其后是排期。",
    ),
    "coming": ("The next four weeks", "未来四周"),
    "first_gap": ("first gap {when}", "首个空档 {when}"),
    "no_gap": ("no gap in sight", "看不到空档"),
    "stock": ("stock {n}", "存稿 {n}"),
    "reserve": ("reserve line {n}", "储备线 {n}"),
    "short": ("under the reserve line", "低于储备线"),
    "chance": ("{p} chance of a gap in 30 days", "30 天内断档可能 {p}"),
    "plan": ("What goes out when", "排期"),
    "mix": ("Who it comes from", "稿件来源"),
    "mix_note": ("The tick shows the ratio that was asked.", "刻度是约定的比例。"),
    "asked": ("asked {ratio}", "约定 {ratio}"),
    "pgc": ("house", "编辑部"),
    "ugc": ("members", "成员"),
    "people": ("Contributors", "供稿人"),
    "last": ("last {when}", "最近 {when}"),
    "pieces": (("{n} piece", "{n} pieces"), "{n} 篇"),
    "m_kept": ("kept", "按时"),
    "m_late": ("late", "迟发"),
    "m_filled": ("filled from reserve", "储备补位"),
    "m_missed": ("missed", "漏发"),
    "m_excused": ("excused", "免发"),
    "m_open": ("not settled", "未定"),
    "m_planned": ("planned", "已排"),
    "m_gap": ("gap", "空档"),
    "legend": ("Legend", "图例"),
    "empty_year": ("No slot has come up yet.", "还没有到过档期。"),
    "empty_plan": ("Nothing is planned. Run: steadycast plan", "还没有排期。请运行 steadycast plan"),
    "no_series": ("There is no series yet. Add one to steadycast.toml.", "还没有栏目，请在 steadycast.toml 里添加。"),
    "no_people": ("Nobody's draft has gone out yet.", "还没有人的稿件发出。"),
    "a_empty": ("{series}: nothing to publish at its next slot.", "{series}：下一档期无稿可发。"),
    "a_low": (
        "{series}: stock {stock} is under the reserve line of {reserve}.",
        "{series}：存稿 {stock}，低于储备线 {reserve}。",
    ),
    "a_never": (
        "{series}: its slots have come up, and nothing was ever published.",
        "{series}：档期已过，却从未发出过一篇。",
    ),
    "a_silent": ("{series}: nothing was published in the last {n} slots.", "{series}：最近 {n} 期都没有发出。"),
    "a_gap": (("First gap {when}, in {n} day.", "First gap {when}, in {n} days."), "首个空档 {when}，还有 {n} 天。"),
    "a_approve": (("{n} draft waits for approval.", "{n} drafts wait for approval."), "{n} 篇待审。"),
    "a_who_fixes": ("Who can fix it: {who}.", "可补救：{who}。"),
    "a_quiet": (
        "Nobody has looked at what is due since {when}: nothing is published while the machinery is down.",
        "自 {when} 起没有运转：机器停着，什么也不会发出。",
    ),
    "a_jumped": (
        (
            "{n} slot is on record as missed since {at}, and nobody had seen it due: {why}",
            "{n} slots are on record as missed since {at}, and nobody had seen them due: {why}",
        ),
        "{at} 有 {n} 个档期记为漏发，此前从未见其到点：{why}",
    ),
    "a_jumped_why": (
        (
            "the look before was at {since}. The machine was off, or its clock jumped. Is the clock right? "
            "What is still in time is planned again once it is."
        ),
        "上一次运转在 {since}，其间停过机，或是时钟跳了。请核对时钟；校准后，仍未过时限的会重新排上。",
    ),
    "a_unknown": (
        (
            "{channel}: for more than a day it is not known whether {n} delivery is there.",
            "{channel}: for more than a day it is not known whether {n} deliveries are there.",
        ),
        "{channel}：有 {n} 次投递一天多了仍不知是否已发出。",
    ),
    "a_refused": (
        ("{channel}: {n} delivery was refused{code}.", "{channel}: {n} deliveries were refused{code}."),
        "{channel}：{n} 次投递被拒收{code}。",
    ),
    "a_feed": ("The feed of {member} could not be read since {when}.", "{member} 的订阅源自 {when} 起读不到。"),
    "a_feed_never": ("The feed of {member} could never be read.", "{member} 的订阅源从未读到过。"),
    "a_fixed": ("Fixed", "已恢复"),
    "made": ("Made by Steadycast from the ledger. Times are {zone}.", "由 Steadycast 据台账生成。时间均为 {zone}。"),
}

WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WEEKDAYS_ZH = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
UNITS = (
    (dt.timedelta(days=1), "d", "天"),
    (dt.timedelta(hours=1), "h", "小时"),
    (dt.timedelta(minutes=1), "min", "分钟"),
)
MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one language. `words(key, n=3)` is the text with its values filled in."""

    chinese: bool

    @property
    def language(self) -> str:
        """For the lang attribute."""
        return "zh-CN" if self.chinese else "en"

    def __call__(self, key: str, **values: object) -> str:
        """The text under `key`; a missing key is a KeyError, so that a test finds it."""
        text = TEXTS[key][self.chinese]
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
        return f"{day.year}年{self.day(day)}" if self.chinese else f"{self.day(day)} {day.year}"

    def from_now(self, at: dt.datetime, now: dt.datetime) -> str:
        """How far off an instant is, in its largest whole unit: 3 天前, in 2 h."""
        away = abs(at - now)
        for unit, short, chinese in UNITS:
            if count := away // unit:
                if self.chinese:
                    return f"{count} {chinese}{'后' if at > now else '前'}"
                return f"in {count} {short}" if at > now else f"{count} {short} ago"
        return "现在" if self.chinese else "now"


def words(language: str) -> Words:
    """The texts for a language tag: Chinese for zh in any form, English for everything else."""
    return Words(language.lower().split("-")[0] == "zh")
