"""One draft of each form through every platform there is: the real pipeline, real HTTP, each far side a platform's own.

STEADYCAST_MATRIX=FOLDER keeps what came out, to be looked at: FOLDER/workspace/var/out has the sites, feeds, letters and
kits, FOLDER/sent what each far side was sent.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from platform_bench import PLATFORMS, ROOT, ZONE

from steadycast import pipeline
from steadycast.ledger.store import State
from steadycast.pipeline.app import App
from steadycast.platform import registry
from steadycast.testing import Clock, FakeServer, workspace
from steadycast.testing.bench import NOBODY, SAMPLES

pytestmark = [pytest.mark.slow, pytest.mark.parallel, pytest.mark.every_platform]

SAMPLE = ROOT / "content"
PUBLIC = "https://huyu.example/"
COMMUNITY = f"""
[community]
name = "沪语读书会"
timezone = "Asia/Shanghai"
language = "zh-CN"
url = "{PUBLIC}"
email = "desk@huyu.example"

[call.join]
text = "一起读书：回复「读书会」入群"
url = "{PUBLIC}join"

[members.lin-awei]
title = "林阿威"
trusted = true
"""
SERIES = {  # form -> the sample's series of it, and its hour
    "article": ("daily", "每日一文", 8),
    "audio": ("morning", "早安六十秒", 9),
    "video": ("video", "周五视频", 10),
    "event": ("club", "读书会", 11),
}
TITLES = {
    "article": "弄堂里的称呼",
    "audio": "早安｜阿拉",
    "video": "苏州河，走一段读一段",
    "event": "十二月读书会：海上花开头四回",
}
DAY = dt.datetime(2026, 11, 29, tzinfo=ZONE)
LOOKS = (0, 20, 40)  # minutes after the hour at which a worker comes by
THERE = {State.PUBLISHED, State.SEEN, State.HANDED}
LONG = """---
title: 弄堂里的称呼
summary: 一条弄堂里，叫人比做人先学。
tags: [沪语, 称呼]
cover: images/bridge.jpg
cover_alt: 苏州河上的铁桥
---

一条弄堂里，**叫人**比做人先学。[第一回](https://example.org/lane?a=1&b=2)搬进来，姆妈牵着我的手，一家一家叫过去。

![苏州河上的铁桥](images/bridge.jpg)

## 一、阿婆勿一定是外婆

“阿婆”不念 *āpó*，念 `aq bu`。In Shanghainese it is a courtesy, not a kinship term——中英混排也要好看。

> 吾伲讲言话，言话养吾伲。

- 年纪大的女客：**阿婆**
- 同辈：阿哥、阿姐

| 称呼 | 读音 | 啥人 |
|---|---|---|
| 阿婆 | aq bu | 祖母辈的女邻居 |
| 小囡 | xiau noe | 人家的小孩 |

1. 平辈用“侬”；
2. 长辈也用“侬”，但要先叫一声。

```python
for word in lane:
    print(word.tone)  # 一行蛮长的代码，看横向滚动是不是只在代码块里
```

未完，下趟再讲[^1]。

[^1]: 读音按《上海话大词典》的拼式。
"""


@dataclass
class Matrix:
    """The workspace, its far sides by the channel's name, and how many of their requests were kept already."""

    app: App
    clock: Clock
    fakes: dict[str, FakeServer]
    sent: Path
    kept: dict[str, int] = field(default_factory=dict)

    def evening(self, form: str) -> None:
        """A worker comes by a few times from the slot's hour on; what it sent is kept."""
        for minute in LOOKS:
            at = DAY.replace(hour=SERIES[form][2], minute=minute, second=5)
            self.clock.advance(at - self.clock.now())
            pipeline.publish(self.app)
            pipeline.verify(self.app, at)
        for name, fake in self.fakes.items():
            fresh = fake.requests[self.kept.get(name, 0) :]
            self.kept[name] = len(fake.requests)
            if fresh:
                self.sent.mkdir(parents=True, exist_ok=True)
                lines = (f"{r.method} {r.path}\n".encode() + r.body + b"\n\n" for r in fresh)
                (self.sent / f"{name}-{form}").write_bytes(b"".join(lines))


def content() -> dict[str, str | bytes]:
    """The sample's own audio, video and event, and an article that has everything."""
    found: dict[str, str | bytes] = {"ugc/lin-awei/names.md": LONG}
    for folder in ("morning", "video", "club"):
        found |= {f"pgc/images/{p.name}": p.read_bytes() for p in (SAMPLE / "pgc" / folder / "images").iterdir()}
    found["ugc/lin-awei/images/bridge.jpg"] = found["pgc/images/bridge.jpg"]
    for name in ("morning/001-aq-la.md", "morning/001-aq-la.mp3", "video/creek-walk.md", "video/creek-walk.mp4"):
        found[f"pgc/{name.rpartition('/')[2]}"] = (SAMPLE / "pgc" / name).read_bytes()
    club = (SAMPLE / "pgc" / "club" / "2026-12-haishanghua.md").read_text(encoding="utf-8")
    found["pgc/club.md"] = club.replace("2026-12-05T", "2026-12-01T")  # a slot announces what is near
    return found


def channel(name: str, fake: FakeServer | None, monkeypatch: pytest.MonkeyPatch) -> str:
    """The lines of a channel with the platform's own name."""
    spec = PLATFORMS[name]
    given = dict(fake.settings()) if fake else {}
    for setting in spec.settings.values():
        if setting.required and not setting.secret and setting.name not in given:
            given[setting.name] = setting.choices[0] if setting.choices else SAMPLES[setting.type]
    if fake is None and "url" in spec.settings and not spec.settings["url"].secret:
        given["url"] = PUBLIC
    secrets = fake.secrets() if fake else {s.name: NOBODY for s in spec.settings.values() if s.secret and s.required}
    for secret, value in secrets.items():
        given[secret] = re.sub(r"\W", "_", f"{name}_{secret}").upper()
        monkeypatch.setenv(given[secret], value)
    return "\n".join([f"[channel.{name}]", f'platform = "{name}"', *(f"{k} = {toml(v)}" for k, v in given.items()), ""])


def toml(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml(v) for v in value)}]"
    return str(value) if isinstance(value, int) else f'"{value}"'


@pytest.fixture
def matrix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Matrix]:
    """Every platform is a channel of the series of each form that it takes; nothing is out yet."""
    base = Path(os.environ.get("STEADYCAST_MATRIX") or tmp_path)
    with contextlib.ExitStack() as stack:
        fakes: dict[str, FakeServer] = {}
        for name, spec in PLATFORMS.items():
            if (made := registry.fake(spec)) is not None and issubclass(made, FakeServer):
                fakes[name] = stack.enter_context(made())
        settings = COMMUNITY
        for form, (series, title, hour) in SERIES.items():
            names = sorted(name for name, spec in PLATFORMS.items() if form in spec.forms)
            settings += f'\n[series.{series}]\ntitle = "{title}"\nevery = "day at {hour:02}:00"\nforms = ["{form}"]\n'
            settings += f'channels = {toml(names)}\nlate = "6h"\n'
        settings += "\n".join(channel(name, fakes.get(name), monkeypatch) for name in sorted(PLATFORMS))
        clock = Clock(DAY.replace(hour=7))
        app = stack.enter_context(App(workspace(base / "workspace", settings, content()), clock=clock))
        assert pipeline.collect(app, clock.now()).problems == ()
        pipeline.plan(app, clock.now())
        yield Matrix(app, clock, fakes, base / "sent")
        assert not [fake.broken[0] for fake in fakes.values() if fake.broken]


def test_every_form_goes_out_on_every_platform_that_takes_it_once(matrix: Matrix) -> None:
    """Published, or handed to a person; a second look sends nothing; each far side shows the draft by its name, with its call."""
    for form, (series, _, hour) in SERIES.items():
        matrix.evening(form)
        rows = matrix.app.ledger.deliveries()
        states = {r.channel: (r.state, r.message) for r in rows if r.slot == f"{series}@{DAY:%Y-%m-%d}T{hour:02}:00"}
        assert sorted(states) == sorted(name for name, spec in PLATFORMS.items() if form in spec.forms)
        assert {name: state for name, state in states.items() if state[0] not in THERE} == {}
        for name in sorted(set(states) & set(matrix.fakes)):
            assert shown(matrix.fakes[name], TITLES[form]), f"{name} has no {form} with its title"
    for name, fake in matrix.fakes.items():
        call = PLATFORMS[name].call
        assert shown(fake, "入群") is (call != "none"), f"{name} and its call"
        assert shown(fake, "utm_content=2026-11-29T") is (call == "link"), f"{name} and where its call leads"
    posts = {name: len(fake.posts()) for name, fake in matrix.fakes.items()}
    pipeline.publish(matrix.app)
    assert {name: len(fake.posts()) for name, fake in matrix.fakes.items()} == posts


def shown(fake: FakeServer, title: str) -> bool:
    """Whether a reader of the far side sees that title, in whatever field it stands there."""
    return any(title in repr(post) for post in fake.posts())
