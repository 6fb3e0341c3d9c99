"""Rules about one delivery: lost answers, threads, limits, and a post that is changed or taken away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

from steadycast.errors import Busy, Refused, Unknown
from steadycast.language import gettext as _
from steadycast.platform import Known, Post, Receipt, count
from steadycast.testing.bench import Bench, Delivery, outcome
from steadycast.testing.broken import hold, named, needs
from steadycast.testing.fake_server import READS, FakeServer, Seen

MOST_REQUESTS = 12  # of one publish that are cut one by one


def changing(fake: FakeServer) -> int:
    """How many requests came that may change something."""
    return sum(request.method not in READS for request in fake.requests)


def of(fake: FakeServer, post: Post) -> list[Seen]:
    """What is there of a post; a fake whose readers see no marker has the bench's one post alone."""
    return [seen for seen in fake.posts() if seen.key in ("", post.key)]


@needs("fake")
def a_publish_is_seen(bench: Bench) -> None:
    """What is published is what a reader sees: once, each part in its order, with the post's own words."""
    with bench.far() as fake:
        assert fake
        delivery = bench.delivery(bench.post(), fake)
        delivery.publish()
        _whole(fake, delivery.post, _("published once"))
        if "image" in bench.spec.media and delivery.post.of("image"):
            hint = _("is each file of post.media sent, and named in Seen.media?")
            hold(any(seen.media for seen in of(fake, delivery.post)), _("its pictures are not there"), hint)


@needs("fake")
def a_lost_answer_doubles_nothing(bench: Bench) -> None:
    """Whichever answer is lost after it was accepted, the post is there once in the end, or waits for a person."""
    with bench.far() as fake:
        assert fake
        clean = bench.delivery(bench.post(), fake)
        clean.publish()
        total, whole = changing(fake), len(of(fake, clean.post))
    hold(total, _("publish sends no request that changes something"), _("a GET may be made again by whoever likes"))
    for n in range(min(total, MOST_REQUESTS)):
        with bench.far() as fake:
            assert fake
            delivery = bench.delivery(bench.post(), fake)
            fake.accept_then_cut(after=n)
            first = outcome(delivery.publish)
            which = _("the answer to request %(n)s of %(total)s was lost", n=n + 1, total=total)
            there = len(of(fake, delivery.post))
            hold(
                not (there and isinstance(first, Busy | Refused)) or bench.spec.delivery == "conditional",
                _("%(which)s: publish raised %(answer)s, and the post is there", which=which, answer=named(first)),
                _("what may have been accepted is Unknown: is the request that publishes marked repeatable?"),
                cause=first,
            )
            _settled(bench, delivery, fake, which, whole)


def _settled(bench: Bench, delivery: Delivery, fake: FakeServer, which: str, whole: int) -> None:
    """However often it is tried and looked for, it is there once; where only a person could tell, once at most.

    `whole` is how many posts are there of it when nothing goes wrong: the parts of a thread, or one.
    """
    receipt = delivery.settle()
    there = of(fake, delivery.post)
    hold(len(there) <= whole, f"{which}: {_times(len(there), whole)}", _("let find() look for it"), "find")
    if receipt is None:
        blind = bench.spec.delivery == "blind" or not bench.spec.read_back
        hold(
            blind,
            _("%(which)s: neither publish nor find came to an end", which=which),
            _("let find() look for post.key"),
            "find",
        )
    else:
        hint = _("of a thread find() gives Receipt(parts=...), also when it is not whole")
        hold(
            len(there) == whole,
            _("%(which)s: it ended with %(posts)s", which=which, posts=_times(len(there), whole)),
            hint,
            "find",
        )
        _whole(fake, delivery.post, which)


def _times(there: int, whole: int) -> str:
    return (
        _("%(there)s of %(whole)s parts there", there=there, whole=whole)
        if there < whole
        else _("%(there)s posts there, where %(whole)s should be", there=there, whole=whole)
    )


def _is_thread(there: Sequence[Seen]) -> bool:
    return any(seen.parent for seen in there)


def _whole(fake: FakeServer, post: Post, which: str) -> None:
    """The post is there once, or each part of it, each below the one before."""
    there = of(fake, post)
    hold(there, _("%(which)s: a reader sees no post of it", which=which), _("is Seen.key the post's key, or empty?"))
    if not _is_thread(there):
        hold(len(there) == 1, _("%(which)s: the post is there %(n)s times", which=which, n=len(there)))
        return
    hold(
        len(there) == len(post.parts),
        _("%(which)s: %(n)s of %(whole)s parts are there", which=which, n=len(there), whole=len(post.parts)),
    )
    for above, seen in pairwise(there):
        hold(
            seen.parent == above.id,
            _("%(which)s: part %(id)s does not answer the part before it", which=which, id=seen.id),
        )
    for text, seen in zip(post.parts, there, strict=True):
        hold(
            _letters(text) <= _letters(seen.text),
            _("%(which)s: part %(id)s does not say what was sent", which=which, id=seen.id),
        )


def _letters(text: str) -> set[str]:
    return set(text.split())


@needs("fake", "thread")
def a_thread_goes_on_in_its_middle(bench: Bench) -> None:
    """A thread whose answer was lost in its middle goes on after the parts that are there, and doubles none."""
    parts = 3
    for cut in range(1, parts + 1):
        with bench.far() as fake:
            assert fake
            delivery = bench.delivery(bench.thread(parts), fake)
            delivery.publish()
            _whole(fake, delivery.post, _("a thread"))
            sent, whole = changing(fake), len(of(fake, delivery.post))
            step = max(1, sent // max(1, len(delivery.post.parts)))
        with bench.far() as fake:
            assert fake
            delivery = bench.delivery(bench.thread(parts), fake)
            fake.accept_then_cut(after=min(sent - 1, cut * step - 1))
            outcome(delivery.publish)
            _settled(bench, delivery, fake, _("a thread cut at part %(cut)s", cut=cut), whole)


@needs("fake", "thread")
def a_thread_that_waits_goes_on(bench: Bench) -> None:
    """A far side that is busy in the middle of a thread gets the rest later, each part once."""
    with bench.far() as fake:
        assert fake
        clean = bench.delivery(bench.thread(), fake)
        clean.publish()
        whole = len(of(fake, clean.post))
    with bench.far() as fake:
        assert fake
        delivery = bench.delivery(bench.thread(), fake)
        fake.busy(1, after=1)
        first = outcome(delivery.publish)
        hold(isinstance(first, Busy), _("a 429 for the second part gave %(answer)s", answer=named(first)), cause=first)
        _settled(bench, delivery, fake, _("a thread that had to wait"), whole)


@needs("fake", "a limit")
def a_text_that_fills_its_limit_is_taken(bench: Bench) -> None:
    """A text of exactly the limit goes out as it is: the adapter adds nothing to what was measured."""
    limit = bench.spec.limits["text"]
    plain = bench.post()
    text = "沪" * limit.max
    while count(text, limit) > limit.max:
        text = text[: max(1, len(text) * limit.max // count(text, limit))] if len(text) > 1 else ""
    with bench.far() as fake:
        assert fake
        delivery = bench.delivery(replace(plain, text=text, parts=(text,)), fake)
        answer = outcome(delivery.publish)
        hold(
            not isinstance(answer, Exception),
            _("a text of %(num)s %(unit)s: %(answer)s", num=limit.max, unit=limit.count, answer=named(answer)),
            cause=answer,
        )


@needs("fake", "a limit")
def a_text_over_the_limit_is_refused_or_taken(bench: Bench) -> None:
    """A text over the far side's limit is surely not there, or it is: never in doubt."""
    limit = bench.spec.limits["text"]
    text = "书要借得勤。" * (limit.max + 1)
    with bench.far() as fake:
        assert fake
        delivery = bench.delivery(replace(bench.post(), text=text, parts=(text,)), fake)
        answer = outcome(delivery.publish)
        hold(
            not isinstance(answer, Unknown | Busy),
            _("a text over the limit gave %(answer)s", answer=named(answer)),
            cause=answer,
        )
        hold(not isinstance(answer, Refused) or not of(fake, delivery.post), _("it was refused, and yet it is there"))


@needs("fake", "secrets")
def wrong_credentials_are_refused(bench: Bench) -> None:
    """With wrong credentials nothing is published, and the error is Refused: a person has to set them right."""
    with bench.far() as fake:
        assert fake
        secrets = bench.secrets(fake)
        wrong = {name: value if "://" in value else f"wrong-{value[::-1]}" for name, value in secrets.items()}
        if wrong == secrets:
            return  # its address is its only secret
        delivery = bench.delivery(bench.post(), fake, secrets=wrong)
        answer = outcome(delivery.publish)
        hint = _("does the fake answer 401 to wrong credentials?")
        hold(
            isinstance(answer, Refused),
            _("wrong credentials gave %(answer)s", answer=named(answer)),
            hint,
            cause=answer,
        )
        hold(not of(fake, delivery.post), _("with wrong credentials the post is there all the same"))


@needs("fake", "check")
def check_says_as_whom_and_publishes_nothing(bench: Bench) -> None:
    """`check` returns an Account, sends no post, and is refused with wrong credentials."""
    from steadycast.platform import Account

    with bench.far() as fake:
        assert fake
        delivery = bench.delivery(bench.post(), fake)
        account = delivery.adapter().check()  # type: ignore[attr-defined]  # an optional verb
        hold(
            isinstance(account, Account),
            _("check() returned %(kind)s", kind=type(account).__name__),
            _("return an Account"),
            "check",
        )
        hold(not fake.posts(), _("check() published something"), verb="check")
        secrets = {n: v if "://" in v else f"wrong-{v[::-1]}" for n, v in bench.secrets(fake).items()}
        if secrets != bench.secrets(fake):
            other = bench.delivery(bench.post(), fake, secrets=secrets)
            answer = outcome(lambda: other.adapter().check())  # type: ignore[attr-defined]
            hold(
                isinstance(answer, Refused),
                _("wrong credentials: check() gave %(answer)s", answer=named(answer)),
                "",
                "check",
                answer,
            )


@needs("revise", "a far side")
def a_revised_post_stays_where_it_is(bench: Bench) -> None:
    """A post that is revised, once or again, keeps its address and its id, and is there once."""
    again = bench.post(title="改过的题目", revision="r2" * 32, text="改过的正文。")
    with bench.far() as fake:
        first, changed = _changed(bench, fake, again)
        if first.handed:
            return
        for _time in range(2):
            second = _revise(changed, again)
            ids, urls = (first.remote_id, second.remote_id), (first.url, second.url)
            hold(
                ids[0] == ids[1], _("its id was %(first)s, then %(second)s", first=ids[0], second=ids[1]), "", "revise"
            )
            hold(
                urls[0] == urls[1],
                _("its address was %(first)s, then %(second)s", first=urls[0], second=urls[1]),
                "",
                "revise",
            )
            changed.receipt = second
        if fake:
            there = of(fake, again)
            wanted = len(again.parts) if _is_thread(there) else 1
            hold(
                len(there) == wanted,
                _("after revise() %(n)s posts are there, not %(wanted)s", n=len(there), wanted=wanted),
                "",
                "revise",
            )
            hold(
                "改过的" in there[0].title + there[0].text,
                _("revise() did not change what a reader sees"),
                "",
                "revise",
            )


@needs("fake", "revise")
def a_lost_answer_doubles_no_revision(bench: Bench) -> None:
    """Whichever answer to a revise is lost, it may be made again: the post is there once, and none of it twice."""
    threads = bench.spec.render.thread and "text" in bench.spec.limits
    again = replace(bench.thread(2) if threads else bench.post(title="改过的题目"), revision="r2" * 32)
    total, n = 1, 0
    while n < min(total, MOST_REQUESTS):
        with bench.far() as fake:
            assert fake
            _first, changed = _changed(bench, fake, again)
            before = changing(fake)
            fake.accept_then_cut(after=n)
            for _time in range(2):
                answer = outcome(partial(_revise, changed, again))
            total = max(total, changing(fake) - before)
            which = _("the answer to request %(n)s of a revise was lost", n=n + 1)
            there, most = of(fake, again), len(again.parts) if threads else 1
            hold(
                len(there) <= most,
                _("%(which)s: %(n)s posts are there, not %(most)s", which=which, n=len(there), most=most),
                _("a step?"),
                "revise",
            )
            hold(
                not isinstance(answer, Refused),
                _("%(which)s: then %(answer)s", which=which, answer=named(answer)),
                "",
                "revise",
                answer,
            )
        n += 1


def _revise(changed: Delivery, again: Post) -> Receipt:
    made: Receipt = changed.adapter().revise(again, changed.known)  # type: ignore[attr-defined]  # an optional verb
    return made


def _changed(bench: Bench, fake: FakeServer | None, again: Post) -> tuple[Receipt, Delivery]:
    """A post that is out, and its delivery as it is to be."""
    delivery = bench.delivery(bench.post(), fake)
    first = delivery.publish()
    changed = replace(bench.delivery(again, fake, out=delivery.out, state=delivery.state), receipt=first)
    changed.steps.kept = dict(delivery.steps.kept)
    return first, changed


@needs("withdraw", "a far side")
def a_withdrawn_post_is_gone(bench: Bench) -> None:
    """A post that is withdrawn is gone, each part of it; withdrawing it again, or what was never there, is no error."""
    _withdrawn(bench, bench.post())
    if bench.spec.render.thread and "text" in bench.spec.limits:
        _withdrawn(bench, bench.thread())


def _withdrawn(bench: Bench, post: Post) -> None:
    with bench.far() as fake:
        delivery = bench.delivery(post, fake)
        never = bench.delivery(bench.post(number=9), fake, out=delivery.out)
        never.adapter().withdraw(never.post, Known())  # type: ignore[attr-defined]  # an optional verb
        delivery.publish()
        for _time in range(2):
            delivery.adapter().withdraw(delivery.post, delivery.known)  # type: ignore[attr-defined]
        found = outcome(delivery.find)
        hold(
            found is None,
            _("after withdraw() find gave %(answer)s", answer=named(found)),
            _("give None for what is gone"),
            "find",
            found,
        )
        hold(not fake or not of(fake, delivery.post), _("after withdraw() a reader still sees it"), "", "withdraw")


RULES = (
    a_publish_is_seen,
    a_lost_answer_doubles_nothing,
    a_thread_goes_on_in_its_middle,
    a_thread_that_waits_goes_on,
    a_text_that_fills_its_limit_is_taken,
    a_text_over_the_limit_is_refused_or_taken,
    wrong_credentials_are_refused,
    check_says_as_whom_and_publishes_nothing,
    a_revised_post_stays_where_it_is,
    a_lost_answer_doubles_no_revision,
    a_withdrawn_post_is_gone,
)
