"""Power cuts, replayed: what the ledger and the outputs look like on a disk that lost what was not yet synced.

`workload.py` runs the real thing under strace, `trace.py` reads what it asked of the kernel, `disk.py` says what a
disk may hold after a cut at any moment, and `judge.py` opens such images and is the only one to say what was lost.
"""
