"""The script that looks at a container, run by this machine's shell."""

import os
import subprocess
from pathlib import Path

import pytest

from strongroom.ops.verify.pod_script import SeenFile, build_command, compute_digest, matches, parse


def test_the_script_sees_what_the_driver_mounts_and_the_variables(tmp_path: Path) -> None:
    data = tmp_path / "mnt" / "..2026"
    (data / "token").mkdir(parents=True)
    for name, value in {"pass word": b"a\n\0\xff\n", "token/0": b"", "token/1": b"old"}.items():
        (data / name).write_bytes(value)
        (data / name).chmod(0o440 if name == "pass word" else 0o644)  # whatever the umask is
    (tmp_path / "mnt" / "..data").symlink_to("..2026")
    for name in ("pass word", "token"):
        (tmp_path / "mnt" / name).symlink_to(f"..data/{name}")
    (tmp_path / "mnt" / "gone").symlink_to("..data/gone")
    (tmp_path / "kept").write_text("old")
    variables = {"EMPTY": "", "LINES": "a\n$(id)\n"}

    done = subprocess.run(
        build_command("salt", "/mnt", ["EMPTY", "LINES", "UNSET", "/kept", "/not there"], root=str(tmp_path)),
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    seen = parse(done.stdout)

    assert seen.user == os.getuid()
    assert seen.files == {
        "pass word": SeenFile(0o440, os.getuid(), compute_digest("salt", b"a\n\0\xff\n")),
        "token/0": SeenFile(0o644, os.getuid(), compute_digest("salt", b"")),
        "token/1": SeenFile(0o644, os.getuid(), compute_digest("salt", b"old")),
    }
    assert seen.kept == {
        "EMPTY": compute_digest("salt", b""),
        "LINES": compute_digest("salt", b"a\n$(id)\n"),
        "UNSET": None,
        "/kept": compute_digest("salt", b"old"),
        "/not there": None,
    }
    assert "old" not in done.stdout


def test_a_directory_that_is_not_there_has_no_files_and_a_missing_program_ends_with_127(tmp_path: Path) -> None:
    command = build_command("salt", "/mnt", [], root=str(tmp_path))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lacking = subprocess.run(["/bin/sh", *command[1:]], env={"PATH": "/nowhere"}, capture_output=True, check=False)

    assert parse(done.stdout).files == {}
    assert lacking.returncode == 127


def test_a_digest_is_of_one_salt_and_other_output_is_refused() -> None:
    digest = compute_digest("one", b"a")

    assert matches("one", b"a", digest)
    assert not matches("other", b"a", digest)
    with pytest.raises(ValueError, match="no user"):
        parse("motd of the day\n")
