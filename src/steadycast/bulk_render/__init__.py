"""Every draft as every channel would show it, in var/render: made again only where something changed.

A `run` looks for what differs from what is remembered of the last one (`cache`), and does only that (`run_changes`): it
makes drafts into files (`render_draft`), in several processes where it is much, for its `outlets`.
"""
