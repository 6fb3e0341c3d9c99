"""Sounds and films: looked into by ffprobe, converted by ffmpeg ahead of their hour, and hostile ones bounded."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pictures import opened
from PIL import Image
from pipeline_bench import COMMUNITY, Bench, article
from publish_bench import ready, states
from test_render_compose import TARGET, draft
from tinytag import TinyTag

from steadycast import ops, pipeline
from steadycast.draft import MediaRef
from steadycast.errors import DraftError
from steadycast.ops import doctor_checks
from steadycast.platform import MediaRule, Platform
from steadycast.render import film, measured_media
from steadycast.render.compose import compose, fits
from steadycast.render.media import Studio
from steadycast.render.played_media import NotConverted
from steadycast.render.prepared_body import prepare
from steadycast.workspace import load

ENCODED = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "20", "-pix_fmt", "yuv420p", "-c:a", "aac"]


def made(*asked: str, out: Path) -> Path:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *asked, str(out)], check=True, timeout=60)
    return out


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A film of forty seconds, the same standing, and with a place in it; a sound. Made once."""
    folder = tmp_path_factory.mktemp("played")
    source = ["-f", "lavfi", "-i", "testsrc2=s=128x96:r=5:d=40", "-f", "lavfi", "-i", "sine=d=40"]
    whole = made(*source, *ENCODED, "-movflags", "+faststart", out=folder / "film.mp4")
    copied = ["-i", str(whole), "-c", "copy"]
    return {
        "film": whole,
        "standing": made(*copied, "-metadata:s:v", "rotate=90", out=folder / "standing.mp4"),
        "mov": made(*copied, out=folder / "film.mov"),
        "place": made(*copied, "-movflags", "use_metadata_tags", "-metadata", "location=+31.2+121.5/", out=folder / "place.mp4"),
        "sound": made("-f", "lavfi", "-i", "sine=d=4", "-c:a", "flac", out=folder / "sound.flac"),
    }  # fmt: skip


@pytest.fixture
def given(studio: Studio, files: dict[str, Path]) -> Callable[[str], Any]:
    """One of the files, taken in."""

    def taken(name: str, by: Studio = studio) -> Any:
        role = "audio" if name == "sound" else "video"
        return by.take(MediaRef(role, files[name].name, files[name], line=7))

    return taken


def as_it_is(studio: Studio, converts: Any) -> Studio:
    return Studio(studio.media, studio.cache, converts=converts)


def test_a_film_is_known_by_what_is_in_it(given: Any, studio: Studio) -> None:
    """Upright, as a viewer shows it."""
    film_, standing = given("film"), given("standing")
    assert (film_.seconds, film_.width, film_.height) == (pytest.approx(40, abs=0.3), 128, 96)
    assert (standing.width, standing.height) == (96, 128)
    assert studio.facts(film_)["picture"] == "h264"
    assert studio.facts(film_)["sound"] == "aac"
    assert given("sound").seconds == pytest.approx(4, abs=0.1)


def test_how_long_it_is_its_end_says_and_not_its_head(files: dict[str, Path], tmp_path: Path) -> None:
    """A film whose second half is missing still claims to be whole."""
    data = files["film"].read_bytes()
    half = tmp_path / "half.mp4"
    half.write_bytes(data[: len(data) * 6 // 10])
    found = film.look(half, "mp4")
    assert found
    assert 5 < found["seconds"] < 32


RULES = [
    (MediaRule(("mp4",)), None),
    (MediaRule(), None),
    (MediaRule(("mov",)), ("mov", ("format",), True)),
    (MediaRule(("webm",)), ("webm", ("format",), False)),
    (MediaRule(("mp4",), codecs=("vp9",)), ("mp4", ("codec",), False)),
    (MediaRule(("mp4",), bytes=900_000), ("mp4", ("bytes",), False)),
    (MediaRule(("mp4",), width=100), ("mp4", ("pixels",), False)),
    (MediaRule(("avi",)), None),
]


@pytest.mark.parametrize(("rule", "asked"), RULES)
def test_what_has_to_be_made_of_a_film_is_told_by_its_rule(rule: MediaRule, asked: Any) -> None:
    known = {"seconds": 20.0, "width": 1280, "height": 720, "picture": "h264", "sound": "aac"}
    plan = film.plan("video", "mp4", 1_000_000, known, rule)
    assert (plan and (plan.extension, plan.why, plan.copies)) == asked


def test_too_few_bits_for_its_length_are_told_and_nothing_is_cut_off(given: Any, studio: Studio) -> None:
    able = as_it_is(studio, "yes")
    with pytest.raises(DraftError, match="lasts too long for 20000 bytes"):
        able.adapt(given("film"), MediaRule(("mp4",), bytes=20_000))
    with pytest.raises(DraftError, match="lasts 40 of 30 seconds"):
        able.adapt(given("film"), MediaRule(("mov",), seconds=30))


def test_a_film_that_does_not_fit_is_converted_once_and_ahead_of_its_hour(
    given: Any, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever only looks gets it as it is; a delivery waits, and converts nothing itself."""
    whole, rule = given("film"), MediaRule(("webm", "mov"), bytes=given("film").size + 100_000)
    assert studio.adapt(whole, MediaRule(("mov",))) == whole
    with pytest.raises(NotConverted, match=r"video film\.mp4 is still to be converted"):
        as_it_is(studio, "ready").adapt(whole, MediaRule(("mov",)))
    done = as_it_is(studio, "yes").adapt(whole, MediaRule(("mov",)))
    assert (done.mime, done.name, done.role) == ("video/quicktime", "film.mov", "video")
    assert done.path.parent == studio.media
    assert done.seconds == pytest.approx(40, abs=0.5)
    monkeypatch.setattr(film, "convert", lambda *_, **__: pytest.fail("converted again"))
    assert (
        studio.adapt(whole, MediaRule(("mov",))) == as_it_is(studio, "ready").adapt(whole, MediaRule(("mov",))) == done
    )
    assert rule.convert
    with pytest.raises(DraftError, match="is mp4"):
        as_it_is(studio, "yes").adapt(whole, MediaRule(("mov",), convert=False))


@pytest.mark.slow
@pytest.mark.parallel
def test_a_converted_film_is_within_its_bytes_and_pixels_and_tells_no_place(given: Any, studio: Studio) -> None:
    able, place = as_it_is(studio, "yes"), given("place")
    assert studio.facts(place)["located"]
    bare = able.adapt(place, MediaRule(("mp4",)))
    assert bare.sha256 != place.sha256
    assert "located" not in studio.facts(bare)
    small = able.adapt(place, MediaRule(("mp4",), width=64, bytes=place.size * 2))
    assert (small.width, small.height) == (64, 48)
    assert small.size < place.size


def test_a_sound_is_converted_to_the_first_format_that_is_taken(given: Any, studio: Studio) -> None:
    done = as_it_is(studio, "yes").adapt(given("sound"), MediaRule(("wma", "mp3", "m4a")))
    assert (done.mime, done.name) == ("audio/mpeg", "sound.mp3")
    assert done.seconds == pytest.approx(4, abs=0.2)


def test_what_cannot_be_converted_in_time_leaves_nothing_and_is_not_tried_for_ever(
    given: Any, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, able = given("film"), as_it_is(studio, "yes")
    monkeypatch.setattr(film, "CONVERTING", 0.0)
    for _ in range(2):
        with pytest.raises(DraftError, match=r"film\.mp4 cannot be converted: it took too long"):
            able.adapt(whole, MediaRule(("webm",)))
        monkeypatch.setattr(film, "convert", lambda *_, **__: pytest.fail("tried again"))
    assert [file.name for file in studio.media.iterdir()] == [whole.path.name]


def test_what_could_not_be_converted_is_tried_again_a_day_later_and_its_success_is_seen_by_who_knew_it_failed(
    given: Any, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk was full, or the program is a newer one."""
    sound, rule = given("sound"), MediaRule(("mp3",))
    with monkeypatch.context() as full:
        full.setattr(film, "convert", lambda *_, **__: "failed")
        with pytest.raises(DraftError, match=r"sound\.flac cannot be converted: ffmpeg cannot read it"):
            as_it_is(studio, "yes").adapt(sound, rule)
    with pytest.raises(DraftError, match="cannot be converted"):  # not every minute
        as_it_is(studio, "ready").adapt(sound, rule)
    (note,) = (file for file in (studio.cache / "media").iterdir() if "failed" in file.read_text(encoding="utf-8"))
    os.utime(note, (time.time() - 90_000,) * 2)
    with pytest.raises(DraftError, match="cannot be converted"):
        as_it_is(studio, "no").adapt(sound, rule)  # who only looks goes on saying so
    with pytest.raises(NotConverted):
        as_it_is(studio, "ready").adapt(sound, rule)
    known = dict(measured_media._remembered)
    assert as_it_is(studio, "yes").adapt(sound, rule).mime == "audio/mpeg"
    measured_media._remembered.update(known)  # as a process has it that goes on meanwhile
    assert as_it_is(studio, "ready").adapt(sound, rule).mime == "audio/mpeg"


def test_a_result_whose_end_is_missing_is_no_result(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ffmpeg stops at the bytes that it may write, and calls that success."""
    known = film.look(files["film"], "mp4") or {}
    plan = film.Plan("mp4", ("bytes",), copies=False, bytes=90_000, kbits=5000)
    assert film.convert(files["film"], "mp4", tmp_path / "out.mp4", plan, known=known) in {"short", "large", "failed"}


def test_a_film_stands_for_the_cover_that_a_draft_lacks(files: dict[str, Path], tmp_path: Path) -> None:
    shown = draft(form="video", media=(MediaRef("video", "film.mov", files["mov"], line=4),))
    body = prepare(shown, tmp_path / "m", tmp_path / "c")

    def outlet(**rules: MediaRule) -> Platform:
        return Platform("outlet", tmp_path, "Outlet", ("video",), "blind", media=rules)

    asked = outlet(cover=MediaRule(("jpg",), ratios=("1:1",), sizes=((60, 60),)), video=MediaRule(("mp4",)))
    cover = opened(compose(body, asked, TARGET).cover)
    assert cover.size == (60, 60)
    assert len(cover.getcolors(1 << 16)) > 20
    (said,) = [str(each) for each in fits(body, asked, TARGET) if "converted" in each.message]
    assert said.startswith(
        "ugc/alice/a.md:4: outlet: video film.mov goes out converted to mp4: its format is not taken"
    )
    (other,) = fits(body, outlet(video=MediaRule(("mov",), ratios=("9:16",))), TARGET)
    assert "film.mov is 128 x 96: another shape than is asked for (it is meant to be 9:16)" in str(other)


def test_pictures_that_a_film_leaves_no_place_for_are_told(files: dict[str, Path], tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    picture = MediaRef("image", "a.png", tmp_path / "a.png", "a", line=9)
    shown = draft("![a](a.png)", form="video", media=(picture, MediaRef("video", "film.mp4", files["film"])))
    outlet = Platform(
        "outlet", tmp_path, "Outlet", ("video",), "blind", media={"video": MediaRule(("mp4",), alone=True)}
    )
    (said,) = fits(prepare(shown, tmp_path / "m", tmp_path / "c"), outlet, TARGET)
    assert str(said).startswith("ugc/alice/a.md:9: outlet: image a.png is left out: video is sent alone here")
    assert said.harmless


def test_a_sound_says_what_it_is_and_is_not_encoded_anew(files: dict[str, Path], tmp_path: Path) -> None:
    """Title, artist, album and cover; its chapters stay. Whoever only looks makes nothing."""
    Image.new("RGB", (80, 80), "teal").save(tmp_path / "c.jpg")
    chapters = tmp_path / "chapters"
    chapters.write_text(";FFMETADATA1\ncomment=kept\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=2000\ntitle=One\n")
    sound = made(
        "-i", str(files["sound"]), "-i", str(chapters), "-map_metadata", "1", "-c:a", "aac", out=tmp_path / "a.m4a"
    )
    named = (MediaRef("audio", "a.m4a", sound), MediaRef("cover", "c.jpg", tmp_path / "c.jpg", "a"))
    told = draft(title="第一集\0", author="阿丽", form="audio", media=named)
    rules = {"audio": MediaRule(("m4a",), tags=True), "cover": MediaRule(("jpg",))}
    outlet = Platform("outlet", tmp_path, "Outlet", ("audio",), "blind", media=rules)

    def posted(converts: Any) -> Any:
        return compose(prepare(told, tmp_path / "m", tmp_path / "c", converts=converts), outlet, TARGET).of("audio")[0]

    assert posted("no").path.read_bytes() == sound.read_bytes()
    tagged = posted("ready")
    assert posted("no") == tagged
    tag = TinyTag.get(tagged.path, image=True)
    assert (tag.title, tag.artist, tag.album, tag.comment) == ("第一集", "阿丽", "每日一文", "kept")
    assert tag.images.any
    shown = ["ffprobe", "-v", "error", "-show_chapters", "-show_entries", "stream=codec_name", str(tagged.path)]
    known = subprocess.run(shown, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "TAG:title=One" in known
    assert "codec_name=aac" in known


FILMS = COMMUNITY + """
[series.daily]
title = "Daily"
every = "day at 20:00"
channels = ["site"]
forms = ["video"]
late = "3h"

[channel.site]
platform = "pages"
url = "https://readers.example/"
"""  # fmt: skip


def test_a_delivery_waits_for_its_film_and_goes_out_once_it_is_converted(bench: Bench, files: dict[str, Path]) -> None:
    app = ready(
        bench, FILMS, {"pgc/film.mov": files["mov"].read_bytes(), "pgc/1.md": article("One", "media: film.mov")}
    )
    bench.at(23, 20, 1)
    done = pipeline.publish(app)
    assert states(done) == {"site": "due"}
    assert "video film.mov is still to be converted" in str(done.rows())
    for name, age in (".killed.part", 2 * 3600), (".at-work.part", 0):  # what a process left that was killed
        (app.workspace.media / name).touch()
        os.utime(app.workspace.media / name, (time.time() - age,) * 2)
    assert pipeline.convert(app, bench.clock.now()) == 1
    assert [file.name for file in app.workspace.media.glob(".*")] == [".at-work.part"]
    assert pipeline.convert(app, bench.clock.now()) == 0
    bench.at(23, 20, 15)
    assert states(pipeline.publish(app)) == {"site": "published"}
    assert [file.suffix for file in (app.workspace.out / "site").rglob("*.m*")] == [".mp4"]


def test_a_machine_without_the_programs_says_so_once(
    bench: Bench, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    two = {f"pgc/{n}.md": article(f"Film {n}", f"media: {n}.mp4") for n in (1, 2)}
    bench.set_up(FILMS, {**two, **{f"pgc/{n}.mp4": files["film"].read_bytes() for n in (1, 2)}})
    monkeypatch.setattr(film, "prober", lambda: None)
    monkeypatch.setattr(film, "maker", lambda: None)
    said = [each for each in ops.check(bench.clock.now(), root=load(bench.root).root) if each.where == "ffprobe"]
    assert [each.harmless for each in said] == [True]
    assert "ffprobe, ffmpeg" in doctor_checks.players(None, None).message
    assert doctor_checks.players("/usr/bin/ffprobe", "/usr/bin/ffmpeg").severity == "ok"


# Hostile ones


@pytest.mark.slow
@pytest.mark.parallel
@pytest.mark.parametrize(
    "words",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile 'http://127.0.0.1:{port}/a.mp4'\n",
        '<?xml version="1.0"?><MPD><BaseURL>http://127.0.0.1:{port}/</BaseURL></MPD>',
    ],
)
def test_a_playlist_under_the_name_of_a_film_is_not_followed(words: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as far:
        far.settimeout(0.0)
        file = tmp_path / "film.mp4"
        for extension in ("mp4", "mp3", "webm", "ogg"):
            file.write_text(words.format(port=far.getsockname()[1]))
            found = film.look(file, extension)
            assert found == {"unread": True}
            assert not film.poster(file, extension, tmp_path / "out.jpg", 1.0)
        with pytest.raises(BlockingIOError):
            far.accept()


@pytest.mark.slow
@pytest.mark.parallel
def test_a_name_that_looks_like_an_option_or_an_address_is_a_name(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("-version.mp4", "concat:a|b.mp4", "%03d.mp4", "pipe:0"):
        file = Path(name)
        file.write_bytes(files["film"].read_bytes())
        assert (film.look(file, "mp4") or {})["width"] == 128
        assert film.poster(file, "mp4", Path(f"{name}.jpg"), 40.0)


@pytest.mark.slow
def test_a_film_that_claims_huge_pictures_costs_little(files: dict[str, Path], tmp_path: Path) -> None:
    """Its container says 65,535 x 65,535; nothing of that size is made."""
    data = files["film"].read_bytes()
    at = data.index(b"avc1", data.index(b"stsd")) + 28
    file = tmp_path / "huge.mp4"
    file.write_bytes(data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :])
    began = time.monotonic()
    found = film.look(file, "mp4") or {}
    assert (found.get("width") or 0) <= film.SIDE
    film.poster(file, "mp4", tmp_path / "out.jpg", 1.0)
    assert time.monotonic() - began < film.LOOKING * 2


@pytest.mark.parametrize(
    ("code", "bounds"),
    [
        ("while True: print('x' * 1000)", {"most": 10_000}),
        ("import time; time.sleep(60)", {"within": 0.3}),
        ("x = bytearray(1 << 30)", {"memory": 300 << 20}),
        ("open('big', 'wb').write(bytes(1 << 20))", {"file_size": 1000}),
        ("raise SystemExit(1)", {}),
    ],
)
def test_no_program_gets_more_than_it_needs(
    code: str, bounds: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BLOG_APP_PASSWORD", "canary")
    slow = f"import time; time.sleep(0.2); {code}" if "while" not in code else code  # the bounds are set from outside
    assert film._run([sys.executable, "-c", slow], bounds.pop("within", 20.0), **bounds) is None
    told = film._run([sys.executable, "-c", "import os; print(sorted(os.environ))"], 20.0)
    assert told
    assert b"BLOG" not in told
