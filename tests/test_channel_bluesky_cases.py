"""What holds of a server of the AT Protocol, whichever it is: the imitation and the real one are judged by the same."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cut_proxy import CutProxy
from pipeline_bench import COMMUNITY, Bench
from pipeline_bench import article as draft
from platform_bench import NOW, PLATFORMS, article, changed, event, key, media, opened, png, video
from platform_bench import channel as channel_of

from steadycast import pipeline
from steadycast.outgoing import HttpClient
from steadycast.platform import Busy, Known, MemoryState, Post, Receipt, Refused, Unknown, count, fits

POSTS = "app.bsky.feed.post"
NUMBERS = itertools.count(1000)
CLUSTER = "👨‍👩‍👧‍👦"  # one grapheme of 25 bytes


@dataclass
class Far:
    """One server, an account on it, and what its readers can see."""

    url: str
    handle: str
    password: str
    did: str
    alice: str  # the id of alice.test
    records: Callable[[], dict[str, Any]]  # key -> record
    state: Any = None  # what the channel's workers share: the server counts log-ins

    def made(self, out: Path, url: str = "", password: str = "", **settings: Any) -> Any:
        """The adapter as a new attempt has it."""
        told = {"url": url or self.url, "account": self.handle, **settings}
        http = HttpClient("sky", deadline=30.0)
        channel = channel_of("bluesky", out, secrets={"password": password or self.password}, http=http, **told)
        channel.__dict__["state"] = self.state
        return opened(channel)

    def of(self, receipt: Receipt) -> list[Any]:
        """The records of a receipt."""
        there = self.records()
        return [there.get(part["uri"].rpartition("/")[2]) for part in receipt.parts]


def fresh(folder: Path, *parts: str, **more: Any) -> Post:
    """A post that nobody has sent yet, with pictures of its own."""
    number = next(NUMBERS)
    tint = hashlib.sha256(f"{number}".encode()).digest()
    picture = media(
        folder / "in", "image", "lane.png", "image/png", png(*tint[:3]), alt="弄堂口的书摊", width=64, height=48
    )
    cover = media(folder / "in", "cover", "cover.png", "image/png", png(*tint[3:6]), width=64, height=36)
    parts = parts or (f"弄堂口的书摊 {number}\n\n书要借得勤。\n\n#沪语",)
    given = {"text": "\n\n".join(parts), "parts": parts, "media": (cover, picture), "key": key(number)}
    return article(folder / "in", number, **{**given, **more})


class Cases:
    """Each is tried against the imitation, and against the real server: `far` is the module's."""

    @pytest.fixture
    def proxy(self, far: Far) -> Iterator[CutProxy]:
        between = CutProxy(int(far.url.rpartition(":")[2]))
        yield between
        between.close()

    @pytest.fixture
    def post(self, tmp_path: Path) -> Post:
        return fresh(tmp_path)

    def test_published_and_published_again_it_is_one_record(self, far: Far, tmp_path: Path, post: Post) -> None:
        before = len(far.records())
        first = far.made(tmp_path).publish(post)
        assert far.made(tmp_path).publish(post) == first
        assert len(far.records()) == before + 1
        (record,) = far.of(first)
        assert record["text"] == post.text
        assert record["langs"] == ["zh"]
        assert dt.datetime.fromisoformat(record["createdAt"]) == NOW
        assert first.url == f"https://bsky.app/profile/{far.did}/post/{first.remote_id.rpartition('/')[2]}"
        found = far.made(tmp_path).find(post, Known())
        assert (found.remote_id, found.url, found.parts) == (first.remote_id, first.url, first.parts)
        assert far.made(tmp_path).find(post, Known(first)) == found

    def test_the_pictures_have_their_words_and_sides(self, far: Far, tmp_path: Path, post: Post) -> None:
        (record,) = far.of(far.made(tmp_path).publish(post))
        shown = record["embed"]["images"]
        assert [(each["alt"], each["aspectRatio"]) for each in shown] == [
            ("", {"width": 64, "height": 36}),
            ("弄堂口的书摊", {"width": 64, "height": 48}),
        ]
        assert [each["image"]["size"] for each in shown] == [m.size for m in post.media]

    def test_a_post_with_a_page_shows_the_card_of_it(self, far: Far, tmp_path: Path, post: Post) -> None:
        page = "https://hu.example/p/1.html"
        (record,) = far.of(far.made(tmp_path).publish(changed(post, canonical_url=page)))
        card = record["embed"]["external"]
        assert (card["uri"], card["title"], card["description"]) == (page, post.title, post.summary)
        assert card["thumb"]["size"] == post.media[0].size

    def test_a_film_is_shown_alone(self, far: Far, tmp_path: Path) -> None:
        film = changed(
            video(tmp_path / "in", next(NUMBERS)), key=key(next(NUMBERS)), parts=("周五视频",), text="周五视频"
        )
        (record,) = far.of(far.made(tmp_path).publish(film))
        assert record["embed"]["video"]["mimeType"] == "video/mp4"
        assert record["embed"]["aspectRatio"] == {"width": 640, "height": 360}

    def test_links_hashtags_and_people_are_marked_in_bytes(self, far: Far, tmp_path: Path) -> None:
        address = "https://example.org/a/very/long/path?with=many&words=in_it"
        text = f"看👨‍👩‍👧‍👦 {address}，问 @alice.test 和 @nobody.test。 #沪语 #1 a@b.test"
        (record,) = far.of(far.made(tmp_path).publish(fresh(tmp_path, text)))
        shown, marked = record["text"].encode(), []
        for facet in record["facets"]:
            begin, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
            marked.append((shown[begin:end].decode(), facet["features"][0]))
        named = "app.bsky.richtext.facet"
        assert marked == [
            ("example.org/a/very/long/pat...", {"$type": f"{named}#link", "uri": address}),
            ("@alice.test", {"$type": f"{named}#mention", "did": far.alice}),
            ("#沪语", {"$type": f"{named}#tag", "tag": "沪语"}),
        ]
        assert "@nobody.test" in record["text"]

    def test_a_thread_answers_part_by_part(self, far: Far, tmp_path: Path) -> None:
        receipt = far.made(tmp_path).publish(fresh(tmp_path, "one 1/3", "two 2/3", "three 3/3"))
        first, second, third = far.of(receipt)
        refs = [{"uri": part["uri"], "cid": part["cid"]} for part in receipt.parts]
        assert "reply" not in first
        assert second["reply"] == {"root": refs[0], "parent": refs[0]}
        assert third["reply"] == {"root": refs[0], "parent": refs[1]}
        assert [("embed" in each) for each in (first, second, third)] == [True, False, False]
        assert first["createdAt"] < second["createdAt"] < third["createdAt"]

    @pytest.mark.parametrize("lost", [1, 2, 3])
    def test_a_thread_goes_on_after_the_answer_that_was_lost(
        self, far: Far, proxy: CutProxy, tmp_path: Path, lost: int
    ) -> None:
        thread, before = fresh(tmp_path, "one 1/3", "two 2/3", "three 3/3"), len(far.records())
        broken = far.made(tmp_path, url=proxy.url)
        put, calls = broken.api.put, itertools.count(1)

        def counted(*told: Any, **more: Any) -> Any:
            if next(calls) == lost:
                proxy.cut("POST .*putRecord")
            return put(*told, **more)

        broken.api.put = counted
        with pytest.raises(Unknown):
            broken.publish(thread)
        found = far.made(tmp_path).find(thread, Known())
        assert len(found.parts) == lost
        receipt = far.made(tmp_path).publish(thread)
        assert receipt.parts[:lost] == found.parts
        assert [each["text"] for each in far.of(receipt)] == list(thread.parts)
        assert len(far.records()) == before + 3

    @pytest.mark.parametrize("request_line", ["POST .*uploadBlob", "POST .*putRecord"])
    def test_an_answer_cut_after_it_was_accepted_makes_no_second(
        self, far: Far, proxy: CutProxy, tmp_path: Path, post: Post, request_line: str
    ) -> None:
        before = len(far.records())
        assert far.made(tmp_path).find(post, Known()) is None  # a session is there: the request that is meant is cut
        proxy.cut(request_line)
        with pytest.raises(Busy if "uploadBlob" in request_line else Unknown):
            far.made(tmp_path, url=proxy.url, password=far.password).publish(post)
        assert len(proxy.cuts) == 1
        found = far.made(tmp_path).find(post, Known())
        assert (found is not None) is ("putRecord" in request_line)
        receipt = far.made(tmp_path).publish(post)
        assert found is None or (found.remote_id, found.parts) == (receipt.remote_id, receipt.parts)
        assert len(far.records()) == before + 1

    def test_another_text_under_the_same_key_changes_nothing(self, far: Far, tmp_path: Path, post: Post) -> None:
        """After a restore the rest of a post may be another draft's than the one that was sent."""
        first = far.made(tmp_path).publish(post)
        other = changed(post, text="another", parts=("another",), title="Another")
        assert far.made(tmp_path).publish(other).parts == first.parts
        assert far.of(first)[0]["text"] == post.text
        assert far.made(tmp_path).find(other, Known(frozen=False)).remote_id == first.remote_id

    def test_wrong_credentials_publish_nothing_and_say_what_to_do(self, far: Far, tmp_path: Path, post: Post) -> None:
        before, wrong = len(far.records()), far.made(tmp_path, password="not the password")
        for verb in (wrong.check, lambda: wrong.publish(post), lambda: wrong.find(post, Known())):
            with pytest.raises(Refused, match="make a new one under Settings"):
                verb()
        assert len(far.records()) == before

    def test_an_address_without_such_a_server_is_told(self, far: Far, tmp_path: Path) -> None:
        with pytest.raises(Refused, match="no server of the AT Protocol"):
            far.made(tmp_path, url=f"{far.url}/elsewhere").check()

    def test_check_says_as_whom_and_that_it_is_an_app_password(self, far: Far, tmp_path: Path) -> None:
        account = far.made(tmp_path).check()
        assert (account.name, account.rights) == (f"@{far.handle}", ("post (an app password)",))

    @pytest.mark.parametrize(
        "text",
        ["沪" * 300, "沪" * 301, "a" * 300, CLUSTER * 120, CLUSTER * 121, "é" * 301, "e\u0301" * 300, "🇨🇳" * 300],
        ids=["han", "han over", "latin", "bytes", "bytes over", "marks over", "marks apart", "flags"],
    )
    def test_the_limits_are_counted_as_the_server_counts(self, far: Far, tmp_path: Path, text: str) -> None:
        limit = PLATFORMS["bluesky"].limits["text"]
        sending, post = far.made(tmp_path), fresh(tmp_path, text, media=())
        if fits(text, limit):
            sending.publish(post)
        else:
            assert count(text, limit) > limit.max
            with pytest.raises(Refused, match="too big"):
                sending.publish(post)

    def test_a_file_over_the_limit_of_the_server_is_refused(self, far: Far, tmp_path: Path, post: Post) -> None:
        most = far.made(tmp_path).probe().media["video"].bytes
        assert most == 5_242_880
        large = media(tmp_path / "in", "video", "a.mp4", "video/mp4", bytes(most + 1))
        with pytest.raises(Refused, match="too large"):
            far.made(tmp_path).publish(changed(post, media=(large,)))

    def test_an_edit_stays_at_its_address(self, far: Far, tmp_path: Path, post: Post) -> None:
        receipt = far.made(tmp_path).publish(post)
        (before,) = far.of(receipt)
        edited = changed(post, text="改过", parts=("改过",), media=())
        after = far.made(tmp_path).revise(edited, Known(receipt))
        assert (after.remote_id, after.url) == (receipt.remote_id, receipt.url)
        assert after.parts[0]["cid"] != receipt.parts[0]["cid"]
        assert far.made(tmp_path).revise(edited, Known(receipt)) == after
        (record,) = far.of(after)
        assert (record["text"], record["createdAt"], "embed" in record) == ("改过", before["createdAt"], False)

    def test_an_edited_thread_grows_and_shrinks(self, far: Far, tmp_path: Path) -> None:
        thread, before = fresh(tmp_path, "one 1/2", "two 2/2"), len(far.records())
        receipt = far.made(tmp_path).publish(thread)
        for parts in (("1 1/3", "2 2/3", "3 3/3"), ("alone",)):
            receipt = far.made(tmp_path).revise(changed(thread, parts=parts), Known(receipt))
            assert [each["text"] for each in far.of(receipt)] == list(parts)
            assert len(far.records()) == before + len(parts)
            for above, each in itertools.pairwise(receipt.parts):
                reply = far.records()[each["uri"].rpartition("/")[2]]["reply"]
                assert reply["parent"] == {"uri": above["uri"], "cid": above["cid"]}

    def test_what_a_person_took_out_of_a_thread_is_made_anew_by_an_edit(self, far: Far, tmp_path: Path) -> None:
        thread, before = fresh(tmp_path, "one 1/3", "two 2/3", "three 3/3"), len(far.records())
        receipt = far.made(tmp_path).publish(thread)
        far.made(tmp_path).api.delete(receipt.parts[1:2])
        found = far.made(tmp_path).find(thread, Known(receipt))
        assert found.parts == receipt.parts[:1]
        edited = far.made(tmp_path).revise(changed(thread, parts=("1 1/3", "2 2/3", "3 3/3")), Known(receipt))
        assert [each["text"] for each in far.of(edited)] == ["1 1/3", "2 2/3", "3 3/3"]
        far.made(tmp_path).api.delete(edited.parts[:1])
        far.made(tmp_path).withdraw(thread, Known(edited))
        assert len(far.records()) == before

    def test_two_workers_at_once_make_one_record(self, far: Far, tmp_path: Path, post: Post) -> None:
        """Whoever is second is told that it is there, and gives the receipt of it."""
        before, workers = len(far.records()), [far.made(tmp_path) for _ in range(4)]
        assert workers[0].find(post, Known()) is None
        for number, worker in enumerate(workers):
            moment = NOW + dt.timedelta(seconds=number)
            worker.channel.__dict__["now"] = lambda moment=moment: moment
        with ThreadPoolExecutor() as pool:
            receipts = list(pool.map(lambda worker: worker.publish(post), workers))
        assert len({receipt.parts[0]["cid"] for receipt in receipts}) == 1
        assert len(far.records()) == before + 1

    def test_withdrawn_twice_it_is_gone_and_can_be_published_again(self, far: Far, tmp_path: Path) -> None:
        thread, before = fresh(tmp_path, "one 1/2", "two 2/2"), len(far.records())
        receipt = far.made(tmp_path).publish(thread)
        for known in (Known(receipt), Known(receipt), Known()):
            far.made(tmp_path).withdraw(thread, known)
            assert len(far.records()) == before
        assert far.made(tmp_path).find(thread, Known(receipt)) is None
        assert far.made(tmp_path).publish(thread).remote_id == receipt.remote_id

    def test_what_a_person_posted_is_known_by_its_address(self, far: Far, tmp_path: Path, post: Post) -> None:
        """The receipt that a person gave has an address and nothing else."""
        receipt = far.made(tmp_path).publish(post)
        other, by_hand = fresh(tmp_path), Known(Receipt("", f"{receipt.url}/?ref=shared"))
        found = far.made(tmp_path).find(other, by_hand)
        assert found is not None
        assert found.remote_id == receipt.remote_id
        far.made(tmp_path).withdraw(other, by_hand)
        assert far.of(receipt) == [None]

    def test_a_session_that_ended_early_is_renewed(self, far: Far, tmp_path: Path, post: Post) -> None:
        far.state, kept = MemoryState(lambda: NOW), far.state
        try:
            sending = far.made(tmp_path)
            assert sending.find(post, Known()) is None
            name = sending.api._name
            forged = far.state.get(name)["access_token"][:-6] + "forged"
            far.state.set(name, {**far.state.get(name), "access_token": forged}, expires=NOW + dt.timedelta(hours=1))
            assert far.made(tmp_path).publish(post).remote_id
            assert far.state.get(name)["access_token"] != forged
            far.state.set(name, {**far.state.get(name), "refresh_token": "junk"}, expires=NOW)
            assert far.made(tmp_path).find(post, Known()) is not None
            assert far.state.get(name)["refresh_token"] != "junk"
        finally:
            far.state = kept

    def test_every_form_is_taken_and_hostile_words_stay_words(self, far: Far, tmp_path: Path) -> None:
        text = "<script>alert(1)</script> {{ 7*7 }} \u202egnp.exe @everyone @channel `code` [a](javascript:alert(1))"
        met = changed(event(tmp_path / "in", next(NUMBERS)), key=key(next(NUMBERS)), text=text, parts=(text,))
        (record,) = far.of(far.made(tmp_path).publish(met))
        assert record["text"] == text
        assert "facets" not in record

    def test_through_the_whole_of_steadycast_a_slot_is_served_once(
        self, far: Far, proxy: CutProxy, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A thread whose second answer is lost; then a correction, and it is withdrawn."""
        monkeypatch.setenv("SKY_PASSWORD", far.password)
        before = len(far.records())
        slot = next(NUMBERS)
        body = f"Number {slot}. " + "Books want to be borrowed, and words to be said. " * 14
        app = bench.set_up(
            COMMUNITY + SKY.format(url=proxy.url, handle=far.handle), {"pgc/one.md": draft("One", body=body)}
        )
        pipeline.collect(app, bench.clock.now())
        pipeline.plan(app, bench.clock.now())
        bench.at(23, 20, 1)
        proxy.cut("POST .*putRecord")
        states = [s.state for s in pipeline.publish(app).sent]
        assert states == ["unknown"]
        for _ in range(3):
            bench.clock.advance(dt.timedelta(minutes=5))
            pipeline.verify(app, bench.clock.now())
            pipeline.publish(app)
        assert len(far.records()) == before + 3
        bench.clock.advance(dt.timedelta(hours=1))
        bench.drop("pgc/one.md", draft("One, corrected", body="Short now."))
        pipeline.collect(app, bench.clock.now())
        [told] = pipeline.amend.revise(app, "pgc/one.md")
        assert told.what == "revised"
        assert len(far.records()) == before + 1
        assert any("One, corrected" in each["text"] for each in far.records().values())
        [gone] = pipeline.amend.withdraw(app, "pgc/one.md", "the author asked")
        assert (gone.what, len(far.records())) == ("withdrawn", before)


SKY = """
[channel.sky]
platform = "bluesky"
url = "{url}"
account = "{handle}"
password = "SKY_PASSWORD"

[series.daily]
title = "Daily"
every = "day at 20:00"
channels = ["sky"]
late = "3h"
"""
