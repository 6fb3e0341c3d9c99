"""The API: what the desk's pages do, for programs. A face: it calls verbs and reads the ledger, and holds no rule.

server      the application put together, with its description (OpenAPI)
authorization   who asks: a bearer token, what it may do, and how large a request may be
idempotency   a change that is asked for twice under one key is made once
routes      how a part declares its routes: what they look at, what they change
problems    what went wrong, as problem details (RFC 9457)
pages       long lists, a page at a time
shapes      what all answers share: the community's time, one way to name a person's reason
today, slots, drafts, previews, deliveries   what is due, in stock, and came of it
draft_decisions   what is decided on a draft: approved, pinned, changed or taken away where it is out
tools, tools_http   the same for assistants (MCP), and how they come over HTTP
record, arrivals, members, channels, asks   the record, who came, who gave what, where it goes, who is asked for what
ready            whether this community is ready to be copied
circles          the communities that a hub looks at; what a hub asks of this one
classes          who handed in what, week by week; who is up for leaving, which a person decides
class_rounds     who comments on whom in a class, whose turn it is, what is handed over
fairness    who writes and who decides
publish_requests   a program asks a person to publish a slot now
rituals          the coming days that the community marks
settings, settings_channels, settings_people, settings_file   settings: of the community and series, and as text
settings_change, change_log, people   how each is changed, with its effect; who changed what; people and their tokens
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steadycast import on_demand

__all__ = ["made", "made_tools"]

if TYPE_CHECKING:
    from steadycast.api.server import made, made_tools
else:
    __getattr__ = on_demand.offer(__name__, __all__, {"server": "made made_tools"})
