"""The ledger: the only truth about slots, deliveries and receipts.

The database
    store            `Ledger`, the way in: every method is a function of the files below
    connection, raw_sql   opened with the durability that a promise needs; statements that every burst runs
    busy             waiting for another process's lock, so that who is to end hears it
    rows, tables, models   what a row is; each table's columns; SQLModel's models of them, with their indexes
    schema, migrations   their upgrades from version to version
    database_check   what the database says of itself: its version, its damage
What a draft goes through
    intake, plans    drafts and problems; which draft each slot will carry
    member_feeds     the last look at each feed, and its items
    stock_reads      the drafts that a slot may carry, as planning asks for them
    draft_labels     by which tags, series and language a draft is found
    delivery, claims, outcomes   a delivery as a worker gets it; who has what is due; what came of a try
    frozen_posts     what was sent, kept for ever, compressed once it is old
    amendments       posts that are out: changed in their place, or taken away
    history          what happened to a delivery, in order, for people
    pacing, channel_state, sealed   what holds a channel back; what it remembers, and how that is encrypted
    decisions, draft_decisions   what only a person can say: of a delivery, of a draft
    recovery, time_spans   what a dead worker left behind; spans that no wall clock can shorten
What is read
    queries, record, overdue   deliveries as they stand; the record for the report; whether promises are kept now
    record_changes, record_weeks   what of the record has changed since somebody looked; its weeks as they were counted
    calendar_reads   the slots of some weeks, and the stock that none of them carries
    delivery_log, matrix   the log, a page at a time; how each series stands on each channel
    draft_list, today_reads   drafts a page at a time; what one day shows
    member_reads     who gave what, where it is
    alarm_rows       alarms, told once and closed
    fair_reads       who decided what, how long drafts took
    editor_events    what was decided over the head of a series' own editors
    mix_steps        the steps of each series' mix, and the active members that they are judged by
    slot_counts      how many slots of a series were owed, and how many in a row were not missed
    arrivals         who came, by day and source, as each counter has it
    classes          what members owe: hand-ins, how each duty ended, what happened to a member
    comments, turns  who was drawn to comment on whom, and what was done; who was on duty
    change_mark      whether anything was committed since somebody last asked
People
    invites          who may open a member's page
    people           who may log in: persons, their sessions and tokens
    audit_log        who changed what; requests that were answered already
    asks, publish_requests   who is asked to write for a slot; who asks a person to publish one now
The installation
    installation     its values, its markers' secret, its last tick
    publishing_place   from which machine and folder it publishes
    copies, older_copy   backups; a ledger that was restored must not send again what the lost part had sent
    bulk_backfill    what was published before there was a ledger
"""
