"""Media: known by their bytes, stored by their content, adapted in a child process with limits."""

from __future__ import annotations

import hashlib
import math
import os
import struct
import wave
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pictures import noise, opened, picture
from PIL import Image

from steadycast.draft import MediaRef
from steadycast.errors import DraftError
from steadycast.platform import MediaRule
from steadycast.render import measured_media
from steadycast.render.media import Studio
from steadycast.render.media_files import kind, store
from steadycast.render.worker import Worker


def test_an_avif_is_read_and_comes_out_as_everybody_reads_it(studio: Studio, take: Callable[..., Any]) -> None:
    media = take(picture((40, 30), "AVIF"), "a.avif")
    assert (media.mime, media.width) == ("image/avif", 40)
    assert studio.adapt(media, MediaRule()).mime == "image/jpeg"
    assert studio.adapt(media, MediaRule(("png",))).mime == "image/png"


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"heix"])
def test_an_iphones_picture_is_named_with_the_way_out(take: Callable[..., Any], brand: bytes) -> None:
    with pytest.raises(DraftError, match="HEIC") as caught:
        take(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic" + b"\0" * 60, "IMG_0001.HEIC")
    assert "兼容性最佳" in (caught.value.hint or "")


def test_a_file_is_stored_by_its_content_once(tmp_path: Path) -> None:
    data = picture()
    for name in ("a.jpg", "x.txt"):
        (tmp_path / name).write_bytes(data)
    path = store(tmp_path / "a.jpg", tmp_path / "m")
    assert path.name == f"{hashlib.sha256(data).hexdigest()}.jpg"
    assert store(tmp_path / "x.txt", tmp_path / "m") == path
    assert [p.name for p in (tmp_path / "m").iterdir()] == [path.name]
    assert path.read_bytes() == data


@pytest.mark.parametrize(
    ("head", "extension"),
    [
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "wav"),
        (b"ID3\x04", "mp3"),
        (b"\xff\xfb\x90\x00", "mp3"),
        (b"\xff\xf1\x50\x80", "aac"),
        (b"\0\0\0\x20ftypM4A ", "m4a"),
        (b"\0\0\0\x20ftypisom", "mp4"),
        (b"OggS" + b"\0" * 24 + b"OpusHead", "opus"),
        (b"<svg xmlns='", "svg"),
        (b"<?xml version='1.0'?><svg>", "svg"),
        (b"words of <svg >", None),
        (b"\0\0\0\x1cftypavif", "avif"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", "avif"),
        (b"\0\0\0\x1cftypheic", "heic"),
        (b"<?xml", None),
        (b"MZ\x90", None),
        (b"II*\0", None),
        (b"", None),
    ],
)
def test_a_file_is_what_its_first_bytes_say(head: bytes, extension: str | None) -> None:
    assert kind(head) == extension


def test_a_picture_is_measured_upright(take: Callable[..., Any]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    found = take(picture((400, 300), exif=exif), "IMG 01.png")
    assert (found.width, found.height, found.mime, found.name) == (300, 400, "image/jpeg", "img-01.jpg")
    assert found.alt == "甲"


def test_exif_and_gps_are_gone_and_the_picture_stands_upright(studio: Studio, take: Callable[..., Any]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Canary Camera"
    exif.get_ifd(0x8825)[1] = "N"
    before = take(picture((400, 300), exif=exif, comment=b"canary"), "a.jpg")
    assert b"anary" in before.path.read_bytes()
    after = studio.adapt(before, MediaRule())
    assert b"anary" not in after.path.read_bytes()
    assert dict(opened(after).getexif()) == {}
    assert opened(after).size == (after.width, after.height) == (300, 400)
    assert after.sha256 == hashlib.sha256(after.path.read_bytes()).hexdigest() == after.path.stem


@pytest.mark.parametrize(("given", "options"), [("PNG", {}), ("WEBP", {}), ("GIF", {})])
def test_metadata_leaves_every_format(studio: Studio, take: Callable[..., Any], given: str, options: Any) -> None:
    from PIL import PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "canary")
    options = (
        {"pnginfo": info} if given == "PNG" else {"comment": b"canary"} if given == "GIF" else {"xmp": b"<x>canary</x>"}
    )
    after = studio.adapt(take(picture(kind=given, **options)), MediaRule())
    assert b"canary" not in after.path.read_bytes()
    assert opened(after).format == given


def test_a_picture_is_converted_scaled_and_pressed(studio: Studio, take: Callable[..., Any]) -> None:
    found = studio.adapt(take(noise((900, 600))), MediaRule(formats=("jpg",), width=600, height=300, bytes=20_000))
    assert (found.mime, found.path.suffix, found.name) == ("image/jpeg", ".jpg", "a.jpg")
    assert (found.width or 10**6) <= 600
    assert (found.height or 10**6) <= 300
    assert found.size == found.path.stat().st_size <= 20_000


def test_transparency_becomes_white_not_black(studio: Studio, take: Callable[..., Any]) -> None:
    found = studio.adapt(take(picture(kind="PNG", mode="RGBA", colour=(0, 0, 0, 0))), MediaRule(formats=("jpg",)))
    assert opened(found).getpixel((5, 5)) == (255, 255, 255)


def frame(kbits: int, rate: int) -> bytes:
    """One silent frame of an MP3 at 44,100 Hz: 1,152 samples, at one of the fourteen bitrates."""
    return bytes((0xFF, 0xFB, rate << 4, 0)) + bytes(144 * kbits * 1000 // 44100 - 4)


def test_an_mp3_of_varying_bitrate_that_does_not_say_its_length_is_counted(take: Callable[..., Any]) -> None:
    """Guessed from its first frames it lasted four times as long."""
    loud = frame(320, 14)
    data = b"".join(frame(32, 1) if n < 200 else loud for n in range(2000))
    assert take(data, "a.mp3", "audio").seconds == pytest.approx(2000 * 1152 / 44100, abs=0.01)
    tag = b"ID3\x04\0\0" + bytes((0, 0, 1, 0)) + bytes(128)
    junk = b"\0" * 100 + data + b"TAG" + bytes(125)
    assert take(tag + junk, "b.mp3", "audio").seconds == pytest.approx(2000 * 1152 / 44100, abs=0.03)


def test_an_mp3_that_claims_another_length_is_counted_too(take: Callable[..., Any]) -> None:
    """Its first frame holds figures and no sound: it says that there are ten times as many."""
    head = bytearray(frame(128, 9))
    head[36:48] = b"Xing" + struct.pack(">II", 1, 4000)
    found = take(bytes(head) + frame(128, 9) * 400, "a.mp3", "audio")
    assert found.seconds == pytest.approx(400 * 1152 / 44100, abs=0.01)


def test_junk_after_the_sound_is_not_searched_to_its_end(take: Callable[..., Any]) -> None:
    """Where no frame is near, none is looked for: what stands behind a long gap counts nothing, and costs nothing."""
    sound = frame(32, 1) * 200
    assert take(sound + bytes(1 << 20) + sound, "a.mp3", "audio").seconds == pytest.approx(200 * 1152 / 44100, abs=0.03)


def test_what_a_picture_loses_when_it_may_not_move_is_known(studio: Studio, take: Callable[..., Any]) -> None:
    frames = [Image.new("RGB", (40, 30), (n * 60, 0, 0)) for n in range(4)]
    data = BytesIO()
    frames[0].save(data, "GIF", save_all=True, append_images=frames[1:])
    moving = take(data.getvalue(), "a.gif")
    assert studio.frames(moving) == 4
    assert studio.frames(studio.adapt(moving, MediaRule(formats=("jpg", "gif")))) == 4
    assert studio.frames(studio.adapt(moving, MediaRule(formats=("jpg",)))) == 1
    assert studio.frames(studio.adapt(moving, MediaRule(formats=("jpg", "gif"), bytes=len(data.getvalue()) // 2))) == 1


def test_an_animation_keeps_its_frames_where_it_may(studio: Studio, take: Callable[..., Any]) -> None:
    data = BytesIO()
    frames = [Image.new("RGB", (40, 40), (i * 60, 0, 0)) for i in range(4)]
    frames[0].save(data, "GIF", save_all=True, append_images=frames[1:], duration=50, loop=0)
    moving = take(data.getvalue(), "a.gif")
    assert opened(studio.adapt(moving, MediaRule(width=20))).n_frames == 4
    assert getattr(opened(studio.adapt(moving, MediaRule(formats=("png",)))), "n_frames", 1) == 1


def moving(kind: str, size: tuple[int, int] = (40, 40), **options: Any) -> bytes:
    """Four pictures after each other, the first black, the last red."""
    data = BytesIO()
    frames = [Image.new("RGB", size, (i * 80, 0, 0)) for i in range(4)]
    frames[0].save(data, kind, save_all=True, append_images=frames[1:], duration=50, loop=0, **options)
    return data.getvalue()


@pytest.mark.parametrize(
    ("given", "formats", "animated", "made"),
    [
        ("PNG", ("jpg", "png"), ("png",), "PNG"),
        ("PNG", ("jpg", "gif"), ("gif",), "GIF"),
        ("GIF", ("jpg", "webp"), ("webp",), "WEBP"),
        ("WEBP", ("png", "gif"), ("gif", "webp"), "GIF"),
        ("WEBP", (), ("gif", "webp"), "WEBP"),
    ],
)
def test_an_animation_stays_one_in_a_format_that_moves_there(
    studio: Studio, take: Callable[..., Any], given: str, formats: Any, animated: Any, made: str
) -> None:
    found = opened(studio.adapt(take(moving(given)), MediaRule(formats=formats, animated=animated)))
    assert (found.format, found.n_frames) == (made, 4)


def test_what_may_not_move_is_the_first_picture_whichever_was_looked_at_last(
    studio: Studio, take: Callable[..., Any]
) -> None:
    for rule in (MediaRule(("png",), animated=()), MediaRule(("png", "gif"), bytes=120)):
        still = opened(studio.adapt(take(moving("GIF", (400, 400))), rule)).convert("RGB")
        assert getattr(still, "n_frames", 1) == 1
        assert still.getpixel((5, 5)) == (0, 0, 0)


def test_an_animation_that_is_too_large_is_made_smaller_before_it_is_stopped(
    studio: Studio, take: Callable[..., Any]
) -> None:
    frames = [Image.frombytes("RGB", (200, 200), os.urandom(120_000)) for _ in range(2)]
    data = BytesIO()
    frames[0].save(data, "WEBP", save_all=True, append_images=frames[1:], duration=50)
    whole = studio.adapt(take(data.getvalue()), MediaRule())
    found = studio.adapt(take(data.getvalue()), MediaRule(bytes=whole.size * 2 // 3))
    assert opened(found).n_frames == 2
    assert found.width == 150


def png_that_claims(width: Any, height: Any) -> bytes:
    def chunk(name: Any, data: Any) -> Any:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<svg onload=alert(1)>", "broken drawing"),
        (b"\x89PNG\r\n\x1a\nrubbish", "is not a picture"),
        (b"\xff\xd8\xff\xe0" + os.urandom(64), "is not a picture|cannot be read"),
        (png_that_claims(60_000, 60_000), "pixels"),
        (png_that_claims(8000, 5001), "at most 40 million"),
        (png_that_claims(8, 8) + bytes(20 << 20), "more than 20 MB"),
        (b"%PDF-1.7", "is pdf"),
    ],
    ids=["drawing", "rubbish", "noise", "huge", "large", "heavy", "paper"],
)
def test_what_is_no_picture_is_refused_with_line_and_hint(take: Callable[..., Any], data: Any, why: str) -> None:
    with pytest.raises(DraftError, match=why) as caught:
        take(data)
    assert caught.value.line == 7
    assert caught.value.hint


def test_a_truncated_picture_is_an_error_not_a_grey_half(studio: Studio, take: Callable[..., Any]) -> None:
    with pytest.raises(DraftError, match=r"image a\.png"):
        studio.adapt(take(noise((300, 300))[:-20_000]), MediaRule(formats=("jpg",)))


def test_too_many_frames_are_refused(take: Callable[..., Any]) -> None:
    data = BytesIO()
    frames = [Image.new("1", (2, 2), i % 2) for i in range(201)]
    frames[0].save(data, "GIF", save_all=True, append_images=frames[1:], duration=20)
    with pytest.raises(DraftError, match="201 frames"):
        take(data.getvalue())


def test_a_missing_file_says_so(studio: Studio, tmp_path: Path) -> None:
    with pytest.raises(DraftError, match=r"image x\.png is missing") as caught:
        studio.take(MediaRef("image", "x.png", tmp_path / "x.png", line=3))
    assert caught.value.line == 3


def test_a_result_is_made_once_and_made_again_when_it_is_gone(
    studio: Studio, take: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = studio.adapt(take(picture()), MediaRule(formats=("png",)))
    monkeypatch.setattr(measured_media, "ask", lambda request: pytest.fail("asked again"))
    assert studio.adapt(take(picture()), MediaRule(formats=("png",))) == found
    monkeypatch.undo()
    found.path.unlink()
    assert studio.adapt(take(picture()), MediaRule(formats=("png",))).path.exists()


def tone(seconds: float) -> Any:
    data = BytesIO()
    with wave.open(data, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(i / 3))) for i in range(int(8000 * seconds))))
    return data.getvalue()


def test_sound_is_measured_and_stays_as_it_is_where_it_may_not_be_converted(
    studio: Studio, take: Callable[..., Any]
) -> None:
    found = take(tone(2.5), "talk.mp3", "audio")
    assert (found.mime, found.name, found.seconds) == ("audio/wav", "talk.wav", pytest.approx(2.5, abs=0.01))
    assert studio.adapt(found, MediaRule(formats=("wav",))) is found
    with pytest.raises(DraftError, match="is wav") as caught:
        studio.adapt(found, MediaRule(formats=("mp3", "m4a"), convert=False))
    assert caught.value.hint == "convert it to mp3 or m4a"
    with pytest.raises(DraftError, match="lasts 2 of 1 seconds"):
        studio.adapt(found, MediaRule(seconds=1))
    with pytest.raises(DraftError, match="bytes of 10"):
        studio.adapt(found, MediaRule(bytes=10, convert=False))


def test_a_worker_that_hangs_or_dies_is_replaced() -> None:
    """A request that takes too long ends its child; the next one gets a new child."""
    worker = Worker("steadycast.render.image_worker", timeout=0.0)
    try:
        assert "longer" in worker.ask({"op": "measure", "source": "/nowhere"})["error"]
        worker._timeout = 20.0
        assert "cannot be read" in worker.ask({"op": "measure", "source": "/nowhere"})["error"]
        first = worker._child
        assert first is not None
        first.kill()
        first.wait()
        assert "cannot be read" in worker.ask({"op": "measure", "source": "/nowhere"})["error"]
    finally:
        worker.close()


def test_the_worker_sees_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOG_APP_PASSWORD", "canary")
    worker = Worker("steadycast.render.image_worker")
    try:
        worker.ask({"op": "measure", "source": "/nowhere"})
        assert worker._child is not None
        environment = Path(f"/proc/{worker._child.pid}/environ").read_bytes()
        assert b"canary" not in environment
    finally:
        worker.close()
