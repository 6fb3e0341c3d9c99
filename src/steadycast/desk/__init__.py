"""The desk: the page that an operator keeps open. A face: its pages call verbs and read the ledger, and hold no rule.

server           the pages put together, and served on this machine
guard            who is let in: sessions, the key of this machine, the Host, forms of our own, what a page may load
acts             what each form does: who may, and what is written down of it
entry, people    the log-in, and one's own page; who may log in, and what was changed
slot_page, asks  a slot's own page, below the calendar; a member asked to write for it
calendar_feeds   calendars for calendar programs
leave            where a reader leaves a channel
reader_language  the language that one reader wants
live             what changed, told to the pages that are open
pages            what all pages share: the frame, a form's answer, what a verb refused
faults           what is shown where a page fails by a fault of ours
ready            the first pages, made while the desk starts
answers          a page that was made this second, given again while nothing has changed
rate_limits      how often somebody may ask for members' pages or try a password, and how much at once
connections      how it is served: who says nothing is hung up on
when_asked      a part that is loaded when somebody asks for it
incoming         how many bytes a request may bring, and how long it may take
upload           a form with files, counted while it comes in
fairness         who writes and who decides
members, member_page   members, and the page of each that an invite opens
own_files        styles and scripts, which a browser asks for once
files            what lies under var/out and var/preview, each page fenced off from the desk
today, slot_calendar, drafts, draft, kits, write   the pages
write_form, write_outcome   a form as an edited draft; what became of it, in words
settings, settings_channels, settings_people, settings_file   what is promised, each change with its effect first
setting_labels   settings by their labels, for who reads what is wrong with one
settings_rituals   the days that the community marks
first_run        the pages that make a workspace where none is
zones            time zones by what people call them
record, matrix, arrivals, log, why   the pages of the record: the year, the channels, who came, every delivery, why
gates            ready to be copied?
circles          the communities that a hub looks at; what a hub asks of this one
classes          who handed in what, week by week; who is up for leaving, which a person decides
class_rounds     who comments on whom in a class, whose turn it is, what is handed over
"""
