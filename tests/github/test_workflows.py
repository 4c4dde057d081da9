"""The workflows: least privilege, nothing stored, and commands that exist."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from ops.__main__ import app
from sandbox.tools.catalogue import TOOLS

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
ALL = [*WORKFLOWS, *sorted(GITHUB.glob("actions/*/action.yml"))]
EXAMPLES = re.findall(r"```(yaml|sh)\n(.*?)```", (ROOT / "docs" / "ci.md").read_text(), re.DOTALL)


def load(file: Path) -> Any:
    return yaml.load(file.read_text(), yaml.BaseLoader)  # 'on' stays a word  # noqa: S506


def mappings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for entry in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from mappings(entry)


def commands(text: str) -> list[str]:
    """The lines that run ops."""
    return re.findall(r"python -m ops [^|>\n]*", text)


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.parent.name + "/" + file.name)
def test_every_action_is_pinned_to_a_commit(file: Path) -> None:
    used = [mapping["uses"] for mapping in mappings(load(file)) if "uses" in mapping]

    assert all(name.startswith("./") or re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", name) for name in used)
    assert len(re.findall(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", file.read_text(), re.MULTILINE)) == sum(
        not name.startswith("./") for name in used
    )


def test_an_action_has_one_version_in_all_of_them() -> None:
    used = {mapping["uses"] for file in ALL for mapping in mappings(load(file)) if "@" in mapping.get("uses", "")}

    assert len({name.partition("@")[0] for name in used}) == len(used)


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_has_no_right_that_its_jobs_do_not_ask_for(file: Path) -> None:
    workflow = load(file)

    assert workflow["permissions"] == {}
    assert "pull_request_target" not in workflow["on"]
    for job in workflow["jobs"].values():
        writing = {right for right, level in job["permissions"].items() if level != "read"}
        assert writing <= ({"pull-requests"} if file.name == "comment.yml" else {"id-token"})
        assert "steps" not in job or "timeout-minutes" in job


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.name)
def test_nothing_stored_is_used_and_nothing_foreign_is_put_into_a_script(file: Path) -> None:
    assert "secrets." not in file.read_text()
    for mapping in mappings(load(file)):
        assert "${{" not in mapping.get("run", ""), "an expression in a script: pass it by env"
        if mapping.get("uses", "").startswith("actions/checkout@"):
            assert mapping["with"]["persist-credentials"] == "false"


def test_the_job_with_a_forks_code_has_no_identity() -> None:
    preview = load(GITHUB / "workflows" / "preview.yml")["jobs"]

    assert preview["fork"]["permissions"] == {"contents": "read"}
    assert "--offline" in str(preview["fork"])
    assert "head.repo.full_name == github.repository" in preview["preview"]["if"]
    assert "head.repo.full_name != github.repository" in preview["fork"]["if"]


def test_the_workflows_know_every_stack_and_pulumis_version() -> None:
    stacks = {file.name.split(".")[1] for file in (ROOT / "stacks").glob("Pulumi.*.yaml")} - {"local", "local-azure"}
    workflows = {file.stem: load(file)["jobs"] for file in WORKFLOWS}
    version = next(tool.version for tool in TOOLS if tool.name == "pulumi")

    for name in ("preview", "fork"):
        assert set(workflows["preview"][name]["strategy"]["matrix"]["stack"]) == stacks
    assert set(workflows["drift"]["drift"]["strategy"]["matrix"]["stack"]) == stacks
    assert [job["with"]["stack"] for job in workflows["deploy"].values()] == ["dev", "staging", "prod"]
    assert [job.get("needs") for job in workflows["deploy"].values()] == [None, "dev", "staging"]
    assert all((ROOT / "policy" / "levels" / f"{stack}.json").is_file() for stack in stacks)
    for text in (*(file.read_text() for file in ALL), (ROOT / "docs" / "ci.md").read_text()):
        assert set(re.findall(r"\b3\.\d{3}\.\d+\b", text)) <= {version}


def test_the_commands_exist() -> None:
    lines = [
        line
        for file in (*ALL, ROOT / "docs" / "ci.md", ROOT / "docs" / "preview.md")
        for line in commands(file.read_text())
    ]
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    assert len(lines) >= 8

    for line in lines:
        name, *arguments = shlex.split(line.partition("#")[0])[3:]
        command = group.commands[name]
        command.make_context(name, list(arguments))


@pytest.mark.parametrize("language", ["yaml", "sh"])
def test_the_examples_for_other_systems_are_well_formed(language: str) -> None:
    for text in (text for name, text in EXAMPLES if name == language):
        if language == "yaml":
            assert isinstance(yaml.safe_load(text), dict)
        else:
            subprocess.run(["/bin/bash", "-n", "-c", text], check=True)


@pytest.mark.integration
def test_actionlint_finds_nothing() -> None:
    from sandbox.progress import Reporter  # noqa: PLC0415
    from sandbox.tools import Tools  # noqa: PLC0415
    from sandbox.tools.catalogue import CHECKS  # noqa: PLC0415

    actionlint = Tools(Reporter(), catalogue=CHECKS).path("actionlint")
    done = subprocess.run(
        [str(actionlint), *map(str, WORKFLOWS)], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.integration
def test_pulumi_has_the_options_that_the_workflows_use() -> None:
    from sandbox.progress import Reporter  # noqa: PLC0415
    from sandbox.tools import Tools  # noqa: PLC0415

    pulumi = Tools(Reporter()).path("pulumi")
    used = {
        line for file in ALL for line in re.findall(r"^.*\bpulumi (?:up|refresh) .*$", file.read_text(), re.MULTILINE)
    }
    assert len(used) == 2
    for line in used:
        operation = re.findall(r"pulumi (\w+)", line)[0]
        told = subprocess.run([str(pulumi), operation, "--help"], capture_output=True, text=True, check=True).stdout
        for option in re.findall(r"--[a-z-]+", line):
            assert f"{option} " in told, option


GH = """#!/usr/bin/env python3
import json, os, sys
arguments = sys.argv[1:]
with open(os.environ["LOG"], "a") as log:
    body = next((open(each[6:]).read() for each in arguments if each.startswith("body=@")), None)
    log.write(json.dumps([arguments, body]) + "\\n")
if "/pulls" in " ".join(arguments):
    print(os.environ["NUMBER"])
elif "--paginate" in arguments and "preview dev" in " ".join(arguments):
    print("71\\n72")
"""


def commented(tmp_path: Path, number: str, **previews: str) -> list[Any]:
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(GH)
    gh.chmod(0o755)
    for stack, text in previews.items():
        (tmp_path / "previews" / f"preview-{stack}").mkdir(parents=True)
        (tmp_path / "previews" / f"preview-{stack}" / "comment.md").write_text(text)
    log = tmp_path / "log"
    log.touch()
    environment = {
        "PATH": f"{gh.parent}:{os.environ['PATH']}",
        "GITHUB_REPOSITORY": "o/r",
        "COMMIT": "abc",
        "NUMBER": number,
        "LOG": str(log),
    }
    subprocess.run([str(GITHUB / "comment.sh"), str(tmp_path / "previews")], env=environment, check=True)
    return [yaml.safe_load(line) for line in log.read_text().splitlines()]


def test_a_comment_replaces_that_of_its_stack_and_another_is_made_once(tmp_path: Path) -> None:
    dev, prod = ("<!-- strongroom preview dev -->\n\nd $(touch x)", "<!-- strongroom preview prod -->\n\np")
    writes = {tuple(call[-5:-2]): body for call, body in commented(tmp_path, "7", dev=dev, prod=prod) if body}

    assert writes == {
        ("--method", "PATCH", "repos/o/r/issues/comments/71"): dev,
        ("--method", "POST", "repos/o/r/issues/7/comments"): prod,
    }


def test_what_is_no_preview_is_left_out(tmp_path: Path) -> None:
    calls = commented(tmp_path, "7", evil="<!-- strongroom preview $(x) -->\nhello", empty="")

    assert all(body is None for _, body in calls)


def test_a_commit_without_a_pull_request_gets_no_comment(tmp_path: Path) -> None:
    assert len(commented(tmp_path, "", dev="<!-- strongroom preview dev -->\n")) == 1
