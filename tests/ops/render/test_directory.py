"""The files of a render."""

from pathlib import Path, PurePosixPath

import pytest

from strongroom.ops.errors import OpsError
from strongroom.ops.render.directory import write_files

A, B = PurePosixPath("cluster/a.yaml"), PurePosixPath("namespaces/shop/b.yaml")


def done(directory: Path, stack: str = "dev", **files: str) -> dict[str, str]:
    places = {"a": A, "b": B}
    return {
        file.path: file.done
        for file in write_files(directory, stack, {places[key]: text for key, text in files.items()})
    }


def contents(directory: Path) -> dict[str, str]:
    return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()}


def test_files_are_written_with_a_mark_and_no_time(tmp_path: Path) -> None:
    assert done(tmp_path / "new", a="x: 1\n") == {"cluster/a.yaml": "written"}
    mark = "# rendered by strongroom from the stack dev: change its settings instead\n"
    assert contents(tmp_path / "new") == {"cluster/a.yaml": f"{mark}x: 1\n"}


def test_a_second_run_touches_nothing(tmp_path: Path) -> None:
    done(tmp_path, a="x: 1\n", b="y: 1\n")

    def read_times() -> dict[Path, tuple[int, int]]:
        return {file: (file.stat().st_mtime_ns, file.stat().st_ino) for file in tmp_path.rglob("*")}

    before = read_times()

    assert set(done(tmp_path, a="x: 1\n", b="y: 1\n").values()) == {"unchanged"}
    assert read_times() == before


def test_what_is_gone_from_the_stack_is_removed_with_its_folder_and_nothing_else(tmp_path: Path) -> None:
    done(tmp_path, a="x: 1\n", b="y: 1\n")
    (tmp_path / "kustomization.yaml").write_text("kind: Kustomization\n")
    (tmp_path / "cluster" / "theirs.yaml").write_text("kind: Theirs\n")
    (tmp_path / "namespaces" / "shop" / ".b.yaml.partial").write_text((tmp_path / B).read_text())

    assert done(tmp_path) == {
        "cluster/a.yaml": "removed",
        "namespaces/shop/.b.yaml.partial": "removed",
        "namespaces/shop/b.yaml": "removed",
    }
    assert set(contents(tmp_path)) == {"kustomization.yaml", "cluster/theirs.yaml"}
    assert not (tmp_path / "namespaces").exists()


def test_what_an_interrupted_run_left_is_cleared_away(tmp_path: Path) -> None:
    done(tmp_path, a="x: 1\n", b="y: 1\n")
    for path in (A, B):
        (tmp_path / path).with_name(f".{path.name}.partial").write_text((tmp_path / path).read_text())

    done(tmp_path, a="x: 1\n", b="y: 2\n")
    assert set(contents(tmp_path)) == {str(A), str(B)}


def test_two_stacks_keep_apart_in_one_directory(tmp_path: Path) -> None:
    done(tmp_path, "dev", a="x: 1\n")
    done(tmp_path, "staging", b="y: 1\n")

    assert set(contents(tmp_path)) == {str(A), str(B)}
    with pytest.raises(OpsError, match=r"files that the stack 'staging' didn't render in its places: cluster/a\.yaml"):
        done(tmp_path, "staging", a="x: 2\n", b="y: 2\n")
    assert "y: 1" in (tmp_path / B).read_text()


def test_somebody_elses_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "cluster").mkdir()
    (tmp_path / A).write_text("kind: Theirs\n")

    with pytest.raises(OpsError, match=r"cluster/a\.yaml"):
        done(tmp_path, a="x: 1\n", b="y: 1\n")
    assert contents(tmp_path) == {str(A): "kind: Theirs\n"}


@pytest.mark.parametrize("link", ["cluster", "cluster/a.yaml"])
def test_a_link_leads_nothing_out_of_the_directory(tmp_path: Path, link: str) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    (root / link).parent.mkdir(parents=True)
    (root / link).symlink_to(outside / ("" if link == "cluster" else "a.yaml"))

    with pytest.raises(OpsError, match=r"cluster/a\.yaml"):
        done(root, a="x: 1\n")
    assert contents(outside) == {}


def test_a_directory_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(OpsError, match="file can't be written: "):
        done(tmp_path / "file", a="x: 1\n")
