"""Progress in a log."""

import io
import re
import time
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console

from sandbox.progress import Reporter


def test_a_log_gets_plain_lines_when_a_step_starts_while_it_runs_and_when_it_is_done() -> None:
    reported = io.StringIO()
    reporter = Reporter(Console(file=reported), every=0.05)
    with reporter.step("building [vault]"):
        time.sleep(0.12)

    lines = reported.getvalue().splitlines()
    assert lines[:2] == ["building [vault] ...", "building [vault]: 0 s so far"]
    assert re.fullmatch(r"building \[vault\]: \d+\.\d s", lines[-1])
    assert "\x1b" not in reported.getvalue()


def test_a_terminal_shows_one_of_two_steps_that_run_at_once_and_both_when_they_are_done() -> None:
    reported = io.StringIO()
    reporter = Reporter(Console(file=reported, force_terminal=True, force_interactive=True, highlight=False))
    with reporter.step("starting etcd"), ThreadPoolExecutor() as pool:
        pool.submit(_run_step, reporter, "starting vault").result()

    assert len(re.findall(r"starting etcd: \d+\.\d s", reported.getvalue())) == 1
    assert len(re.findall(r"starting vault: \d+\.\d s", reported.getvalue())) == 1


def _run_step(reporter: Reporter, text: str) -> None:
    with reporter.step(text):
        pass
