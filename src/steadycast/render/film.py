"""Sound and film, looked into by ffprobe and made into what a platform takes by ffmpeg, where this machine has them.

Such a file decides nothing here. Its demuxer is the one that its first bytes ask for, so that no playlist is read; no
protocol but a file's is spoken; and time, memory, pixels, threads and bytes are bounded before it is opened. A program
that is killed leaves nothing under a name that anybody reads.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import resource
import selectors
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steadycast.platform import MediaRule

LOOKING = 20.0  # seconds that a look into one file may take
CONVERTING = 1800.0  # seconds for one conversion: it is done days ahead
MEMORY = 3 << 30  # bytes of address space
PIXELS = 40_000_000  # of one picture of a film
SIDE = 16_384
PACKETS = 8 << 20  # bytes of what ffprobe says of a file's last packets
NICE = 10
LEAST_KBITS = {"video": 180, "audio": 24}  # with less than this nobody wants to see or hear it
SOUND_KBITS = 128
ROOM = 0.92  # of the bytes that are allowed: containers take some, and a rate is kept on the average only
CUT = 2.0  # seconds by which a result may be shorter
DEMUXERS = {
    "mp3": "mp3", "m4a": "mov", "mp4": "mov", "mov": "mov", "ogg": "ogg", "opus": "ogg", "flac": "flac", "wav": "wav",
    "aac": "aac", "amr": "amr", "webm": "matroska",
}  # fmt: skip
# By the extension that is asked for: the container, and the codecs that it is filled with.
WRITTEN = {
    "mp4": ("mp4", "libx264", "aac"),
    "mov": ("mov", "libx264", "aac"),
    "webm": ("webm", "libvpx-vp9", "libopus"),
    "mp3": ("mp3", "", "libmp3lame"),
    "m4a": ("ipod", "", "aac"),
    "ogg": ("ogg", "", "libvorbis"),
    "wav": ("wav", "", "pcm_s16le"),
    "flac": ("flac", "", "flac"),
}
# Containers that take tags by themselves, and those that also take a cover; how a cover is read.
TAGGED = {"mp3": "mp3", "m4a": "ipod", "flac": "flac", "ogg": "ogg", "opus": "opus"}
SHOWS = {"mp3", "m4a", "flac"}
SHOWS_AS = {"jpg": "jpeg_pipe", "png": "png_pipe"}
LONGEST_TAG = 500  # characters
# What may stay as it is in a container that is written.
KEPT = {
    "mp4": {"h264", "aac", "mp3"},
    "mov": {"h264", "aac", "mp3"},
    "webm": {"vp8", "vp9", "av1", "opus", "vorbis"},
    "m4a": {"aac"},
    "mp3": {"mp3"},
    "ogg": {"vorbis", "opus"},
    "flac": {"flac"},
    "wav": {"pcm_s16le"},
}


def prober() -> str | None:
    """Where ffprobe is, if this machine has it."""
    return shutil.which("ffprobe")


def maker() -> str | None:
    """Where ffmpeg is, if this machine has it."""
    return shutil.which("ffmpeg")


# What is to be done: pure


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be made of a sound or a film so that a platform takes it."""

    extension: str
    why: tuple[str, ...]  # format, codec, bytes, pixels, place
    copies: bool  # nothing is encoded anew
    width: int | None = None
    height: int | None = None
    bytes: int | None = None
    kbits: int = 0  # at most, of picture and sound together; 0: as good as it comes
    possible: bool = True  # False: it would have too few bits a second to be seen or heard

    @property
    def values(self) -> dict[str, Any]:
        """All that the result depends on, as JSON values."""
        said = ("extension", "copies", "width", "height", "bytes", "kbits")
        return {name: getattr(self, name) for name in said}


def plan(role: str, extension: str, size: int, known: Mapping[str, Any], rule: MediaRule) -> Plan | None:
    """What has to be made of a file of that size, of which `known` was found out; None where it fits.

    Also None where no container that can be written is taken. How long a file may be is not asked: nothing is cut off.
    """
    fits = not rule.formats or extension in rule.formats
    target = extension if fits and extension in WRITTEN else next((f for f in rule.formats if _holds(f, role)), "")
    target = target or ("" if rule.formats else {"video": "mp4", "audio": "m4a"}[role])
    why = [] if fits else ["format"]
    codecs = {known.get("picture"), known.get("sound")} - {None}
    if rule.codecs and not codecs <= {*rule.codecs}:
        why.append("codec")
    if rule.bytes is not None and size > rule.bytes:
        why.append("bytes")
    width, height = known.get("width") or 0, known.get("height") or 0
    if role == "video" and ((rule.width and width > rule.width) or (rule.height and height > rule.height)):
        why.append("pixels")
    if role == "video" and known.get("located"):
        why.append("place")
    if not why or not target:
        return None
    copies = codecs <= KEPT[target] and not {"codec", "bytes", "pixels"} & {*why}
    kbits = _kbits(rule.bytes, known.get("seconds")) if not copies and rule.bytes else 0
    possible = not rule.bytes or copies or kbits >= LEAST_KBITS[role]
    return Plan(target, tuple(why), copies, rule.width, rule.height, rule.bytes, kbits, possible)


def _holds(extension: str, role: str) -> bool:
    return extension in WRITTEN and bool(WRITTEN[extension][1]) == (role == "video")


def _kbits(limit: int, seconds: float | None) -> int:
    """What a second may have, so that all of it is within `limit` bytes; 0 where nobody knows how long it is."""
    return int(min(limit * 8 * ROOM / max(seconds, 1.0) / 1000, 50_000)) if seconds else 0


# What is there


def look(source: Path, extension: str) -> dict[str, Any] | None:
    """Seconds, upright width and height, and the codecs `picture` and `sound` of a file; None without ffprobe.

    `{"unread": true}` where it is no such file. How long it is, its last packets say, and not what its head claims.
    """
    program = prober()
    if program is None:
        return None
    shown = "format=duration,start_time:format_tags:stream=codec_type,codec_name,width,height:stream_tags:"
    shown += "stream_disposition=attached_pic:stream_side_data=rotation"
    given = _run([program, "-v", "quiet", *_read(source, extension), "-show_entries", shown, "-of", "json"], LOOKING)
    try:
        return _understood(json.loads(given or b""), source, extension, program)
    except (ValueError, TypeError, KeyError, AttributeError):
        return {"unread": True}


def _understood(told: Any, source: Path, extension: str, program: str) -> dict[str, Any]:
    streams = [each for each in told["streams"] if isinstance(each, dict)]
    film = next((s for s in streams if s.get("codec_type") == "video" and not _is_cover(s)), None)
    sound = next((s for s in streams if s.get("codec_type") == "audio"), None)
    if film is None and sound is None:
        return {"unread": True}
    head = told.get("format", {})
    found: dict[str, Any] = {"seconds": _seconds(source, extension, program, head, "v:0" if film else "a:0")}
    if film:
        width, height = _side(film.get("width")), _side(film.get("height"))
        turned = _turn(film) % 180 == 90
        found |= {"width": height if turned else width, "height": width if turned else height}
        found["picture"] = str(film.get("codec_name", ""))[:40]
    if sound:
        found["sound"] = str(sound.get("codec_name", ""))[:40]
    tags = [*head.get("tags", {}), *(key for s in streams for key in s.get("tags", {}))]
    if any("location" in key.lower() or "gps" in key.lower() for key in tags):
        found["located"] = True
    return found


def _is_cover(stream: Mapping[str, Any]) -> bool:
    return bool(stream.get("disposition", {}).get("attached_pic"))


def _side(said: Any) -> int | None:
    return int(said) if isinstance(said, int) and 0 < said <= SIDE else None


def _turn(film: Mapping[str, Any]) -> int:
    given = [each.get("rotation") for each in film.get("side_data_list", ()) if isinstance(each, dict)]
    given.append(film.get("tags", {}).get("rotate"))
    for each in given:
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            return round(float(str(each)))
    return 0


def _seconds(source: Path, extension: str, program: str, head: Mapping[str, Any], stream: str) -> float | None:
    """How long it lasts by its last packets, which are looked for near the end that it claims, then from the start."""
    claimed, start = _number(head.get("duration")), _number(head.get("start_time")) or 0.0
    near = ["-read_intervals", f"{max(0.0, claimed - 10):.3f}%"] if claimed and claimed > 30 else []
    for where in [near, []] if near else [[]]:
        asked = [program, "-v", "quiet", *_read(source, extension), "-select_streams", stream, *where]
        asked += ["-show_entries", "packet=pts_time,duration_time", "-of", "csv=p=0"]
        lines = (_run(asked, LOOKING, most=PACKETS) or b"").decode("ascii", "replace").split()
        ends = [end for end in map(_end, lines) if end is not None]
        if ends:
            return max(ends) - start
    return None


def _end(packet: str) -> float | None:
    """When a packet ends, from `begin,lasts`."""
    begin, _, lasts = packet.partition(",")
    at = _number(begin)
    return None if at is None else at + (_number(lasts) or 0.0)


def _number(said: Any) -> float | None:
    try:
        value = float(str(said).rstrip(","))
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < 10**7 else None


# What is made


def convert(source: Path, extension: str, out: Path, made: Plan, *, known: Mapping[str, Any]) -> str:
    """Write `source` as `made` says to `out`; why it could not be done, as a code, or "".

    `slow` (it took longer than CONVERTING), `failed`, `large` (over its bytes), `short` (its end would be missing).
    """
    program = maker()
    if program is None:
        return "failed"
    began = time.monotonic()
    asked = [program, "-nostdin", "-v", "quiet", "-y", *_read(source, extension), *_encoding(made)]
    asked += ["-f", WRITTEN[made.extension][0], f"file:{out}"]
    if _run(asked, CONVERTING, file_size=(made.bytes or 4 << 30) + (1 << 20)) is None:
        return "slow" if time.monotonic() - began >= CONVERTING else "failed"
    if made.bytes is not None and out.stat().st_size > made.bytes:
        return "large"
    lasts = (look(out, made.extension) or {}).get("seconds")
    before = known.get("seconds")
    return "short" if before and (lasts or 0.0) < before - CUT else ""


def _encoding(made: Plan) -> list[str]:
    _, picture, sound = WRITTEN[made.extension]
    asked = ["-threads", str(max(1, (os.cpu_count() or 2) // 2)), "-filter_threads", "1", "-sn", "-dn"]
    asked += ["-map", "0:a:0?", *(["-map", "0:V:0", "-map_metadata", "-1"] if picture else ["-map_metadata", "0"])]
    asked += ["-movflags", "+faststart"] if made.extension in {"mp4", "mov", "m4a"} else []
    if made.copies:
        return [*asked, "-c", "copy"]
    of_sound = SOUND_KBITS
    if made.kbits:
        of_sound = min(SOUND_KBITS, max(24, made.kbits // 6) if picture else made.kbits)
        asked += ["-fs", str(made.bytes)]
    asked += ["-c:a", sound, *([] if sound in {"flac", "pcm_s16le"} else ["-b:a", f"{of_sound}k"]), "-ac", "2"]
    if not picture:
        return asked
    return [*asked, "-c:v", picture, *_picture(picture, made, made.kbits - of_sound if made.kbits else 0)]


def _picture(codec: str, made: Plan, kbits: int) -> list[str]:
    """The film's own options: as good as `kbits` allow, and no larger than is seen at that rate."""
    across = min(made.width or SIDE, 854 if 0 < kbits < 700 else 1280 if 0 < kbits < 1800 else SIDE)
    down = min(made.height or SIDE, across if 0 < kbits < 1800 else SIDE)
    scale = f"scale=w='min({across},iw)':h='min({down},ih)':force_original_aspect_ratio=decrease:force_divisible_by=2"
    bounded = ["-maxrate", f"{kbits}k", "-bufsize", f"{kbits}k"] if kbits else []
    if codec == "libx264":
        return ["-preset", "veryfast", "-crf", "23", *bounded, "-pix_fmt", "yuv420p", "-vf", scale]
    rate = ["-b:v", f"{kbits}k"] if kbits else ["-b:v", "0"]
    return ["-deadline", "realtime", "-cpu-used", "6", "-crf", "32", *rate, "-pix_fmt", "yuv420p", "-vf", scale]


def tag(source: Path, extension: str, out: Path, tags: Mapping[str, str], cover: Path | None) -> bool:
    """Write a sound with these tags and that cover (a JPEG or PNG) to `out`, not encoded anew; whether it could be.

    Its chapters and its other tags stay.
    """
    program = maker()
    if program is None or extension not in TAGGED:
        return False
    asked = [program, "-nostdin", "-v", "quiet", "-y", *_read(source, extension)]
    shows = cover is not None and extension in SHOWS
    if cover is not None and shows:
        asked += ["-protocol_whitelist", "file", "-f", SHOWS_AS[cover.suffix[1:]], "-i", f"file:{cover.absolute()}"]
    asked += ["-map", "0:a:0", *(["-map", "1:v:0", "-disposition:v:0", "attached_pic"] if shows else [])]
    asked += [] if shows else ["-map", "0:v?"]
    asked += ["-c", "copy", "-map_metadata", "0", "-map_chapters", "0", "-id3v2_version", "3"]
    for name, said in tags.items():
        asked += ["-metadata", f"{name}={' '.join(said.replace(chr(0), ' ').split())[:LONGEST_TAG]}"]
    size = source.stat().st_size + (cover.stat().st_size if cover else 0) + (1 << 20)
    if _run([*asked, "-f", TAGGED[extension], f"file:{out}"], LOOKING * 3, file_size=size) is None:
        return False
    before, after = ((look(file, extension) or {}).get("seconds") for file in (source, out))
    return before is None or (after is not None and after > before - CUT)


def poster(source: Path, extension: str, out: Path, seconds: float | None) -> bool:
    """Write one picture of a film, a JPEG, to `out`; whether there was one."""
    program = maker()
    if program is None:
        return False
    at = ["-ss", f"{min(3.0, (seconds or 0.0) * 0.1):.2f}"]
    asked = [program, "-nostdin", "-v", "quiet", "-y", *at, *_read(source, extension), "-map", "0:V:0", "-threads", "1"]
    asked += ["-frames:v", "1", "-vf", "thumbnail=24,scale='min(1920,iw)':-2", "-c:v", "mjpeg", "-q:v", "3"]
    done = _run([*asked, "-map_metadata", "-1", "-f", "mjpeg", f"file:{out}"], LOOKING, file_size=20 << 20)
    return done is not None and out.stat().st_size > 0


# The programs


def _read(source: Path, extension: str) -> list[str]:
    """The options by which a file is opened: by its own kind alone, and nothing that it names."""
    bounds = ["-protocol_whitelist", "file", "-max_pixels", str(PIXELS)]
    return [*bounds, "-f", DEMUXERS[extension], "-i", f"file:{source.absolute()}"]


def _run(
    command: Sequence[str], within: float, *, most: int = 1 << 20, file_size: int = 1 << 20, memory: int = MEMORY
) -> bytes | None:
    """What a program wrote to its output; None where it failed, took longer than `within`, or wrote over `most`."""
    child = subprocess.Popen(  # noqa: S603 - no shell, and a fixed program
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a broken file has no end of complaints
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
        start_new_session=True,
    )
    assert child.stdout is not None
    with contextlib.suppress(subprocess.TimeoutExpired), _ended(child):
        _bound(child.pid, within, file_size, memory)
        end, found = time.monotonic() + within, bytearray()
        with selectors.DefaultSelector() as waiting:
            waiting.register(child.stdout, selectors.EVENT_READ)
            while waiting.select(max(0.0, end - time.monotonic())):
                piece = os.read(child.stdout.fileno(), 65536)
                if not piece:
                    return bytes(found) if child.wait(max(1.0, end - time.monotonic())) == 0 else None
                found += piece
                if len(found) > most:
                    return None
    return None


@contextlib.contextmanager
def _ended(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """Whatever happens, the program has ended after this."""
    try:
        yield
    finally:
        child.kill()
        child.wait()
        if child.stdout:
            child.stdout.close()


def _bound(pid: int, within: float, file_size: int, memory: int) -> None:
    """Take from a program what it does not need, as far as this system can."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, NICE)
    if not hasattr(resource, "prlimit"):
        return
    cpu = int(within * (os.cpu_count() or 1)) + 1
    bounds = {"RLIMIT_AS": memory, "RLIMIT_FSIZE": file_size, "RLIMIT_CPU": cpu, "RLIMIT_CORE": 0}
    for name, most in bounds.items():
        with contextlib.suppress(OSError, ValueError):
            resource.prlimit(pid, getattr(resource, name), (most, most))
