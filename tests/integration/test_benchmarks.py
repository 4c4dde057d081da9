"""The benchmarks run, and what they compare is alike. Nothing is said of any time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.running import ROOT

pytestmark = pytest.mark.integration


@pytest.mark.soak
def test_a_small_run_compares_programs_that_declare_the_same(tmp_path: Path) -> None:
    figures, plot = tmp_path / "figures.json", tmp_path / "figures.svg"
    small = ["--sizes", "3", "--only", "a,c,d", "--rounds", "1", "--stepwise", "0"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *small, "--json", str(figures), "--svg", str(plot)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    # Programs that are unlike, and a proof that fails, end it with an error.
    assert done.returncode == 0, done.stderr
    reported = json.loads(figures.read_text())["figures"]
    assert [figure["what"] for figure in reported] == [
        "preview",
        "up, state written at the end",
        "verify",
        "import strongroom",
    ]
    assert all(usage["wall"] > 0 for figure in reported for usage in (*figure["ours"], *figure["theirs"]))
    assert "preview" in done.stdout
    assert plot.read_text().startswith("<svg")
