"""The pages that a newcomer follows: their commands and stack files are real, and their words are the field's."""

import ast
import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

import strongroom
from strongroom.ops.app import app
from strongroom.stacks.load import parse

DOCS = Path(__file__).parents[2] / "docs"
STARTS = sorted((DOCS / "start").glob("*.md"))
GUIDES = [
    *STARTS,
    *(DOCS / f"{name}.md" for name in ("index", "bring", "choose", "limits", "day-two", "troubleshooting", "glossary")),
]


def blocks(page: Path, language: str) -> Iterator[str]:
    """The examples of a page in a language."""
    yield from re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def lines() -> Iterator[tuple[Path, str]]:
    """Each use of the command `strongroom`."""
    for page in GUIDES:
        for text in (*blocks(page, "sh"), *re.findall(r"`(strongroom [a-z][^`\n]*)`", page.read_text())):
            for found in re.finditer(r"(?:^|\| |&& )(strongroom [a-z][^#\n|&]*)", text.replace("\\\n", ""), re.M):
                yield page, found[1]


@pytest.mark.parametrize(("page", "line"), sorted({*lines()}), ids=lambda value: getattr(value, "name", value))
def test_a_command_and_its_options_exist(page: Path, line: str) -> None:
    _, name, *arguments = shlex.split(line)
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)

    group.commands[name].make_context(name, arguments)


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_a_stack_file_is_valid(page: Path) -> None:
    for block in blocks(page, "yaml"):
        config: dict[str, Any] = (yaml.safe_load(block) or {}).get("config", {}) if "config:" in block else {}
        if config:
            parse({key.removeprefix("strongroom:"): value for key, value in config.items()}, stack="dev")


@pytest.mark.parametrize("name", ["aks", "vault"])
def test_the_stack_file_of_a_first_deployment_is_what_init_writes(name: str, tmp_path: Path) -> None:
    page = DOCS / "start" / f"{name}.md"
    shown = yaml.safe_load(next(blocks(page, "yaml")))
    backend, cluster = shown["config"]["strongroom:backend"], shown["config"]["strongroom:kubernetes"]
    (line,) = (found for where, found in lines() if where == page and found.startswith("strongroom init "))
    arguments = shlex.split(line)[1:]
    for option, value in (
        ("--vault-address", backend.get("address")),
        ("--tenant-id", backend.get("tenantId")),
        ("--oidc-issuer", cluster.get("oidcIssuer")),
    ):
        if option in arguments:
            arguments[arguments.index(option) + 1] = value

    assert CliRunner().invoke(app, [*arguments, str(tmp_path)]).exit_code == 0

    assert yaml.safe_load((tmp_path / "Pulumi.dev.yaml").read_text()) == shown


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_a_program_uses_public_names(page: Path) -> None:
    for block in blocks(page, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(str(node.module))
                assert all(hasattr(module, each.name) for each in node.names)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "strongroom":
                assert node.attr in strongroom.__all__


@pytest.mark.parametrize("page", STARTS, ids=lambda page: page.stem)
def test_a_first_deployment_is_ten_numbered_steps_with_a_command_each(page: Path) -> None:
    steps = re.split(r"^## (?=\d)", page.read_text(), flags=re.MULTILINE)[1:]

    assert [int(step.partition(".")[0]) for step in steps] == list(range(1, 11))
    assert all("\n```" in step for step in steps)


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_a_guide_is_short(page: Path) -> None:
    assert len(page.read_text().split()) < 900
