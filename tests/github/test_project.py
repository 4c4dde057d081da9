"""What the project's own pull requests and releases go through, and the files that GitHub and editors read."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.check import CHECKS
from scripts.release import main as release

from .test_workflows import GITHUB, ROOT, load, mappings

CI, RELEASE = (load(GITHUB / "workflows" / f"{name}.yml") for name in ("ci", "release"))
FORMS = sorted(file for file in GITHUB.glob("ISSUE_TEMPLATE/*.yml") if file.name != "config.yml")


def commands(job: Any) -> list[str]:
    return [step["run"] for step in mappings(job) if "run" in step]


def actions(job: Any) -> list[str]:
    return [step["uses"].partition("@")[0] for step in mappings(job) if "uses" in step]


def test_pull_requests_are_tested_by_the_command_of_the_readme_and_build_the_site() -> None:
    assert commands(CI) == ["make test", "make docs"]
    assert "\nmake test " in (ROOT / "README.md").read_text()
    assert CI["on"]["pull_request"] == {"branches": ["main"]}


def test_they_are_tested_on_the_oldest_and_the_newest_python_and_the_go_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    oldest, newest, go = re.findall(r"Python (\S+) to (\S+) .*? Go ([\d.]+)", readme, re.DOTALL)[0]
    steps = CI["jobs"]["test"]["steps"]

    assert CI["jobs"]["test"]["strategy"]["matrix"]["python"] == [oldest, newest]
    assert [step["with"]["go-version"] for step in steps if "setup-go" in step.get("uses", "")] == [go]
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert [each["version"] for name, each in container["features"].items() if "/go:" in name] == [go]
    assert f"python:1-{oldest}-" in container["image"]


def test_the_cache_of_tools_is_another_one_when_a_pin_changes() -> None:
    (cache,) = (step["with"] for step in CI["jobs"]["test"]["steps"] if "actions/cache@" in step.get("uses", ""))

    assert cache["path"] == "~/.cache/strongroom"
    patterns = re.findall(r"'([^']+)'", cache["key"])
    assert {"sandbox/tools/**", "requirements-uv.txt"} == set(patterns)
    assert all(list(ROOT.glob(pattern)) for pattern in patterns)


def test_what_builds_a_release_has_no_right_and_no_cache() -> None:
    build = RELEASE["jobs"]["build"]

    assert RELEASE["on"] == {"push": {"tags": ["v*"]}}
    assert build["permissions"] == {"contents": "read"}
    assert not [name for name in actions(RELEASE) if "cache" in name]
    assert not [step for step in mappings(RELEASE) if "cache" in step]
    assert any("git merge-base --is-ancestor HEAD origin/main" in line for line in commands(build))


def test_who_has_an_identity_in_a_release_runs_nothing_of_the_repository_and_waits_for_approval() -> None:
    jobs = {name: job for name, job in RELEASE["jobs"].items() if name != "build"}

    assert set(jobs) == {"release", "publish"}
    for job in jobs.values():
        assert job["environment"] == "release"
        assert "actions/checkout" not in actions(job)
        assert not re.search(r"python|pip|make", " ".join(commands(job)))
    assert (jobs["release"]["needs"], jobs["publish"]["needs"]) == ("build", "release")


def test_nothing_is_published_unless_the_repository_says_so() -> None:
    publish = RELEASE["jobs"]["publish"]

    assert publish["if"] == "vars.PUBLISH == 'true'"
    assert publish["permissions"] == {"id-token": "write"}
    assert "password" not in str(publish)


def test_a_release_attests_the_files_that_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    attested = [step["with"] for step in mappings(RELEASE) if "actions/attest@" in step.get("uses", "")]
    source = (ROOT / "scripts" / "release.py").read_text()

    assert attested == [
        {"subject-checksums": "dist/SHA256SUMS"},
        {"subject-path": "dist/*.whl", "sbom-path": "dist/strongroom.cdx.json"},
    ]
    assert all(f'dist / "{name}"' in source for name in ("SHA256SUMS", "strongroom.cdx.json"))
    (line,) = (line for line in commands(RELEASE["jobs"]["build"]) if "scripts.release" in line)
    monkeypatch.setattr("sys.argv", ["release", *line.split("scripts.release ")[1].split(), "--help"])
    with pytest.raises(SystemExit, match="0"):
        release()


def test_hooks_before_a_commit_run_what_is_checked_later() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]

    assert [repository["repo"] for repository in hooks] == ["local"], "what is pinned once can't differ"
    entries = [hook["entry"].split(" --force-exclude")[0] for hook in hooks[0]["hooks"]]
    assert entries == [f".venv/bin/{' '.join(check)}".removesuffix(" .") for check in CHECKS if check[0] != "pyright"]


def test_every_path_that_has_an_owner_is_there() -> None:
    lines = [line.split() for line in (GITHUB / "CODEOWNERS").read_text().splitlines() if line.startswith(("/", "*"))]

    assert lines[0][0] == "*"
    assert all(list(ROOT.glob(path.strip("/"))) for path, *_ in lines)
    assert all(owner == "@OWNER/maintainers" for _, *owners in lines for owner in owners)


def test_versions_are_proposed_for_what_is_there() -> None:
    updates = yaml.safe_load((GITHUB / "dependabot.yml").read_text())["updates"]

    assert [update["package-ecosystem"] for update in updates] == ["github-actions", "pip", "npm"]
    places = [place for update in updates for place in update.get("directories", [update.get("directory")])]
    assert all(place == "/" or list(ROOT.glob(place.strip("/"))) for place in places)


@pytest.mark.parametrize("file", FORMS, ids=lambda file: file.stem)
def test_a_form_asks_for_no_value(file: Path) -> None:
    form = yaml.safe_load(file.read_text())
    ids = [part["id"] for part in form["body"] if part["type"] != "markdown"]

    assert len(set(ids)) == len(ids) >= 4
    assert all(part["attributes"]["label"] for part in form["body"] if part["type"] != "markdown")


def test_a_vulnerability_is_reported_in_private() -> None:
    config = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / "config.yml").read_text())
    bug = (GITHUB / "ISSUE_TEMPLATE" / "bug.yml").read_text()

    assert config["blank_issues_enabled"] is False
    assert config["contact_links"][0]["url"].endswith("/security/advisories/new")
    assert "No value of a secret" in bug
    assert "SECURITY.md" in bug
