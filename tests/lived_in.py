"""A community that has been at it for some days: every state that a page of the desk can show, and every address of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from urllib.parse import quote

import letters_platform
from circle_reports import told_by
from pictures import noise
from pipeline_bench import COMMUNITY, FAR, SITE, Bench, article

from steadycast import pipeline
from steadycast.ledger.tables import CommentRow
from steadycast.pipeline import App, accounts, asking, invites, recipients
from steadycast.pipeline.permissions import Act, Role
from steadycast.testing import Clock
from steadycast.workspace import load

DAY = dt.timedelta(days=1)
SETTINGS = (
    COMMUNITY.replace('"Test readers"', '"每日读书会 Daily Readers"').replace('title = "Bob"', 'title = "小波"')
    + """
[members.carol]
title = "Carol"

[[feed]]
member = "carol"
url = "https://carol.example/feed.xml"

[series.daily]
title = "早安六十秒"
every = "day at 20:00"
channels = ["site", "far", "hand"]
late = "3h"
fill = []
mix = { pgc = 1, ugc = 1 }

[series.weekly]
title = "Weekly film"
every = "week on friday at 20:00"
forms = ["video"]
channels = ["site"]
"""
    + SITE
    + FAR.replace('"far"\n', '"far"\ntitle = "公众号"\n')
    + """
[channel.hand]
platform = "paste"
title = "知乎"

[channel.hook]
platform = "hook"
title = "Hook"
url = "HOOK_URL"

[channel.letters]
platform = "letters"
title = "Letters"

[[circle]]
name = "huihua"
title = "绘画营"
path = "../huihua"
leader = "chen-huimin"

[[circle]]
name = "far"
path = "../nowhere"
leader = "Wang"

[[ritual]]
when = "every 30 of daily"
series = "daily"
template = "milestone"

[alarms]
urls = ["ALARM"]

[desk]
url = "https://desk.readers.example"
"""
)
CLASS = """
[class.c16]
title = "周日作业班"
every = "week on sun at 20:00"
start = {start:%Y-%m-%d}
turn = "month"
out = "1 missed"
comment = {{ each = 1 }}
"""
ROSTER = """id,title,class,group
alice,Alice,c16,弄堂
bob,小波,c16,弄堂
carol,Carol,c16,石库门
"""
LONG = "一个很长很长的标题，里面有很长的英文单词 Donaudampfschifffahrtsgesellschaftskapitän，也有一个看不完的网址"
BODY = """**注意：**请看这一段，有[链接](https://example.org/a/very/long/address/that/does/not/break/anywhere/at/all)。

| 左 | 右 |
|---|---|
| 甲 | 乙 |

![弄堂](a.png)

```
一行很长很长的代码，一行很长很长的代码，一行很长很长的代码，一行很长很长的代码，一行很长很长的代码
```
"""
CONTENT: dict[str, str | bytes] = {
    **{f"pgc/{n}.md": article(f"第 {n} 篇：雨后散步", "tags: [上海, 散步]") for n in range(5)},
    "pgc/long.md": article(LONG, body=BODY),
    "pgc/a.png": noise((40, 30)),
    "pgc/ever.md": article("常青的一篇", "evergreen: true"),
    "pgc/half.md": article("没写完", "draft: true"),
    "ugc/bob/waits.md": article("小波的来稿", body="一些话。"),
    "ugc/bob/copy.md": article("第 0 篇：雨后散步"),
    "ugc/bob/no.md": article("Not this one", body="Other words, which nobody wanted."),
    "ugc/bob/bad.md": "---\ntitle: [\n---\n",
}
CAME = (("pages", "daily@2026-11-20T20:00"), ("hook", "daily@2026-11-21T20:00"), (LONG, ""))
PASSWORD = "seven teapots"  # of each person


class LivedIn(Bench):
    """Five evenings of it: kept, refused, in doubt, missed, as kits; drafts on every shelf; members with invites."""

    def __init__(self, root: Path, empty: Path) -> None:
        super().__init__(root, empty)
        begun = pipeline.now() - 5 * DAY
        self.clock = Clock(begun.replace(hour=1, minute=0, second=0, microsecond=0))  # a morning in Shanghai
        letters_platform.brought(self)
        app = self.set_up(SETTINGS + CLASS.format(start=begun - 20 * DAY), CONTENT)
        lin = accounts.add_person(app, "小林", Role.OWNER, PASSWORD, pipeline.now())
        accounts.add_person(app, "wang", Role.EDITOR, PASSWORD, pipeline.now(), series=["daily"])
        accounts.make_token(app, "wang", "a script", Role.READER, pipeline.now())
        accounts.audit(app, lin.name, "desk", pipeline.now(), act=Act.PLAN, subject="slot daily", detail="/skip")
        self.token = invites.make(app, "bob", "editor", pipeline.now()).token
        self.drop("../var/secrets/HOOK_URL", "https://hook.example/s3cret-path")
        self.drop("../../huihua/var/out/report/report.json", told_by("绘画营", pipeline.now(), 3))
        pipeline.circles.look(app, pipeline.now())
        pipeline.hub_asks.leave(app.workspace.content, "总部", "第 1 篇：雨后散步", "A name is in it.", pipeline.now())
        pipeline.collect(app, self.clock.now())
        pipeline.decide(app, ["ugc/bob/no.md"], "reject", by="editor", now=self.clock.now(), why="Too short for us.")
        pipeline.plan(app, self.clock.now())
        for verb in ("accept", "refuse", "fail", "accept"):
            self.far(verb)
            self.clock.advance(self.clock.now().replace(hour=12, minute=0, second=5) - self.clock.now())  # 20:00 there
            pipeline.publish(app)
            self.clock.advance(13 * dt.timedelta(hours=1))
        now = pipeline.now()
        self.clock.advance(now - self.clock.now())
        self.drop("pgc/1.md", article("第 1 篇：雨后散步", body="Edited since."))
        pipeline.collect(app, now)
        pipeline.plan(app, now)
        self.asked = self._ask(app, now)
        counts = [
            f"{(now - n * DAY):%Y-%m-%d},{source},{5 * n + 3},join,{slot}" for n in range(4) for source, slot in CAME
        ]
        pipeline.arrivals.take_table(app, "\n".join(["day,source,n,kind,slot", *counts]).encode(), "counts.csv")
        self._class(app, now)
        pipeline.report(app, now)
        app.ledger.open_alarm("starvation:daily:runway", "starvation", "早安六十秒 runs out of drafts in two days", now)
        app.ledger.ticked(now)

    def _class(self, app: App, now: dt.datetime) -> None:
        """A round that was due an hour ago, with one comment done and one made up; turns that have begun."""
        (self.root / "roster.csv").write_text(ROSTER, encoding="utf-8")
        due, piece = now - 30 * dt.timedelta(hours=1), app.ledger.draft("ugc/bob/waits.md")
        assert piece is not None
        self.round = f"c16@{due.astimezone(app.workspace.community.zone):%Y-%m-%dT%H:%M}"
        app.ledger.put_round(
            CommentRow(the_class="c16", slot=self.round, reviewer=one, author=other, draft=piece.id, due=now - DAY / 24)
            for one, other in (("alice", "bob"), ("bob", "carol"), ("carol", "alice"))
        )
        pipeline.rounds.say_done(app, "alice", "bob", now)
        pipeline.turns.see_to(app, now)
        app.ledger.set_meta("looked:content", (now - 10 * dt.timedelta(minutes=1)).isoformat())
        pipeline.classes.judge_all(app, now)

    def _ask(self, app: App, now: dt.datetime) -> list[str]:
        """Slots for which a member is asked: without an answer, with a yes, with a no."""
        free = [slot for slot in app.ledger.slots_between(now + DAY, now + 20 * DAY, series="daily") if not slot.draft]
        for slot, word in zip(free[1:4], (None, True, False), strict=True):
            made = asking.ask(app, slot.id, "bob", now, by="editor", note=LONG)
            if word is not None:
                asking.answer(app, made.id, "bob", now, takes=word)
        return [slot.id for slot in free[1:4]]

    def addresses(self) -> dict[str, list[str]]:
        """Of each address that has parameters, examples, in every state that looks different."""
        with App(load(self.root)) as app:
            now = pipeline.now()
            drafts = {row.path: row.id for row in app.ledger.drafts()}
            slots = app.ledger.slots_between(now - 6 * DAY, now + 20 * DAY, series="daily")
            sent = app.ledger.deliveries()
            leaving = recipients.subscribers(app, "letters")
            assert leaving is not None
            reader = leaving.token("ann@a.example")
        coming = [slot for slot in slots if slot.at > now + dt.timedelta(minutes=5)]
        full = next(slot for slot in coming if slot.draft)
        empty = next(slot for slot in coming if not slot.draft)
        past = next(slot for slot in slots if slot.at < now)
        out = next(row for row in sent if row.state == "published" and row.channel == "far")
        shown = (full, empty, past)
        return {
            "/calendar": [
                "/calendar",
                "/calendar?view=week",
                f"/calendar?view=list&from={(now - 6 * DAY):%Y-%m-%d}",
                f"/calendar?month={(now - 40 * DAY):%Y-%m}",
            ],
            "/slots/{id}": [f"/slots/{quote(id)}" for id in (*(slot.id for slot in shown), *self.asked)],
            "/slots/{id}/take": [f"/slots/{quote(full.id)}/take?draft={drafts['pgc/ever.md']}&holds={full.draft}"],
            "/slots/{id}/publish": [f"/slots/{quote(full.id)}/publish"],
            "/skip": [f"/skip?series=daily&day={empty.local[:10]}&because=年会"],
            "/drafts": [
                *(f"/drafts?shelf={shelf}" for shelf in ("inbox", "stock", "reserve", "archive", "all")),
                "/drafts?q=nothing",
            ],
            "/drafts/{id}": [
                f"/drafts/{drafts[path]}"
                for path in ("pgc/long.md", "pgc/1.md", "ugc/bob/waits.md", "ugc/bob/copy.md", "ugc/bob/no.md")
            ],
            "/drafts/fix": ["/drafts/fix?file=ugc/bob/bad.md"],
            "/drafts/{id}/text": [f"/drafts/{drafts['pgc/long.md']}/text"],
            "/drafts/{id}/problems": [f"/drafts/{drafts['pgc/long.md']}/problems"],
            "/drafts/{id}/media/{n}": [f"/drafts/{drafts['pgc/long.md']}/media/0"],
            "/drafts/{id}/amend": [
                f"/drafts/{out.draft}/amend?verb={verb}&channel=far" for verb in ("withdraw", "revise")
            ],
            "/settings/people/{name}": ["/settings/people/wang"],
            "/kits/{marker}": [f"/kits/{row.marker}" for row in sent if row.state == "handed"][:1],
            "/write": ["/write", "/write?member=bob&series=daily"],
            "/write/{id}": [f"/write/{drafts['pgc/long.md']}"],
            "/record": ["/record", "/record?channels=all"],
            "/record/series/{name}": ["/record/series/daily"],
            "/channels/{name}": ["/channels/far", "/channels/hook"],
            "/arrivals": ["/arrivals", "/arrivals?days=365"],
            "/circles": ["/circles"],
            "/log": ["/log", "/log?state=person"],
            "/deliveries/{key}": [
                f"/deliveries/{next(row.marker for row in sent if row.state == state)}"
                for state in ("published", "unknown", "refused", "handed")
            ],
            "/fair": ["/fair"],
            "/members/{name}": ["/members/bob", "/members/carol"],
            "/m/{token}": [f"/m/{self.token}"],
            "/m/{token}/hand-ins/{id}": [f"/m/{self.token}/hand-ins/{drafts['ugc/bob/waits.md']}"],
            "/classes": ["/classes"],
            "/classes/{name}": ["/classes/c16"],
            "/classes/{name}/round": ["/classes/c16/round"],
            "/classes/{name}/hand-over": ["/classes/c16/hand-over", "/classes/c16/hand-over?period=2026-01"],
            "/leave/{channel}/{token}": [f"/leave/letters/{reader}"],
            "/settings": ["/settings"],
            "/settings/fair": ["/settings/fair"],
            "/settings/series/{name}": ["/settings/series/daily"],
            "/settings/channels/{name}": ["/settings/channels/far", "/settings/channels/hook"],
            "/settings/channels/{name}/upload": [
                "/settings/channels/site/upload",
                "/settings/channels/site/upload?way=git%2Bssh",
            ],
            "/settings/new-channel/{platform}": ["/settings/new-channel/hook", "/settings/new-channel/pages"],
            "/settings/members/{name}": ["/settings/members/carol"],
            "/start/channels/{platform}": ["/start/channels/hook"],
        }
