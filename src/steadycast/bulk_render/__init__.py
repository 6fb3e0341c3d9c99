"""Every draft as every channel would show it, in var/render: made again only where something changed.

A `run` reads what is remembered of the last one (`memory`), looks for what differs (`differences`), and does only that
(`work`): by several processes where it is much (`crew`), each making drafts into files (`making`) for its `outlets`.
"""
