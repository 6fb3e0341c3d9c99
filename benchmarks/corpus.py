"""A corpus of drafts to measure with: 3 to 8 KB of Markdown each, every second one Chinese, always the same bytes.

Draft `i` depends on nothing but `i`: a small corpus is the beginning of a large one.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
from collections.abc import Callable
from pathlib import Path

FIRST_DAY = dt.datetime(2024, 3, 1, 8, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))
LEAST, MOST = 2900, 6600  # bytes of body before the last section is closed

THINGS = {
    "zh": "茶馆 里弄 晒台 书摊 电车 弄堂口 过街楼 老虎灶 梧桐 苏州河 渡口 石库门 票根 广播 夜校 菜场 阁楼 邮筒 旧照片 轮渡".split(),
    "en": "the reading room,a tram ticket,the night school,an old radio,the ferry pier,our bookshelf,a kitchen table,"
    "the corner shop,that photograph,a borrowed dictionary,the rooftop,a paper lantern".split(","),
}
PEOPLE = {
    "zh": "阿婆 老师傅 邻居 读者 编辑 船工 票友 小囡".split(),
    "en": "readers editors neighbours rowers singers tailors".split(),
}
DOES = {
    "zh": "抄下来 念了三遍 记在本子上 讲给大家听 慢慢改好 拍成照片 留到周末 寄给朋友".split(),
    "en": "wrote down,read aloud,kept for Sunday,mended slowly,sent to a friend,copied by hand,argued about".split(","),
}
FRAMES: dict[str, tuple[str, ...]] = {
    "zh": (
        "{who}把{what}的事{do}，{aside}",
        "说起{what}，{who}总要先停一停，{aside}",
        "从{what}走到{what2}，一路上{who}都在{do}，{aside}",
        "我们问{who}，{what}后来怎么样了，回答只有一句：{aside}",
        "没有{what}，也就没有今天的{what2}；{aside}",
        "那一年{what}还在，{who}每天早上{do}，{aside}",
    ),
    "en": (
        "{who} {do} what they knew about {what}, {aside}",
        "before anyone spoke of {what}, {who} had already been to {what2}, {aside}",
        "between {what} and {what2} there is a walk that {who} still take, {aside}",
        "nothing about {what} was simple, and {who} {do} it all, {aside}",
        "when {what} closed, {who} met at {what2} instead, {aside}",
    ),
}
ASIDES = {
    "zh": (
        "这句话后来成了栏目的名字",
        "听的人都笑了",
        "谁也没有急着下结论",
        "录音里能听见雨声",
        "第二天就登了出来",
        "账要一笔一笔算清",
    ),
    "en": (
        "and it stayed that way",
        "which nobody had planned",
        "as the recording shows",
        "and the rain went on",
        "to the last page",
    ),
}
TAGS = {"zh": "读书 走路 早饭 声音 旧物 上海".split(), "en": "reading walking sound objects kitchen letters".split()}
CREDITS = ("顾晚晴", "沈砚", "Mara Lindqvist", "Owen Achterberg", "陆知非")
HEADS = {
    "zh": ("{what}旁边", "再说{what}", "{who}的话", "{what}与{what2}"),
    "en": ("Near {what}", "What {who} said", "From {what} to {what2}"),
}
SIGNS = ("🏮", "📻", "🚋", "📚", "✏️", "👩‍🏫")
CODE = (
    (
        "python",
        'def minutes(walk):\n    return sum(step.seconds for step in walk) / 60\n\nprint(f"{minutes(route):.1f}")',
    ),
    ("toml", '[series.evening]\ntitle = "Evening"\nevery = "day at 20:00"\nchannels = ["site", "feed"]'),
    ("sh", "for page in scans/*.png; do\n  printf '%s\\n' \"$page\"\ndone | sort > pages.txt"),
    ("json", '{\n  "place": "渡口",\n  "open": true,\n  "steps": [3, 5, 8]\n}'),
)


class _Writer:
    """Writes one draft."""

    def __init__(self, i: int) -> None:
        self.random = random.Random(20_260_000 + i)
        self.i = i
        self.tongue = "zh" if i % 2 == 0 else "en"
        self.blocks: tuple[tuple[int, Callable[[], str]], ...] = (
            (50, self.paragraph), (12, self.bullets), (8, self.steps), (8, self.quotation),
            (8, self.code), (7, self.table), (4, self.picture), (3, self.tasks),
        )  # fmt: skip

    def fill(self, frames: tuple[str, ...]) -> str:
        pick, tongue = self.random.choice, self.tongue
        text = pick(frames).format(
            who=pick(PEOPLE[tongue]), what=pick(THINGS[tongue]), what2=pick(THINGS[tongue]), do=pick(DOES[tongue]),
            aside=pick(ASIDES[tongue]),
        )  # fmt: skip
        return text[0].upper() + text[1:]

    def marked(self, text: str) -> str:
        """Some text with a mark here and there."""
        chance = self.random.random()
        if chance < 0.12:
            return f"**{text}**"
        if chance < 0.20:
            return f"*{text}*"
        if chance < 0.32:
            return f"[{text}](https://example.org/{self.random.randrange(5000)}?from=draft&n={self.i % 7})"
        return f"`step({self.random.randrange(90)})` {text}" if chance < 0.38 else text

    def sentence(self) -> str:
        middle = "，" if self.tongue == "zh" else ", "
        end = self.random.choice("。。。！" if self.tongue == "zh" else "...!")
        sign = self.random.choice(SIGNS) if self.random.random() < 0.04 else ""
        return (
            self.marked(self.fill(FRAMES[self.tongue]))
            + middle
            + self.marked(self.random.choice(ASIDES[self.tongue]))
            + sign
            + end
        )

    def paragraph(self) -> str:
        space = "" if self.tongue == "zh" else "\n"  # English prose is wrapped by its editor
        return space.join(self.sentence() for _ in range(self.random.randint(2, 5)))

    def bullets(self) -> str:
        return "\n".join(f"- {self.marked(self.fill(FRAMES[self.tongue]))}" for _ in range(self.random.randint(3, 6)))

    def steps(self) -> str:
        return "\n".join(f"{n}. {self.sentence()}" for n in range(1, self.random.randint(4, 6)))

    def tasks(self) -> str:
        return "\n".join(f"- [{self.random.choice(' x')}] {self.fill(HEADS[self.tongue])}" for _ in range(3))

    def quotation(self) -> str:
        return "\n".join(f"> {line}" for line in self.paragraph().split("\n"))

    def code(self) -> str:
        language, text = self.random.choice(CODE)
        return f"```{language}\n{text}\n```"

    def table(self) -> str:
        head = "| 地方 | 步数 | 备注 |" if self.tongue == "zh" else "| Place | Steps | Note |"
        rows = (
            f"| {self.random.choice(THINGS[self.tongue])} | {self.random.randrange(9000)} | {self.random.choice(ASIDES[self.tongue])} |"
            for _ in range(self.random.randint(3, 6))
        )
        return "\n".join((head, "| --- | ---: | :--- |", *rows))

    def picture(self) -> str:
        """A picture on the web: one beside the draft would measure the picture library, which Hugo does not ask."""
        return f"![{self.random.choice(THINGS[self.tongue])}](https://pictures.example.org/{self.random.randrange(400)}.jpg)"

    def body(self) -> str:
        weights, makers = zip(*self.blocks, strict=True)
        wanted, parts, size = self.random.randint(LEAST, MOST), [self.paragraph()], 0
        while size < wanted:
            parts.append(("## " if self.random.random() < 0.7 else "### ") + self.fill(HEADS[self.tongue]))
            parts += [self.random.choices(makers, weights)[0]() for _ in range(self.random.randint(1, 4))]
            size = sum(len(part.encode()) + 2 for part in parts)
        return "\n\n".join(parts) + "\n"

    def draft(self) -> str:
        tags = self.random.sample(TAGS[self.tongue], self.random.randint(1, 4))
        date = FIRST_DAY + dt.timedelta(minutes=self.i * 7919 % (60 * 24 * 800))
        return (
            f'---\ntitle: "{self.fill(HEADS[self.tongue])} {self.i}"\nauthor: {self.random.choice(CREDITS)}\n'
            f"date: {date.isoformat()}\ntags: [{', '.join(tags)}]\nsummary: {self.fill(FRAMES[self.tongue])}\n"
            f"slug: piece-{self.i:05d}\nlanguage: {self.tongue}\n---\n\n{self.body()}"
        )


def draft(i: int) -> tuple[str, bytes]:
    """(file name, bytes) of draft `i`."""
    return f"piece-{i:05d}.md", _Writer(i).draft().encode()


def write(folder: Path, count: int) -> int:
    """Drafts 0 to `count` - 1 in `folder`; how many bytes they are together. What lies there already is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    for i in range(count):
        name, data = draft(i)
        (folder / name).write_bytes(data)
        total += len(data)
    return total


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("count", type=int)
    options.add_argument("folder", type=Path)
    chosen = options.parse_args()
    print(f"{chosen.count} drafts, {write(chosen.folder, chosen.count) / chosen.count / 1024:.2f} KB each")
