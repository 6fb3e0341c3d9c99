"""The settings on the desk: each form shows its effect, then writes it; what others changed meanwhile stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from desk_bench import Desk, hidden
from pipeline_bench import COMMUNITY, DAILY, FAR, HOOK, HOOK_ADAPTER, SITE, Bench, article

from steadycast import pipeline
from steadycast.language import current
from steadycast.testing import drop
from steadycast.workspace import load

SETTINGS = COMMUNITY + "# the one promise\n" + DAILY + SITE + FAR
DRAFTS = {f"pgc/{n}.md": article(f"Draft {n}") for n in range(1, 4)}
FORM: dict[str, Any] = {"title": "Daily", "forms": ["article"], "channels": ["site", "far"], "late": "3h"}


@pytest.fixture
def desk(bench: Bench) -> Iterator[Desk]:
    with bench.set_up(SETTINGS, DRAFTS) as app:
        pipeline.collect(app, pipeline.now())
        pipeline.plan(app, pipeline.now())
    with Desk(bench.root).up() as desk:
        yield desk


def toml(bench: Bench) -> str:
    return (bench.root / "steadycast.toml").read_text(encoding="utf-8")


def test_another_hour_shows_what_moves_and_is_written_after_that(desk: Desk, bench: Bench) -> None:
    asked = {**FORM, "rhythm": "day at 21:30"}
    page = desk.post("/settings/series/daily", "/settings/series/daily", **asked).text
    assert "21:30" in page
    assert "Draft 1" in page
    assert toml(bench) == SETTINGS, "a look writes nothing"
    answer = desk.post("/settings/series/daily", "/settings/series/daily", **hidden(page))
    assert answer.url.endswith("/settings")
    assert toml(bench) == SETTINGS.replace('every = "day at 20:00"', 'every = "day at 21:30"')
    with bench.open() as app:
        slots = pipeline.plan(app, pipeline.now()).slots
        assert {slot.when[11:] for slot in slots} == {"21:30"}
    assert "say so already" in desk.post("/settings/series/daily", "/settings/series/daily", **asked).text


def test_a_channel_that_is_called_as_its_platform_is_called_so_once(desk: Desk) -> None:
    for path in ("settings", *(f"{room}/site" for room in ("settings/channels", "channels"))):
        main = desk.get(f"/{path}").text.partition("<main")[2]
        heading = main.partition('<a href="/settings/channels/site">')[2] or main
        assert heading.partition("</li>")[0].partition("<form")[0].count("<bdi>Pages</bdi>") == 1


def test_a_file_that_changed_meanwhile_is_told_and_left_as_it_is(desk: Desk, bench: Bench) -> None:
    page = desk.post("/settings/series/daily", "/settings/series/daily", **FORM | {"rhythm": "day at 21:30"}).text
    others = SETTINGS.replace("3h", "4h")
    (bench.root / "steadycast.toml").write_text(others, encoding="utf-8")
    answer = desk.post("/settings/series/daily", "/settings/series/daily", **hidden(page))
    assert answer.status_code == 422
    assert "changed meanwhile" in answer.text
    assert toml(bench) == others


def test_what_is_wrong_stands_on_the_form_with_all_that_was_filled_in(desk: Desk, bench: Bench) -> None:
    for wrong, said in (
        ({"rhythm": "dya at 20:00"}, "did you mean"),
        ({"rhythm": "day at 21:30", "late": "soon"}, "is not a length of time"),
        ({"rhythm": "day at 21:30", "channels": ["nowhere"]}, "nowhere"),
        ({"rhythm": "day at 21:30", "start": "tomorrow"}, "is no date"),
        ({"rhythm": "day at 21:30", "reserve": "many"}, "no whole number"),
    ):
        answer = desk.post(
            "/settings/series/daily", "/settings/series/daily", **FORM | {"title": "Typed by hand"} | wrong
        )
        assert answer.status_code == 422
        assert said in answer.text
        assert "Typed by hand" in answer.text
    assert desk.get("/settings/series/nowhere").status_code == 404
    assert toml(bench) == SETTINGS


def test_channels_that_come_and_go_are_told_with_their_slots(desk: Desk, bench: Bench) -> None:
    page = desk.post(
        "/settings/series/daily", "/settings/series/daily", **FORM | {"rhythm": "day at 20:00", "channels": ["site"]}
    ).text
    assert "goes to far no more" in page
    desk.post("/settings/series/daily", "/settings/series/daily", **hidden(page))
    assert load(bench.root).series["daily"].channels == ("site",)


def test_a_channel_that_is_paused_is_told_with_the_slots_that_do_without_it(desk: Desk, bench: Bench) -> None:
    page = desk.post(
        "/settings/channels/far", "/settings/channels/far", title="", series=["daily"], paused="1"
    )  # fmt: skip
    assert re.search(r"Nothing goes there while it is paused: the 1[345] slots", page.text)
    desk.post("/settings/channels/far", "/settings/channels/far", **hidden(page.text))
    assert load(bench.root).channels["far"].paused


def test_a_series_without_a_channel_is_told_before_it_is_saved(desk: Desk) -> None:
    page = desk.post("/settings/series/daily", "/settings/series/daily", **FORM | {"channels": []}).text
    assert "series.daily goes to no channel" in page


def test_a_series_is_added_below_all_others(desk: Desk, bench: Bench) -> None:
    asked: dict[str, Any] = {
        "title": "周五影像",
        "rhythm": "每周五 20:00",
        "forms": ["video"],
        "channels": ["site"],
        "late": "",
    }
    page = desk.post("/settings/series", "/settings/series", **asked).text
    assert "每周五 20:00" in page
    desk.post("/settings/series", "/settings/series", **hidden(page))
    assert toml(bench).startswith(SETTINGS.rstrip())
    made = load(bench.root).series["zhou-wu-ying-xiang"]
    assert (made.title, made.every, made.forms, made.channels) == ("周五影像", "每周五 20:00", ("video",), ("site",))


def test_the_public_address_of_the_desk_is_a_field_that_shows_its_effect(desk: Desk, bench: Bench) -> None:
    form, kept = "/settings/community", {"name": "Test readers", "timezone": "Asia/Shanghai"}
    assert 'name="desk_url" type="url" value=""' in desk.get(form).text
    assert "is no address of a host" in desk.post(form, form, **kept, desk_url="https://desk.example/below").text
    page = desk.post(form, form, **kept, desk_url="https://desk.example/").text
    assert "begin with https://desk.example, and the desk answers by that name" in page
    assert load(bench.root).desk.url == "", "a look writes nothing"
    desk.post(form, form, **hidden(page))
    assert load(bench.root).desk.url == "https://desk.example"
    assert 'value="https://desk.example"' in desk.get(form).text
    assert "say so already" in desk.post(form, form, **kept).text, "a form without the field leaves it"
    page = desk.post(form, form, **kept, desk_url="").text
    assert "the desk answers no more" in page
    desk.post(form, form, **hidden(page))
    assert load(bench.root).desk.url == ""


def test_the_form_of_a_series_shows_what_is_written(desk: Desk, bench: Bench) -> None:
    """Saved as it is, it changes nothing."""
    page = desk.get("/settings/series/daily").text
    assert re.search(r'id="rhythm" name="rhythm" type="text" value="day at 20:00"', page)
    shown = desk.post("/settings/series/daily", "/settings/series/daily", **FORM | {"rhythm": "day at 20:00"})
    assert shown.status_code == 200
    assert toml(bench) == SETTINGS


def test_a_rhythm_is_said_in_the_readers_language(desk: Desk) -> None:
    for path in ("/", "/settings", "/record", "/matrix", "/record/series/daily"):
        assert "daily at 20:00" in desk.get(path, **{"Accept-Language": "en"}).text, path
        chinese = desk.get(path, Cookie="; ".join([*_cookies(desk), "steadycast_language=zh_Hans"])).text
        assert "每天 20:00" in chinese, path
        assert "daily at 20:00" not in chinese, path


def _cookies(desk: Desk) -> list[str]:
    return [f"{cookie.name}={cookie.value}" for cookie in desk.session.cookies]


def test_the_community_keeps_its_comments_and_a_new_key_its_place(desk: Desk, bench: Bench) -> None:
    asked = {"name": "Readers", "timezone": "Asia/Shanghai", "language": "en", "email": "desk@readers.example"}
    asked |= {"url": "https://readers.example/", "description": ""}
    page = desk.post("/settings/community", "/settings/community", **asked).text
    desk.post("/settings/community", "/settings/community", **hidden(page))
    community = load(bench.root).community
    assert (community.name, community.email) == ("Readers", "desk@readers.example")
    assert "# the one promise\n" in toml(bench)
    wrong = desk.post("/settings/community", "/settings/community", **asked | {"timezone": "Asia/Shanghia"})
    assert "did you mean" in wrong.text
    assert "community.timezone" not in wrong.text
    assert "Asia/Taipei" in desk.post("/settings/community", "/settings/community", **asked | {"timezone": "台北"}).text


def test_an_address_that_is_put_right_is_told_once(desk: Desk, bench: Bench) -> None:
    """Those that were nobody's before, and still are, are no news."""
    bench.settings(SETTINGS.replace("https://readers.example/", "https://example.org/"))
    form, asked = "/settings/community", {"name": "Test readers", "timezone": "Asia/Shanghai"}
    page = desk.post(form, form, **asked, url="https://huyu.example/").text
    assert "Good to know" not in page
    right = page.partition("This is put right")[2].partition("</section>")[0]
    assert "community.url" in right
    assert "channel.site.url" not in right


def test_slots_follow_what_is_typed(desk: Desk) -> None:
    assert desk.post("/settings/slots", "/settings/series", rhythm="每周五 20:00").text.count("<time") == 10
    assert "cannot be read" in desk.post("/settings/slots", "/settings/series", rhythm="never").text
    looked = desk.post("/settings/series/daily", "/settings/series/daily", **FORM, rhythm="day at 06:20", look="1").text
    assert looked.count("06:20") >= 10


def test_a_channel_is_added_with_its_secrets_changed_and_put_into_a_series(desk: Desk, bench: Bench) -> None:
    drop(bench.root, "channels/hook/channel.toml", HOOK)
    drop(bench.root, "channels/hook/adapter.py", HOOK_ADAPTER)
    (bench.root / "steadycast.toml").write_text(SETTINGS + "\n", encoding="utf-8")  # and so it is read anew
    assert "Hook" in desk.get("/settings/channels").text
    new, untried = "/settings/new-channel/hook", "nobody has tried it against the live platform"
    assert (untried in desk.get(new).text, "experimental" in desk.get("/settings/channels").text) == (False, False)
    drop(bench.root, "channels/hook/channel.toml", HOOK.replace("api = 2", "api = 2\nexperimental = true"))
    (bench.root / "steadycast.toml").write_text(SETTINGS, encoding="utf-8")
    assert (untried in desk.get(new).text, "experimental" in desk.get("/settings/channels").text) == (True, True)
    wrong = desk.post(new, new, channel_name="hook", setting_url="s3cr3t no address")
    assert (wrong.status_code, "s3cr3t" in wrong.text) == (422, False)
    answer = desk.post(new, new, channel_name="hook", setting_url="https://hook.example/s3cr3t")
    assert answer.url.endswith("/settings/channels/hook")
    assert "s3cr3t" not in answer.text + toml(bench)
    one = "/settings/channels/hook"
    page = desk.post(one, one, title="Our hook", series=["daily"]).text
    assert "goes to Our hook too" in page
    desk.post(one, one, **hidden(page))
    workspace = load(bench.root)
    assert (workspace.channels["hook"].title, workspace.series["daily"].channels) == (
        "Our hook", ("site", "far", "hook")
    )  # fmt: skip
    answer = desk.post(f"{one}/secrets", one, setting_secret="s3cr3t-key")
    assert "s3cr3t" not in answer.text
    assert (bench.root / "var/secrets/HOOK_SECRET").read_text() == "s3cr3t-key"
    assert load(bench.root).channels["hook"].own["secret"] == "HOOK_SECRET"
    assert "What the test saw" in desk.post("/settings/channels/far/test", "/settings/channels/far").text


PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\r\ns3cr3t\r\n-----END OPENSSH PRIVATE KEY-----\r\n"


def test_where_a_folder_is_brought_to_is_asked_shown_changed_and_taken_back(desk: Desk, bench: Bench) -> None:
    one, form = "/settings/channels/site", "/settings/channels/site/upload"
    assert "stays on this machine" in desk.get(one).text
    assert desk.get("/settings/channels/far/upload").status_code == 404
    host = {"way": "sftp", "setting_host": "web.example", "setting_folder": "public_html"}
    wrong = desk.post(form, form, **host | {"setting_host": "a b"})
    assert (wrong.status_code, "a host is a name alone" in wrong.text) == (422, True)
    page = desk.post(form, form, **host, setting_user="me").text
    assert "[channel.site.upload]" in page
    assert "key of the host is not known" in page
    assert "what is missing is filled in there" in page
    assert toml(bench) == SETTINGS, "a look writes nothing"
    page = desk.post(form, form, **hidden(page)).text
    assert 'to = "sftp://me@web.example/~/public_html"' in toml(bench)
    assert "web.example/public_html" in page
    public = desk.post(f"{one}/secrets", one, **{"setting_upload.key": "ssh-ed25519 AAAA s3cr3t"}).text
    assert ("s3cr3t" in public, "expected something like -----BEGIN" in public) == (False, True)
    page = desk.post(f"{one}/secrets", one, **{"setting_upload.key": PEM}).text
    assert "s3cr3t" not in page + toml(bench)
    assert (bench.root / "var/secrets/SITE_UPLOAD_KEY").read_text() == PEM.strip().replace("\r\n", "\n")
    desk.post(f"{one}/secrets", one, **{"setting_upload.password": "s3cr3t"})
    upload = load(bench.root).channels["site"].upload
    assert (upload.key, upload.password) == ("", "SITE_UPLOAD_PASSWORD") if upload else False
    s3 = {"way": "s3", "setting_endpoint": "https://s3.example", "setting_bucket": "site"}
    desk.post(form, form, **hidden(desk.post(form, form, **s3).text))
    upload = load(bench.root).channels["site"].upload
    named = {"access_key": "SITE_UPLOAD_ACCESS_KEY", "secret_key": "SITE_UPLOAD_SECRET_KEY"}
    assert upload.secrets == named if upload else False
    assert desk.get(form).text.count("https://s3.example") >= 2
    desk.post(form, form, **hidden(desk.post(form, form, stays="1").text))
    assert toml(bench).strip() == SETTINGS.strip()
    new = "/settings/new-channel/pages"
    answer = desk.post(new, new, channel_name="two", way="rsync+ssh")
    assert answer.url.endswith("/settings/channels/two/upload?way=rsync%2Bssh")


def test_members_are_named_and_their_feeds_read(desk: Desk, bench: Bench) -> None:
    page = desk.post("/settings/members", "/settings/members", folder="王五", title="五哥", trusted="1").text
    desk.post("/settings/members", "/settings/members", **hidden(page))
    assert load(bench.root).members["王五"].trusted
    one = f"/settings/members/{quote('王五')}"
    feeds = f"{one}/feeds"
    page = desk.post(feeds, one, feed="https://five.example/feed.xml").text
    desk.post(feeds, one, **hidden(page))
    assert [feed.url for feed in load(bench.root).feeds] == ["https://five.example/feed.xml"]
    page = desk.post(f"{feeds}/0/remove", one).text
    desk.post(f"{feeds}/0/remove", one, **hidden(page))
    assert load(bench.root).feeds == ()
    assert desk.post("/settings/members", "/settings/members", folder="../up", title="").status_code == 422


def test_an_address_of_alarms_is_kept_as_a_secret(desk: Desk, bench: Bench) -> None:
    answer = desk.post("/settings/alarms/add", "/settings/alarms", address="json://127.0.0.1:1/s3cr3t")
    assert "s3cr3t" not in answer.text + toml(bench)
    assert load(bench.root).alarms.urls == ("ALARM",)
    assert "No address took the test" in desk.post("/settings/alarms/test", "/settings/alarms").text
    page = desk.post("/settings/alarms", "/settings/alarms", remove="ALARM").text
    desk.post("/settings/alarms", "/settings/alarms", **hidden(page))
    assert load(bench.root).alarms.urls == ()


def test_broken_settings_are_said_with_their_line_and_put_right_there(desk: Desk, bench: Bench) -> None:
    file = bench.root / "steadycast.toml"
    broken = SETTINGS.replace('late = "3h"', 'late = "soon"')
    file.write_text(broken, encoding="utf-8")
    line = broken.splitlines().index('late = "soon"') + 1
    assert f"line {line}" in desk.get("/").text, "the desk opens, by the settings before"
    page = desk.get("/settings/file").text
    assert f'id="line-{line}"' in page
    assert 'aria-current="page">Settings' in page, "in the desk's own frame"
    (print_,) = re.findall(r'name="print" value="([^"]*)"', page)
    assert desk.post("/settings/file", "/settings/file", text=broken, print=print_).status_code == 422
    assert desk.post("/settings/series/daily", "/settings/file", **FORM, rhythm="day at 21:00").status_code == 422
    assert toml(bench) == broken
    fixed = SETTINGS.replace("day at 20:00", "day at 21:00")
    assert "What this changes" in desk.post("/settings/file", "/settings/file", text=fixed, print=print_).text
    desk.post("/settings/file", "/settings/file", text=fixed, print=print_, sure="1")
    assert toml(bench) == fixed
    again = desk.post("/settings/file", "/settings/file", text=SETTINGS, print=print_, sure="1")
    assert "changed meanwhile" in again.text
    assert toml(bench) == fixed


def test_settings_that_never_could_be_read_open_as_text(bench: Bench) -> None:
    bench.root.mkdir()
    (bench.root / "steadycast.toml").write_text("[community]\nname = \n", encoding="utf-8")
    with Desk(bench.root).up() as desk:
        answer = desk.get("/calendar")
        assert answer.url.endswith("/settings/file")
        assert 'id="line-2"' in answer.text
        (print_,) = re.findall(r'name="print" value="([^"]*)"', answer.text)
        assert desk.post("/settings/file", "/settings/file", text=COMMUNITY, print=print_).url.endswith("/settings")
        assert load(bench.root).community.name == "Test readers"


def test_what_is_wrong_is_told_by_the_label_of_its_setting_with_a_way_to_its_form(desk: Desk, bench: Bench) -> None:
    """No key of the file: whoever reads it has forms. What has none keeps its words."""
    bench.settings(
        SETTINGS.replace("https://readers.example/", "https://example.org/").replace('["site", "far"]', "[]")
    )
    page = desk.get("/settings").text
    assert 'href="/settings/community#url"><bdi>Address of your site</bdi>' in page
    assert 'id="url"' in desk.get("/settings/community").text
    (form,) = re.findall(r'href="(/settings/channels/site)#(setting_url)"', page)
    assert f'id="{form[1]}"' in desk.get(form[0]).text
    assert 'href="/settings/series/daily"><bdi>Daily</bdi>' in page
    assert "<bdi>goes to no channel: nothing of it goes out</bdi>" in page
    for key in ("community.url", "channel.site.url", "series.daily"):
        assert f"<bdi>{key}" not in page


def test_the_next_slot_is_one_that_is_still_to_come(desk: Desk, bench: Bench) -> None:
    """Not one that went out before its hour."""
    with bench.open() as app:
        first, second = app.ledger.coming_slots(pipeline.now(), 2)
        told = [current().instant(slot.at.astimezone(app.workspace.community.zone)) for slot in (first, second)]
        assert f"next {told[0]}" in desk.get("/settings").text
        pipeline.publish(app, slot=first.id)
    assert f"next {told[1]}" in desk.get("/settings").text
