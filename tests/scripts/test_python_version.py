"""On which Pythons the project runs."""

import subprocess
import sys


def test_an_old_python_says_in_one_line_what_is_needed() -> None:
    code = "import sys; sys.version_info = (3, 8, 18, 'final', 0); import {}"
    for package in ("sandbox", "scripts"):
        done = subprocess.run([sys.executable, "-c", code.format(package)], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith("error: Strongroom needs Python 3.11 to 3.14, and ")
        assert " is Python 3.8.18. " in done.stderr
        assert done.stderr.count("\n") == 1
