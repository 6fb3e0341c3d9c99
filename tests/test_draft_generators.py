"""What site generators read in a body becomes Markdown where it can, keeps its line, and is told where it cannot."""

from __future__ import annotations

import time

import pytest

from steadycast.draft.generators import in_markdown, left_over


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("{% highlight ruby linenos %}\ndef x\nend\n{% endhighlight %}", "```ruby\ndef x\nend\n```"),
        ('{{< highlight go "linenos=table" >}}\nx := 1\n{{< /highlight >}}', "```go\nx := 1\n```"),
        ("{% highlight md %}\n```\na\n```\n{% endhighlight %}", "````md\n```\na\n```\n````"),
        ("{% highlight ruby %}\nnever ended", "{% highlight ruby %}\nnever ended"),
        ('![a]({{ "/img/a b.png" | relative_url }})', "![a](/img/a%20b.png)"),
        ("![a]({{ site.baseurl }}/a.png)", "![a](/a.png)"),
        ("[a]({{ site.url }}{{ site.baseurl }}/a)", "[a](/a)"),
        ('{{< figure src="a.png" alt="A [cat]" >}}', "![A \\[cat\\]](<a.png>)"),
        ('{{< figure\n  src="a.png"\n  caption="Cat" >}} then', "![Cat](<a.png>)\n\n then"),
        ("{% asset_img a.png A picture %}", "![A picture](<a.png>)"),
        ('{% asset_img left b.jpg 300 200 "A title" "An alt" %}', "![An alt](<b.jpg>)"),
        ("{% asset_img nothing %}", "{% asset_img nothing %}"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("[a]({% post_url 2026-05-01-b %})", "[a](2026-05-01-b.md)"),
        ("[a]({% link _posts/2026-05-01-b.md %})", "[a](_posts/2026-05-01-b.md)"),
        ("[a]({% link files/b.pdf %})", "[a](files/b.pdf)"),
        ('[a]({{< ref "b" >}}) [a]({{% relref "../b.md#c" %}})', "[a](b.md) [a](../b.md#c)"),
        ('[a]({{< ref "#c" >}}) [a]({{< relref path="/posts/b/" >}})', "[a](#c) [a](/posts/b.md)"),
        ('<a href="{{< ref "b" >}}">a</a>\n\n[a]: {{< ref b >}}', '<a href="b.md">a</a>\n\n[a]: b.md'),
        ("[a]({filename}../b.md) [a]({filename}/b.rst)", "[a](../b.md) [a](/b.rst)"),
        ("* TOC\n{:toc}\n\ntext", "\n\n\ntext"),
        ("![a](a.png){: .wide}\n{: .note }", "![a](a.png)\n"),
        # Code, and what only looks like a mark.
        ("`{% raw %}` and ``{{ site.url }}/``", "`{% raw %}` and ``{{ site.url }}/``"),
        ("```\n{% raw %}\n{:toc}\n```", "```\n{% raw %}\n{:toc}\n```"),
        ("text\n\n    {% raw %}", "text\n\n    {% raw %}"),
        ("{{ name }} stays", "{{ name }} stays"),
    ],
)
def test_a_mark_becomes_what_it_means(written: str, meant: str) -> None:
    assert in_markdown(written) == meant
    assert in_markdown(written).count("\n") == written.count("\n"), "an error further down names its own line"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("a\n\n{{< youtube abc >}}", [(3, "{{< youtube abc >}}")]),
        ("{{% notice tip %}}x{{% /notice %}}", [(1, "{{% notice tip %}}"), (1, "{{% /notice %}}")]),
        ("{% include a.html %}", [(1, "{% include a.html %}")]),
        ("[a]({category}b)", [(1, "{category}b")]),
        ("`{% include a %}` in 3{%} or {{ x }}", []),
        ("```\n{{< youtube abc >}}\n```\n", []),
    ],
)
def test_what_nothing_here_reads_is_found(body: str, found: list[tuple[int, str]]) -> None:
    told = list(left_over(body))
    assert [line for line, _, _ in told] == [line for line, _ in found]
    assert all(mark in said and hint for (_, mark), (_, said, hint) in zip(found, told, strict=True))


@pytest.mark.parametrize(
    "mark", ["{% highlight a %}\n", "{{< figure ", "`", "{{ site.url }}", "{%", "``a`\n", "{:", "](a"]
)
def test_a_body_of_marks_costs_no_more_than_its_length(mark: str) -> None:
    """Time by the square of a megabyte would be minutes."""
    body = mark * (300_000 // len(mark))
    began = time.process_time()
    list(left_over(in_markdown(body)))
    assert time.process_time() - began < 20, "a guard against minutes, not a measure"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (
            "见 [[别的 笔记]] 与 [[a#b|那里]]",
            "见 [别的 笔记](%E5%88%AB%E7%9A%84%20%E7%AC%94%E8%AE%B0.md) 与 [那里](a.md)",
        ),
        ("![[images/a.png|200]]", "![](<images/a.png>)"),
        ("[[toc]]", ""),
        ("`[[a]]` x[[0]] [[1]](https://a.example)", "`[[a]]` x[[0]] [[1]](https://a.example)"),
        ("一段 ^abc123", "一段"),
        (":::tip 小贴士\n里面\n:::\n外面", "> [!tip] 小贴士\n> 里面\n\n外面"),
        ("```\n:::tip\n:::\n```", "```\n:::tip\n:::\n```"),
    ],
)
def test_a_note_takers_marks_are_markdown(written: str, meant: str) -> None:
    assert in_markdown(written) == meant


@pytest.mark.parametrize("mark", ["{{ page.title }}", "<Tabs>", "import A from 'a';", "export const x = 3;", ":::tip"])
def test_what_is_left_is_named_every_one_with_its_line(mark: str) -> None:
    assert [line for line, _, _ in left_over(in_markdown(f"一\n\n{mark}\n\n二\n\n{mark}"))] == [3, 7]
    assert not list(left_over("```\n" + mark + "\n```\n\n<BR> <b>a</b>"))
