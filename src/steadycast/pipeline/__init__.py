"""A draft's way, a verb each: collect, plan, publish, verify, report; and what people decide on it. Prints nothing.

What all of them share
    app, secrets     a workspace opened, with its ledger and its platforms; a secret by its name
    open_workspace   the workspace as it is in force, opened once for all requests of a server
    permissions      who may do what
    results          what a verb did, as rows
    frozen_draft     a draft as the ledger keeps it
Who does it
    permissions, concerns   who may do what; which series a change concerns
    accounts         persons who log in, their tokens, and the log of what they changed
What comes in
    collect, member_feeds   files and feeds taken in
    files_read       files as they were read last: what tells that one has not changed
    unchanged_content   the last look that found nothing to do, and what tells that nothing has changed since
    draft_identity   which draft a file is: an edit, a copy, one that looks like another, one of an archive
    draft_media      its files; pictures from elsewhere; how much a member may keep
    submission       what a member sends by their page
    submission_title   a title for what came without one
    draft_notes      what is told of drafts and other files before their hour
    calendar_links   the address by which a person's calendar program reads the plan
    invites, members, member_names   who may open such a page; who gave what, and what became of it; names for people
What will go out
    plan, owed_slots, digest   which slot carries what; slots that nobody saw; the last reserve
    stock            drafts as the planner sees them; those that it may still ask for
    fair             who writes and who decides, and how long drafts wait
    leaders          series with editors of their own, and what others decided over their heads
    mix              the mix of each series that is in force, judged once a month
    rituals, ritual_drafts   the days that a community marks, and the drafts that are written for them
    house_texts      what those drafts and digests are written from
    drafts, draft_location, manual_slot   what a person decides; where a draft stands; a slot by hand
    lost_by_hand     such slots that a restored ledger does not know
    past_pins        what is pinned to a slot that is past, and is no stock
    pinning, slot_view   the slot that a person chose for a draft; slots as a calendar shows them
    past_slots       what a calendar shows of the past, kept until something happens to it
    asking, ask_calendar, reminders   a member who is asked to write for a slot; in calendars; reminded in the group
    preview, preview_frames, live_preview   one draft on every channel; a text while it is written
    write_draft, content_files   a draft written at the desk; files put into content/
    draft_page       one draft for people to look at, and how two revisions of it differ
What members of a class owe each other
    rounds, turns    who comments on whom, and who was left without a word; who is on duty and who leads a group
    turn_changes     the turns that a swap or a leave gives to another
    round_alarms     what is wrong with them
    hand_over        one period of a class on a page
    class_files, class_records   roster.csv and turns.csv read; what is kept of a class that is renamed
    source_looks, classes   when members' sources were looked at; what members owe, judged and written down
    class_view       a class as a grid of members and slots; what one member owes
    class_decisions, class_problems   what a person says of a member; what is wrong with rosters and classes
    roster_edit      the row of a member who moves
What goes out, and what came of it
    publish_requests   a program that asks a person to publish a slot now
    convert          sounds and films converted ahead of their hours
    local_pages      where a post lies on this machine
    posts, publish, verify, amend   a draft as a post; sent; looked for; changed or taken away
    read_back_feed, post_address   what is closed because a feed shows it; the addresses that a post may have
    finished_by_hand   what lies ready on a far side, closed once a person has published it
    uploads          a channel's folder brought to its web host
    rebuild, probed_limits   a channel's folder made again; what each far side allows
    kits             what a person posts by hand, and what is in it
    incoming_mail    what came back by itself: bounces, letters that unsubscribe
    recipients       those to whom a channel sends by themselves, and what came of each
    to_do            what needs a person: one rule, one number
    today            one day for the person who looks after it
    arrivals         who came, from which source and slot, as those who count tell it
    circles, hub_asks   a hub's view over independent communities; what a hub asks of this one
    report           the record written down; alarms at each tick
    community_state  the record and the matrix as they are, made once for all who show them

The names are loaded when they are first asked for: a command pays for no verb but its own.
"""

from typing import TYPE_CHECKING

from steadycast import on_demand

__all__ = [
    "App",
    "DraftLocation",
    "ReportMade",
    "accounts",
    "acting",
    "alarm",
    "amend",
    "arrivals",
    "ask_calendar",
    "asking",
    "before",
    "check_settings",
    "circles",
    "class_decisions",
    "class_problems",
    "class_view",
    "classes",
    "collect",
    "concerns",
    "confirm",
    "convert",
    "decide",
    "drafts",
    "fair",
    "give_title",
    "hand_over",
    "hub_asks",
    "invites",
    "is_first",
    "kits",
    "leaders",
    "leaving",
    "line_of",
    "listed",
    "members",
    "needs",
    "now",
    "permissions",
    "plan",
    "preview",
    "publish",
    "publish_requests",
    "rebuild",
    "reminders",
    "report",
    "ritual_drafts",
    "rituals",
    "rounds",
    "settle",
    "submission",
    "take_back",
    "turn_changes",
    "turns",
    "verify",
    "waiting",
    "watch",
    "who",
]

if TYPE_CHECKING:
    from steadycast.pipeline import (
        accounts,
        amend,
        arrivals,
        ask_calendar,
        asking,
        circles,
        class_decisions,
        class_problems,
        class_view,
        classes,
        concerns,
        fair,
        hand_over,
        hub_asks,
        invites,
        kits,
        leaders,
        members,
        permissions,
        publish_requests,
        reminders,
        ritual_drafts,
        rituals,
        rounds,
        submission,
        turn_changes,
        turns,
    )
    from steadycast.pipeline.app import App, acting, check_settings, now, who
    from steadycast.pipeline.collect import collect, watch
    from steadycast.pipeline.convert import convert
    from steadycast.pipeline.draft_location import DraftLocation
    from steadycast.pipeline.draft_notes import give_title
    from steadycast.pipeline.drafts import before, decide, drafts, listed, take_back, waiting
    from steadycast.pipeline.plan import plan
    from steadycast.pipeline.preview import preview
    from steadycast.pipeline.publish import is_first, leaving, publish
    from steadycast.pipeline.rebuild import rebuild
    from steadycast.pipeline.report import alarm, report
    from steadycast.pipeline.results import ReportMade, line_of
    from steadycast.pipeline.to_do import needs
    from steadycast.pipeline.verify import confirm, settle, verify
else:
    __getattr__ = on_demand.offer(
        __name__,
        __all__,
        {
            "app": "App acting check_settings now who",
            "collect": "collect watch",
            "convert": "convert",
            "draft_location": "DraftLocation",
            "draft_notes": "give_title",
            "drafts": "before decide drafts listed take_back waiting",
            "plan": "plan",
            "preview": "preview",
            "publish": "is_first leaving publish",
            "rebuild": "rebuild",
            "report": "alarm report",
            "results": "ReportMade line_of",
            "to_do": "needs",
            "verify": "confirm settle verify",
        },
    )
