"""The ledger: the only truth about drafts, slots, deliveries and receipts.

    with Ledger.open(workspace.ledger) as ledger:
        ledger.recover(now)                                     # first, at every start and every tick
        batch = ledger.claim(now, owner, lease)

Every method is one transaction, durable when it returns, and takes `now` where time matters. What it returns is
frozen or belongs to nobody: no session, no lazy load. Rows are those of `tables.py`.

Who may change what, and from which state (each is one UPDATE with the state in its WHERE clause):

    planned -> due, excused, cancelled                save_plan (and back, as long as nothing was tried)
    due -> claimed                                    claim
    claimed -> sending                                intend
    claimed -> due, refused, missed                   release (by its worker), recover (when its lease ran out)
    sending -> published, handed, refused, due, unknown, missed    receive (by its worker)
    sending -> unknown                                recover (when its lease ran out): never due
    unknown -> seen, due, missed, unknown             looked (read-back)
    unknown -> published, missed, due                 settle_as_there, settle_as_missed, send_again (a person; a feed)
    published -> seen                                 verified
    handed -> confirmed                               confirm
    due, planned -> missed                            recover (past `late`)
    missed -> planned                                 take_back (its time is not over: the clock was ahead)
    refused, missed -> due                            retry
    planned, due, claimed, refused, handed -> cancelled    cancel (of what is claimed its worker sends nothing)
    published, seen, confirmed -> withdrawn           end_amendment (a person took it away)
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from steadycast.ledger import (
    alarm_rows,
    amendments,
    arrivals,
    asks,
    audit_log,
    bulk_backfill,
    calendar_reads,
    channel_state,
    claims,
    classes,
    comments,
    decisions,
    draft_decisions,
    draft_list,
    frozen_posts,
    history,
    installation,
    intake,
    invites,
    member_feeds,
    member_reads,
    older_copy,
    outcomes,
    pacing,
    people,
    plans,
    publish_requests,
    publishing_place,
    queries,
    recovery,
    schema,
    slot_counts,
    stock_reads,
    today_reads,
    turns,
)
from steadycast.ledger import delivery as worker_view
from steadycast.ledger.connection import Database, connect, damaged_values
from steadycast.ledger.tables import State

__all__ = ["Ledger", "State"]


class Ledger(Database):
    """One community's ledger; every method below is a function of the module it is taken from."""

    @classmethod
    def open(cls, where: str | Path, *, readonly: bool = False, mark: Path | None = None) -> Self:
        """The ledger at a path or a PostgreSQL URL: made when missing, upgraded when old.

        `mark` is where it is written how far a PostgreSQL ledger has come; an SQLite one has that beside its file.
        Raises LedgerError, with the hint, when it cannot be opened or written, or is newer than this program.
        """
        made = connect(where, readonly=readonly)
        ledger = cls(made.engine, made.name, readonly=readonly)
        ledger.beside = made.beside or mark
        try:
            schema.ensure(ledger)
            with damaged_values(ledger.name):
                installation.settle_in(ledger)
                older_copy.notice(ledger)
        except BaseException:
            ledger.close()
            raise
        return ledger

    # The installation
    meta = installation.meta
    metas = installation.metas
    set_meta = installation.set_meta
    marker = installation.marker
    sign = installation.sign
    ticked = installation.ticked
    last_tick = installation.last_tick
    alarms = alarm_rows.alarms
    open_alarm = alarm_rows.open_alarm
    alarm_sent = alarm_rows.alarm_sent
    close_alarm = alarm_rows.close_alarm

    # Where it is
    lost = publishing_place.lost
    objection = publishing_place.objection
    settle_here = publishing_place.settle_here
    move_here = publishing_place.move_here

    # What came in
    drafts = intake.drafts
    shown_drafts = intake.shown_drafts
    waiting_drafts = draft_list.waiting_drafts
    unlisted_drafts = intake.unlisted_drafts
    approved_drafts = stock_reads.approved_drafts
    approved_values = stock_reads.approved_values
    approved_briefly = stock_reads.approved_briefly
    approved_among = stock_reads.approved_among
    pinned_drafts = stock_reads.pinned_drafts
    drafts_out = stock_reads.drafts_out
    drafts_in = intake.drafts_in
    has_drafts = intake.has_drafts
    known_drafts = intake.known_drafts
    dropped_paths = intake.dropped_paths
    held_drafts = intake.held_drafts
    draft_paths = intake.draft_paths
    draft = intake.draft
    draft_page = draft_list.draft_page
    paths_out = draft_list.paths_out
    drafts_due = draft_list.drafts_due
    listed_drafts = draft_list.listed_drafts
    drafts_to_decide = draft_list.drafts_to_decide
    titles = intake.titles
    put_drafts = intake.put_drafts
    approve = intake.approve
    reject = intake.reject
    set_plan = intake.set_plan
    carry_approval = intake.carry_approval
    decisions_of = draft_decisions.decisions_of
    reasons = draft_decisions.reasons
    take_back_decision = draft_decisions.take_back
    revision = intake.revision
    revisions_of = intake.revisions_of
    unread = intake.unread
    approved = intake.approved
    texts = intake.texts
    had = intake.had
    media_of = intake.media_of
    went_out_before = intake.went_out_before
    problems = intake.problems
    put_problems = intake.put_problems
    feeds = member_feeds.feeds
    put_feeds = member_feeds.put_feeds
    feed_items = member_feeds.feed_items
    put_feed_items = member_feeds.put_feed_items
    update_feed_item = member_feeds.update_feed_item

    # Members
    invite = invites.invite
    revoke_invite = invites.revoke_invite
    invites_of = invites.invites_of
    standings = member_reads.standings
    gifts = member_reads.gifts
    waited = member_reads.waited
    given_by = member_reads.given_by
    came_since = member_reads.came_since
    empty_slots = member_reads.empty_slots
    places_of = member_reads.places_of

    # Who came
    put_arrivals = arrivals.put_arrivals
    replace_arrivals = arrivals.replace_arrivals
    # What members of classes owe
    written_by = classes.written_by
    hand_ins = classes.hand_ins
    hand_ins_used = classes.hand_ins_used
    hand_in = classes.hand_in
    verdicts = classes.verdicts
    hand_ins_of = classes.hand_ins_of
    put_hand_ins = classes.put_hand_ins
    forget_hand_ins = classes.forget_hand_ins
    correct_hand_in = classes.correct_hand_in
    put_member_standings = classes.put_member_standings
    # Who comments on whom
    put_round = comments.put_round
    rounds_drawn = comments.rounds_drawn
    round_of = comments.round_of
    latest_rounds = comments.latest_rounds
    comments_between = comments.comments_between
    times_met = comments.times_met
    comments_of = comments.comments_of
    comments_open = comments.comments_open
    comment_done = comments.comment_done
    comment_undone = comments.comment_undone
    handed_in = comments.handed_in
    hand_ins_between = comments.hand_ins_between
    written_since = comments.written_since
    turns_served = turns.turns_served
    put_turns = turns.put_turns
    member_standings = turns.member_standings
    # Who is asked to write for a slot
    put_ask = asks.put_ask
    ask = asks.ask
    asks_between = asks.asks_between
    asks_of_slots = asks.asks_of_slots
    asks_of_member = asks.asks_of_member
    asks_with_draft = asks.asks_with_draft
    answer_ask = asks.answer_ask
    end_ask = asks.end_ask
    restore_ask = asks.restore_ask
    tie_ask = asks.tie_ask
    put_publish_request = publish_requests.put_publish_request
    publish_request = publish_requests.publish_request
    open_publish_requests = publish_requests.open_publish_requests
    newest_publish_requests = publish_requests.newest_publish_requests
    count_publish_requests = publish_requests.count_publish_requests
    end_publish_request = publish_requests.end_publish_request
    lapse_publish_requests = publish_requests.lapse_publish_requests

    # People, and what they did
    has_people = people.has_people
    person = people.person
    all_people = people.all_people
    put_person = people.put_person
    change_person = people.change_person
    session = people.session
    put_credential = people.put_credential
    used_credential = people.used_credential
    end_sessions = people.end_sessions
    api_token = people.api_token
    api_tokens_of = people.api_tokens_of
    revoke_api_tokens = people.revoke_api_tokens
    put_audit = audit_log.put_audit
    audit_page = audit_log.audit_page
    idempotent = audit_log.idempotent
    begin_idempotent = audit_log.begin_idempotent
    count_idempotent = audit_log.count_idempotent
    finish_idempotent = audit_log.finish_idempotent
    forget_idempotent = audit_log.forget_idempotent

    # What is planned
    save_plan = plans.save_plan
    drop_slots = plans.drop_slots
    slots_between = plans.slots_between
    slots_of = plans.slots_of
    slots_due = plans.slots_due
    slot = plans.slot
    assignments = plans.assignments
    planned_at = plans.planned_at
    promised = plans.promised
    rename_series = plans.rename_series
    rename_class = classes.rename_class
    backfill = bulk_backfill.backfill

    # Delivery, step by step
    claim = claims.claim
    freeze = claims.freeze
    frozen = frozen_posts.frozen
    pack_frozen = frozen_posts.pack_frozen
    intend = claims.intend
    held = claims.held
    begin_step = claims.begin_step
    finish_step = claims.finish_step
    forget_step = claims.forget_step
    steps_of = claims.steps_of
    tokens_and_states = claims.tokens_and_states
    receive = outcomes.receive
    release = outcomes.release
    recover = recovery.recover
    take_back = recovery.take_back
    jump = recovery.jump
    passed_by = recovery.passed_by
    doubts = worker_view.doubts
    looked = outcomes.looked
    unseen = worker_view.unseen
    verified = outcomes.verified

    # What is out, changed or taken away
    begin_amendment = amendments.begin_amendment
    end_amendment = amendments.end_amendment
    drop_amendments = amendments.drop_amendments
    amendments_of = amendments.amendments_of
    amendments_due = amendments.amendments_due

    # What a channel remembers
    state = channel_state.state
    states = channel_state.states
    states_of_channel = channel_state.states_of_channel
    set_state = channel_state.set_state
    lock_state = channel_state.lock_state
    unlock_state = channel_state.unlock_state
    waits = pacing.waits

    # What a person says
    settle_as_there = decisions.settle_as_there
    settle_as_missed = decisions.settle_as_missed
    send_again = decisions.send_again
    confirm = decisions.confirm
    correct = decisions.correct
    retry = decisions.retry
    cancel = decisions.cancel

    # What it tells
    delivery = queries.delivery
    delivery_of = queries.delivery_of
    deliveries = queries.deliveries
    channels_of = queries.channels_of
    states_of = queries.states_of
    draft_deliveries = queries.draft_deliveries
    counts = queries.counts
    waiting = worker_view.waiting
    being_sent = worker_view.being_sent
    coming_slots = today_reads.coming_slots
    next_slots = today_reads.next_slots
    owed_and_empty = today_reads.owed_and_empty
    reaches = today_reads.reaches
    slots_gone_out = today_reads.slots_gone_out
    first_to_decide = today_reads.first_to_decide
    receipts_of = queries.receipts_of
    events = history.events
    used = queries.used
    last_used = queries.last_used
    used_before = queries.used_before
    linkable = queries.linkable
    record = queries.record
    counted = slot_counts.counted

    # What a calendar shows
    known_slots = calendar_reads.known_slots
    slots_marked = calendar_reads.slots_marked
    slots_shown = calendar_reads.slots_shown
    deliveries_of = calendar_reads.deliveries_of
    alike_deliveries_of = calendar_reads.alike_deliveries_of
    slots_of_ids = calendar_reads.slots_of_ids
    changes_of = calendar_reads.changes_of
    drafts_of = calendar_reads.drafts_of
    carried_drafts = calendar_reads.carried_drafts
    free_stock = calendar_reads.free_stock
