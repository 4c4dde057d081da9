"""The workflows: least privilege, nothing stored, and commands that exist."""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from sandbox.tools.catalogue import TOOLS
from strongroom.ops.app import app

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
TEMPLATE = ROOT / "template" / ".github"
"""Those that a user's project gets."""

OF_USERS = sorted((TEMPLATE / "workflows").glob("*.yml"))
WORKFLOWS = [*sorted((GITHUB / "workflows").glob("*.yml")), *OF_USERS]
ALL = [*WORKFLOWS, *sorted(TEMPLATE.glob("actions/*/action.yml"))]
EXAMPLES = re.findall(r"```(yaml|sh)\n(.*?)```", (ROOT / "docs" / "ci.md").read_text(), re.DOTALL)

WRITING = {
    "ci.yml": set[str](),
    "comment.yml": {"pull-requests"},
    "release.yml": {"attestations", "contents", "id-token"},
}
"""What jobs of a workflow may write, where that is not the right to a token alone."""


def load(file: Path) -> Any:
    return yaml.load(file.read_text(), yaml.BaseLoader)  # 'on' stays a word  # noqa: S506


def mappings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for entry in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from mappings(entry)


def commands(text: str) -> list[str]:
    """The lines that run `strongroom`."""
    return re.findall(
        r"(?<=[/ `])strongroom (?:verify|access|check|preview|drift|render|recover|doctor|charts) --[^|>\n`]*", text
    )


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
        assert writing <= WRITING.get(file.name, {"id-token"})
        assert "steps" not in job or "timeout-minutes" in job


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.name)
def test_nothing_stored_is_used_and_nothing_foreign_is_put_into_a_script(file: Path) -> None:
    assert "secrets." not in file.read_text()
    for mapping in mappings(load(file)):
        assert "${{" not in mapping.get("run", ""), "an expression in a script: pass it by env"
        if mapping.get("uses", "").startswith("actions/checkout@"):
            assert mapping["with"]["persist-credentials"] == "false"


def test_the_job_with_a_forks_code_has_no_identity() -> None:
    preview = load(TEMPLATE / "workflows" / "preview.yml")["jobs"]

    assert preview["offline"]["permissions"] == {"contents": "read"}
    assert "environment" not in preview["offline"]
    assert "--offline" in str(preview["offline"])
    assert "head.repo.full_name == github.repository" in preview["preview"]["if"]
    assert "head.repo.full_name != github.repository" in preview["offline"]["if"]


def test_a_pushed_branch_gets_an_identity_only_where_the_repository_says_so() -> None:
    preview = load(TEMPLATE / "workflows" / "preview.yml")["jobs"]

    assert preview["preview"]["if"].endswith(" && vars.ONLINE_PREVIEWS == 'true'")
    assert preview["offline"]["if"].endswith(" || vars.ONLINE_PREVIEWS != 'true'")


def test_a_deployment_is_never_cancelled_midway_and_two_never_meet() -> None:
    deploy, stack = (load(TEMPLATE / "workflows" / f"{name}.yml") for name in ("deploy", "stack"))

    assert deploy["concurrency"] == {"group": "deploy", "cancel-in-progress": "false"}
    # GitHub ends what waits, and never what runs, where this is false.
    assert stack["jobs"]["stack"]["concurrency"] == {
        "group": "${{ inputs.operation == 'deploy' && 'stack' || "
        "format('{0}-{1}', inputs.operation, github.run_id) }}-${{ inputs.stack }}",
        "cancel-in-progress": "false",
    }
    for file in WORKFLOWS:
        assert all(each.get("cancel-in-progress", "false") == "false" for each in mappings(load(file)))


def test_a_deployment_is_held_to_the_rules_and_proved_in_its_environment() -> None:
    job = load(TEMPLATE / "workflows" / "stack.yml")["jobs"]["stack"]
    steps = [step["run"] for step in job["steps"] if step.get("if") == "inputs.operation == 'deploy'"]

    assert job["environment"] == "${{ inputs.environment }}"
    assert len(steps) == 2
    assert '--policy-pack policy --policy-pack-config "policy/levels/$STACK.json"' in steps[0]
    assert 'strongroom verify --stack "$STACK"' in steps[1]
    assert [
        (each["with"]["environment"], each["with"]["operation"])
        for each in load(TEMPLATE / "workflows" / "deploy.yml")["jobs"].values()
    ] == [("dev", "deploy"), ("staging", "deploy"), ("prod", "deploy")]


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.name)
def test_a_command_that_is_piped_can_still_fail(file: Path) -> None:
    piped = [step for step in mappings(load(file)) if re.search(r"(?<!\|)\|(?!\|)", step.get("run", ""))]

    # Without a shell that is named, GitHub's has no pipefail. (GitHub docs: "Workflow syntax", on `shell`)
    assert [step["run"] for step in piped if step.get("shell") != "bash"] == []


def test_comments_are_written_for_pull_requests_alone() -> None:
    workflow = load(TEMPLATE / "workflows" / "comment.yml")

    assert workflow["on"] == {"workflow_run": {"workflows": ["preview"], "types": ["completed"]}}
    assert workflow["jobs"]["comment"]["if"] == "github.event.workflow_run.event == 'pull_request'"


def test_the_workflows_know_every_stack_and_pulumis_version() -> None:
    stacks = {file.name.split(".")[1] for file in TEMPLATE.parent.glob("Pulumi.*.yaml")}
    workflows = {file.stem: load(file)["jobs"] for file in OF_USERS}
    version = next(tool.version for tool in TOOLS if tool.name == "pulumi")

    assert set(workflows["comment"]["comment"]["steps"][-1]["env"]["STACKS"].split()) == stacks
    for name in ("preview", "offline"):
        assert set(workflows["preview"][name]["strategy"]["matrix"]["stack"]) == stacks
    assert set(workflows["drift"]["drift"]["strategy"]["matrix"]["stack"]) == stacks
    assert [job["with"]["stack"] for job in workflows["deploy"].values()] == ["dev", "staging", "prod"]
    assert [job.get("needs") for job in workflows["deploy"].values()] == [None, "dev", "staging"]
    assert all((TEMPLATE.parent / "policy" / "levels" / f"{stack}.json").is_file() for stack in stacks)
    for text in (*(file.read_text() for file in ALL), (ROOT / "docs" / "ci.md").read_text()):
        assert set(re.findall(r"\b3\.\d{3}\.\d+\b", text)) <= {version}


def test_what_was_changed_by_hand_is_reported_at_night_and_taken_back_by_a_deployment() -> None:
    steps = {
        step["name"]: step["run"] for step in mappings(load(TEMPLATE / "workflows" / "stack.yml")) if "run" in step
    }

    assert "strongroom drift " in steps["Look for drift"]
    assert steps["Update"].startswith("pulumi up --refresh ")


def test_the_commands_exist() -> None:
    lines = [
        line
        for file in (*ALL, ROOT / "docs" / "ci.md", ROOT / "docs" / "preview.md")
        for line in commands(file.read_text())
    ]
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    assert len(lines) >= 6

    for line in lines:
        name, *arguments = shlex.split(line.partition("#")[0])[1:]
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
def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    from sandbox.progress import Reporter  # noqa: PLC0415
    from sandbox.tools import Tools  # noqa: PLC0415
    from sandbox.tools.catalogue import CHECKS  # noqa: PLC0415

    actionlint = Tools(Reporter(), catalogue=CHECKS).path("actionlint")
    for folder in (GITHUB, TEMPLATE):
        # It takes the workflows of the repository that it stands in.
        repository = tmp_path / folder.parent.name
        shutil.copytree(folder, repository / ".github")
        subprocess.run([shutil.which("git") or "git", "init", "--quiet", str(repository)], check=True)
        done = subprocess.run([str(actionlint)], cwd=repository, capture_output=True, text=True, check=False)

        assert done.returncode == 0, done.stdout


@pytest.mark.integration
def test_pulumi_has_the_options_that_the_workflows_use() -> None:
    from sandbox.progress import Reporter  # noqa: PLC0415
    from sandbox.tools import Tools  # noqa: PLC0415

    pulumi = Tools(Reporter()).path("pulumi")
    used = {
        line for file in ALL for line in re.findall(r"^.*\bpulumi (?:up|refresh) .*$", file.read_text(), re.MULTILINE)
    }
    assert len(used) == 1
    for line in used:
        operation = re.findall(r"pulumi (\w+)", line)[0]
        reported = subprocess.run([str(pulumi), operation, "--help"], capture_output=True, text=True, check=True).stdout
        for option in re.findall(r"--[a-z-]+", line):
            assert f"{option} " in reported, option


GH = r"""#!/bin/sh
call=$(find "$LOG" -name '*.arguments' | wc -l)
printf '%s\0' "$@" >"$LOG/$call.arguments"
for each; do
  case $each in body=@*) cp "${each#body=@}" "$LOG/$call.body" ;; esac
done
case "$*" in
*/pulls*)
  while [ "$1" != --jq ]; do shift; done
  printf %s "$PULLS" | jq -r "$2"
  ;;
*--paginate*"preview dev"*) printf '71\n72\n' ;;
esac
"""


def pull_request(*, repository: str = "o/r", state: str = "open", sha: str = "abc") -> str:
    head = {"sha": sha, "repo": {"full_name": repository}}
    return json.dumps([{"number": 7, "state": state, "head": head}])


def commented(
    tmp_path: Path, *, repository: str = "o/r", pulls: str | None = None, **previews: str
) -> list[tuple[list[str], str | None]]:
    """Run comment.sh on `previews`, by their stacks, and return its calls with the bodies that it sends."""
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(GH)
    gh.chmod(0o755)
    for stack, text in previews.items():
        (tmp_path / "previews" / f"preview-{stack}").mkdir(parents=True)
        (tmp_path / "previews" / f"preview-{stack}" / "comment.md").write_text(text)
    log = tmp_path / "log"
    log.mkdir()
    environment = {
        "PATH": f"{gh.parent}:{os.environ['PATH']}",
        "GITHUB_REPOSITORY": "o/r",
        "COMMIT": "abc",
        "HEAD_REPOSITORY": repository,
        "STACKS": load(TEMPLATE / "workflows" / "comment.yml")["jobs"]["comment"]["steps"][-1]["env"]["STACKS"],
        "PULLS": pulls or pull_request(repository=repository),
        "LOG": str(log),
    }
    subprocess.run([str(TEMPLATE / "comment.sh"), str(tmp_path / "previews")], env=environment, check=True)
    return [call_in(log, number) for number in range(len(list(log.glob("*.arguments"))))]


def call_in(log: Path, number: int) -> tuple[list[str], str | None]:
    """A call's arguments, and the body that it sent if it did."""
    body = log / f"{number}.body"
    arguments = (log / f"{number}.arguments").read_text().split("\0")[:-1]
    return arguments, body.read_text() if body.exists() else None


def test_a_comment_replaces_that_of_its_stack_and_another_is_made_once(tmp_path: Path) -> None:
    dev, prod = ("<!-- strongroom preview dev -->\n\nd $(touch x)", "<!-- strongroom preview prod -->\n\np")
    writes = {tuple(call[-5:-2]): body for call, body in commented(tmp_path, dev=dev, prod=prod) if body}

    assert writes == {
        ("--method", "PATCH", "repos/o/r/issues/comments/71"): dev,
        ("--method", "POST", "repos/o/r/issues/7/comments"): prod,
    }


def test_what_is_no_preview_is_omitted(tmp_path: Path) -> None:
    calls = commented(
        tmp_path,
        evil="<!-- strongroom preview evil -->\nhello",
        prod="<!-- strongroom preview dev -->\nhello",
        staging="<!-- strongroom preview $(x) -->\nhello",
        hcp="",
    )

    assert all(body is None for _, body in calls)


@pytest.mark.parametrize(
    "pulls",
    [
        "[]",
        pull_request(state="closed"),
        pull_request(sha="another commit, on which this one lies"),
        pull_request(repository="somebody/else"),
    ],
)
def test_a_commit_that_ends_no_open_pull_request_gets_no_comment(tmp_path: Path, pulls: str) -> None:
    assert len(commented(tmp_path, pulls=pulls, dev="<!-- strongroom preview dev -->\n")) == 1


def test_forged_files_make_one_comment_for_each_known_stack_at_most(tmp_path: Path) -> None:
    forged = {f"x{number}": f"<!-- strongroom preview x{number} -->\nhello" for number in range(60)}
    known = {stack: f"<!-- strongroom preview {stack} -->\nhello" for stack in ("dev", "staging", "prod")}

    bodies = [body for _, body in commented(tmp_path, repository="evil/r", **forged, **known) if body]

    assert sorted(body.splitlines()[0] for body in bodies) == sorted(text.splitlines()[0] for text in known.values())


def test_the_comment_of_a_fork_is_marked_and_nothing_in_it_is_more_than_text(tmp_path: Path) -> None:
    wild = "<!-- strongroom preview dev -->\n```\n@octocat\r![](https://evil)\n\n<img>\n\x00é"
    ((_, body),) = [each for each in commented(tmp_path, repository="evil/r", dev=wild) if each[1]]
    marker, _, notice, _, *lines = body.splitlines()

    assert marker == "<!-- strongroom preview dev -->"
    assert notice.startswith("**The code of a fork wrote this")
    assert all(line.startswith("    ") for line in lines)
    assert [line.strip(" \x00") for line in lines] == ["```", "@octocat", "![](https://evil)", "", "<img>", "é"]


def test_a_long_preview_is_cut_between_characters(tmp_path: Path) -> None:
    long = "<!-- strongroom preview dev -->\n" + "a" + "é" * 70_000
    ((_, body),) = [each for each in commented(tmp_path, dev=long) if each[1]]

    assert 29_000 < len(body) < 65_536
    assert set(body.splitlines()[-1]) == {"a", "é"}
