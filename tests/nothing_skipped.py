"""In CI a skipped test is a failure: what should have run and did not must not look green.

One kind is allowed: vectors that others wrote, which a machine may not have; the project's own always run.
"""

from __future__ import annotations

import os

import pytest

ALLOWED = "STEADYCAST_CORPORA"


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("CI") or reporter is None:
        return
    skipped = [r for r in reporter.stats.get("skipped", []) if ALLOWED not in str(r.longrepr)]
    for report in skipped:
        reporter.write_line(f"skipped in CI: {report.nodeid}: {report.longrepr}", red=True)
    if skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
