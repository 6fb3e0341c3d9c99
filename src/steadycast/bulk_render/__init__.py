"""Every draft as every channel would show it, in var/render: made again only where something changed.

A `run` reads what is remembered of the last one (`cache`), looks for what differs (`changes`), and does only that
(`run_changes`): by several processes where it is much (`pool`), each making drafts into files (`render_draft`) for its
`outlets`.
"""
