"""CI's run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.ci import format_summary, fresh_environment

ROOT = Path(__file__).resolve().parents[2]


def test_every_cache_is_fresh_but_the_compilers(tmp_path: Path) -> None:
    before = {"PATH": os.environ["PATH"], "GOCACHE": "/compiled", "PIP_CACHE_DIR": "/old", "UV_NO_CACHE": "1"}
    before |= {"GOMODCACHE": "/old", "STRONGROOM_CACHE": "/old", "npm_config_cache": "/old", "XDG_CACHE_HOME": "/old"}

    given = fresh_environment(tmp_path, before)

    assert given["GOCACHE"] == "/compiled"
    assert "/old" not in given.values()
    assert "UV_NO_CACHE" not in given
    fresh = ("GOMODCACHE", "STRONGROOM_CACHE", "PIP_CACHE_DIR", "UV_CACHE_DIR", "NPM_CONFIG_CACHE", "XDG_CACHE_HOME")
    assert all(given[name].startswith(str(tmp_path)) for name in fresh)


def test_the_compilers_cache_is_where_it_was_before_the_others_moved(tmp_path: Path) -> None:
    given = fresh_environment(tmp_path, {"PATH": os.environ["PATH"], "HOME": "/home/me"})

    assert given["GOCACHE"] == "/home/me/.cache/go-build"


def test_the_last_lines_are_the_stages_and_the_budget() -> None:
    assert format_summary("packages 12.3\nunit 60.6\n", 1890, 0).splitlines() == [
        "stages: packages 12 s, unit 61 s",
        "budget: 31.5 of 90 minutes (35%); make test passed",
    ]
    assert format_summary("", 1, 2).splitlines()[-1].endswith("make test failed with exit code 2")


@pytest.mark.parametrize("code", [0, 5])
def test_a_run_leaves_nothing_behind_and_exits_as_make_does(tmp_path: Path, code: int) -> None:
    project, temporary = tmp_path / "a project", tmp_path / "temporary"
    temporary.mkdir()
    for directory in ("scripts", ".ci"):
        shutil.copytree(ROOT / directory, project / directory)
    recipe = "mkdir -p $$GOMODCACHE/m && touch $$GOMODCACHE/m/f && chmod -R a-w $$GOMODCACHE && cat"
    (project / "Makefile").write_text(f"test:\n\t@{recipe}\n\t@echo testing in $$CI; exit {code}\n")
    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHON": sys.executable}

    done = subprocess.run(
        [project / ".ci" / "run"], env=environment, capture_output=True, text=True, check=False, timeout=60
    )

    assert "testing in true" in done.stdout
    assert done.returncode == (2 if code else 0)  # make's own code for a recipe that fails
    assert re.fullmatch(r"budget: 0\.\d of 90 minutes .*", done.stdout.splitlines()[-1])
    assert list(temporary.iterdir()) == []
