"""Progress in a log."""

import io
import re
import time

from rich.console import Console

from sandbox.progress import Reporter


def test_a_log_gets_plain_lines_when_a_step_starts_while_it_runs_and_when_it_is_done() -> None:
    told = io.StringIO()
    reporter = Reporter(Console(file=told), every=0.05)
    with reporter.step("building [vault]"):
        time.sleep(0.12)

    lines = told.getvalue().splitlines()
    assert lines[:2] == ["building [vault] ...", "building [vault]: 0 s so far"]
    assert re.fullmatch(r"building \[vault\]: \d+\.\d s", lines[-1])
    assert "\x1b" not in told.getvalue()
