"""Which project commands work on, and where its files are."""

from pathlib import Path

import pytest

from strongroom.ops.errors import OpsError
from strongroom.ops.pulumi.project import find_project, find_workspace, list_stacks, read_project, stack_file


@pytest.mark.parametrize("name", ["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"])
def test_a_project_is_found_from_a_directory_below_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).write_text('{"name": "shop"}')
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)

    assert find_project() == tmp_path
    assert read_project(tmp_path) == {"name": "shop"}


def test_outside_a_project_the_option_is_named_that_finds_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(OpsError, match=r"is in no Pulumi project: go to the directory .* or name it with --cwd"):
        find_project()


@pytest.mark.parametrize(("name", "found"), [("shop", "copy"), ("bank", "shop"), (None, "shop")])
def test_a_copy_of_the_project_stands_for_it_and_for_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str | None, found: str
) -> None:
    for directory, of in (("shop", "shop"), ("copy", name)):
        (tmp_path / directory).mkdir()
        (tmp_path / directory / "Pulumi.yaml").write_text(f"name: {of}\n")
    monkeypatch.chdir(tmp_path / "shop")
    monkeypatch.setenv("STRONGROOM_WORKSPACE", str(tmp_path / "copy") if name else "")

    assert find_workspace() == tmp_path / found


def test_a_copy_that_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STRONGROOM_WORKSPACE", str(tmp_path / "gone"))

    with pytest.raises(OpsError, match=r"^STRONGROOM_WORKSPACE: .*/gone has no Pulumi.yaml: name a copy"):
        find_workspace()


@pytest.mark.parametrize(("said", "directory"), [("", "."), ("stackConfigDir: stacks\n", "stacks")])
def test_the_files_of_stacks_are_where_the_project_says(tmp_path: Path, said: str, directory: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text(f"name: shop\n{said}")
    (tmp_path / directory).mkdir(exist_ok=True)
    (tmp_path / directory / "Pulumi.dev.yaml").touch()

    assert stack_file(tmp_path, "dev") == tmp_path / directory / "Pulumi.dev.yaml"
    assert list_stacks(tmp_path) == ["dev"]


@pytest.mark.parametrize("text", ["name: [", "\x00", "name: shop\n\tx: y"])
def test_a_project_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text(text)

    with pytest.raises(OpsError, match=r"Pulumi\.yaml can't be read"):
        read_project(tmp_path)
