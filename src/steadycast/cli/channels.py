"""Commands about channels: add one, log in to it, and test a platform's folder and a channel's credentials."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from steadycast.cli.lazy_rooms import pipeline
from steadycast.cli.output import NEEDS_A_PERSON, OK, as_json, at_a_terminal, complain, in_order, say, show
from steadycast.cli.parameters import Json
from steadycast.errors import InputError, SettingsError, SteadycastError, unknown_name, with_hint
from steadycast.language import N_
from steadycast.language import gettext as _

if TYPE_CHECKING:
    from steadycast.platform import Platform, Setting
    from steadycast.testing.contract import Result

TITLES = {
    "credentials": N_("The channel would be let in."),
    "limits": N_("What the channel's far side allows."),
    "feed": N_("The feed that shows what is out there."),
}
KINDS = {"str": N_("some text"), "int": N_("number"), "bool": N_("yes or no"), "url": N_("address"), "path": N_("file"),
         "list": N_("list, with commas between")}  # fmt: skip
COLUMNS = {"state": "", "title": "rule", "said": "what was seen", "where": "where"}
STATES = {"kept": "ok"}  # a slot that is kept has another word
STANDS = {"waiting": "subscribed"}  # of no delivery: nobody waits
Pairs = Annotated[tuple[str, ...], Parameter(negative="")]


def try_out(name: str, *, json: Json = False) -> int:
    """Hold a platform's folder against the contract, and try a channel's credentials. Publishes nothing.

    Parameters
    ----------
    name
        A channel of this community, or a platform: a folder in channels/.
    """
    return _tried(name, json=json)


def _tried(name: str, *, json: bool = False, all_rules: bool = True) -> int:
    """The exit code; shows every rule that was tried, or only what is to be fixed and how the credentials are."""
    import tempfile

    from steadycast.testing import contract
    from steadycast.workspace import load

    workspace = load()
    platform = workspace.channels[name].platform if name in workspace.channels else name
    with tempfile.TemporaryDirectory(prefix="steadycast-test-") as scratch:
        found = list(contract.run(platform_named(platform, workspace.channels), Path(scratch)))
    rows = [_row(result) for result in found]
    if name in workspace.channels:
        rows += _let_in(name)
    broken = sum(row["state"] in (contract.BROKEN, "bad") for row in rows)
    if json:
        as_json(rows)
    else:
        hidden = {contract.NOT_TRIED} if all_rules else {contract.NOT_TRIED, contract.KEPT}
        show(
            [row | {"state": STATES.get(row["state"], row["state"])} for row in rows if row["state"] not in hidden],
            COLUMNS,
            title=_("Contract of %(platform)s", platform=platform),
        )
        left = {row["said"] for row in rows if row["state"] == contract.NOT_TRIED and "fake.py" in row["said"]}
        say(*(_("Not tried: %(said)s; channels/README.md says how to bring one.", said=said) for said in left))
        say(in_order(broken))
    return NEEDS_A_PERSON if broken else OK


def platform_named(name: str, also: Iterable[str] = ()) -> Platform:
    """A platform by its name, or what is wrong with it; `also` are names of channels that a person may have meant."""
    from steadycast.platform.registry import meant, platforms
    from steadycast.workspace import load

    workspace, broken = load(), dict[str, SettingsError]()
    known = platforms(workspace.platform_folders, broken)
    name = name if name in broken else meant(name, known)
    if name in broken:
        raise broken[name]
    if name not in known:
        what = "channel or platform" if also else "platform"
        raise unknown_name(what, name, [*also, *known], _("`steadycast channel list` shows them"))
    return known[name]


def _row(result: Result) -> dict[str, str]:
    said = with_hint(result.said, result.hint)
    told = {"state": result.state, "rule": result.rule, "title": _(result.title), "said": said}
    return {**told, "where": result.where if result.state == "broken" else ""}


def _let_in(name: str) -> Iterator[dict[str, str]]:
    """Whether its far side would let a channel in, and what that allows, as the doctor finds out."""
    from steadycast.ops.doctor import channel

    with pipeline.App.in_force(readonly=True) as app:
        app.platform(name)  # or what is wrong with it
        for found in channel(app, name, pipeline.now()):
            rule = kind if (kind := found.where.partition(" ")[0]) in TITLES else "credentials"
            said = with_hint(found.message, found.hint)
            yield {"state": found.severity, "rule": rule, "title": _(TITLES[rule]), "said": said, "where": ""}


def add(platform: str, *, name: str = "", set: Pairs = (), secret_file: Pairs = ()) -> int:
    """Add a channel to steadycast.toml: asks for its settings, keeps its secrets in var/secrets, and tests it.

    Parameters
    ----------
    platform
        As `steadycast channel list` shows it: its name, or its title in any language.
    name
        The channel's name; without it: the platform's.
    set
        A setting as key=value, in the place of a question; of a secret the name of one that is set. May be repeated.
    secret_file
        A secret setting as key=FILE: its value is read from there (/dev/stdin too). May be repeated.
    """
    from steadycast.ops import channel_add, channel_login
    from steadycast.workspace import load

    workspace = load()
    given, files = _pairs(set, "--set"), _pairs(secret_file, "--secret-file")
    secrets = {key: channel_add.secret_from(Path(file)) for key, file in files.items()}
    asks = at_a_terminal() and not given and not files
    login = asks and channel_login.has_login(platform_named(platform))
    wanted = channel_add.wanted(
        workspace, platform, name, given=given, secrets=secrets, login=login,
        ask=partial(_asked, login=login) if asks else None,
    )  # fmt: skip
    channel_add.add(workspace, wanted)
    say(_("added [channel.%(name)s] to %(file)s", name=wanted.name, file=workspace.settings_file))
    if platform_named(platform).experimental:
        say(_("Experimental: nobody has tried it against the live platform. Look at its first posts yourself."))
    say(
        *(
            _("kept the secret %(secret)s in %(file)s", secret=secret, file=workspace.secrets / secret)
            for secret in wanted.secrets
        )
    )
    if wanted.waits:
        try:
            _let_a_person_in(wanted.name)
        except SteadycastError as error:
            complain(str(error))
            say(_("`steadycast channel login %(name)s` tries it again.", name=wanted.name))
    code = _tried(wanted.name, all_rules=False)
    if code != OK:
        if channel_login.has_login(platform_named(platform)):
            say(_("`steadycast channel login %(name)s` tries it again.", name=wanted.name))
        say("", _("Next: correct it in steadycast.toml, then `steadycast channel test %(name)s`.", name=wanted.name))
        return code
    say("", _('Next: add "%(name)s" to the channels of a series in steadycast.toml.', name=wanted.name))
    return code


def recipients(name: str, *, leave: str = "", back: str = "", json: Json = False) -> int:
    """Show who is sent the posts of a channel, and who is sent nothing any more. With an address: change that.

    Parameters
    ----------
    name
        A channel of this community.
    leave
        A recipient who asked to be sent nothing any more. They stay away, also when the list is put in again.
    back
        A recipient who asked to be sent to again.
    """
    from steadycast.pipeline import recipients as verbs

    with pipeline.App.open(readonly=not (leave or back)) as app:
        app.known_channel(name)
        said = [verbs.leave(app, name, leave)] if leave else []
        said += [verbs.back(app, name, back)] if back else []
        found = verbs.of_channel(app, name)
    rows = [{"state": STANDS.get(r.state, r.state), "who": r.name, "why": r.why} for r in found.rows] if found else []
    if json:
        as_json(rows)
        return OK
    say(*said)
    if not said:
        show(rows, {"state": "state", "who": "who", "why": "why"}, empty=_("It has no recipients."))
    return OK


def login(name: str) -> int:
    """Log in to a channel whose platform has a login: it shows a page, and asks for the code that the page shows.

    What comes of it is kept in var/secrets, and the credentials are tried. Publishes nothing.

    Parameters
    ----------
    name
        A channel of this community.
    """
    from steadycast.ops import channel_login

    with pipeline.App.open() as app:
        channel_login.check(app, name)
    if not at_a_terminal():
        hint = _("run it in a terminal, or put the secret into var/secrets: the platform's README says how to get it")
        raise InputError(_("a login asks a person for a code"), hint=hint, channel=name)
    _let_a_person_in(name)
    rows = list(_let_in(name))
    show(rows, COLUMNS)
    return NEEDS_A_PERSON if any(row["state"] == "bad" for row in rows) else OK


def _let_a_person_in(name: str) -> None:
    from getpass import getpass

    from steadycast.ops import channel_login

    def pasted(words: str) -> str:
        try:
            return getpass(f"{words} {_('(not shown)')}: ")  # a code, or a password
        except EOFError:
            return ""

    with pipeline.App.open() as app:
        say(*channel_login.login(app, name, lambda words, address: say(words, f"  {address}"), pasted))


def _pairs(given: tuple[str, ...], option: str) -> dict[str, str]:
    if wrong := [pair for pair in given if "=" not in pair]:
        raise InputError(
            _("%(option)s %(wrong)s: there is no = in it", option=option, wrong=wrong[0]),
            hint=_("write %(option)s key=value", option=option),
        )
    return dict(pair.split("=", 1) for pair in given)


def _asked(setting: Setting, *, login: bool = False) -> str:
    """What a person answers, until it is a value that the setting takes; a secret is not shown."""
    from getpass import getpass

    from steadycast.ops.channel_add import typed

    usual = _("yes") if setting.default is True else _("no") if setting.default is False else setting.default
    default = "" if setting.default in (None, "", [], ()) else f" [{usual}]"
    left_out = "" if setting.required or default else _(" (Enter leaves it out)")
    not_shown = _("(not shown; Enter logs in instead)") if login and setting.required else _("(not shown)")
    say(f"{setting.name}: {setting.shown_help}" if setting.help else setting.name)
    while True:
        text = (
            getpass(f"  {not_shown} ") if setting.secret else input(f"  {_(KINDS[setting.type])}{default}{left_out}: ")
        )
        if not text.strip():
            if setting.required and setting.default is None and not (login and setting.secret):
                continue
            return ""
        try:
            if not setting.secret:
                typed(setting, text)
        except SettingsError as error:
            complain(str(error))
            continue
        return text
