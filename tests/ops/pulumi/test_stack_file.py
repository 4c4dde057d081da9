"""A stack's file is read as the Pulumi CLI reads it, or reported in one line to be no such file."""

from pathlib import Path
from typing import Any

import pytest

from strongroom.ops import app as command_line
from strongroom.ops.errors import OpsError
from strongroom.ops.pulumi.go_yaml import load_yaml
from strongroom.ops.pulumi.project import stack_file
from strongroom.ops.pulumi.stack_file import parse_stack_file, read_stack_file
from strongroom.stacks.errors import InvalidSettingsError
from strongroom.stacks.load import parse
from tests.stacks.test_azure_settings import GOOD

GO = "2027-01-01 00:00:00 +0000 UTC"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        *(("on", "on"), ("no", "no"), ("y", "y"), ("tRue", "tRue"), ("TRUE", True), ("false", False)),
        *(
            ("0644", 420),
            ("0o17", 15),
            ("08", 8),
            ("0x1F", 31),
            ("-0x1F", -31),
            ("0b11", 3),
            ("1_000", 1000),
            ("-_3", -3),
        ),
        *(("1e3", 1000), ("1.30", 1.3), ("5.0", 5), (".5", 0.5), ("1e400", "1e400"), ("1:30", "1:30"), ("+5", 5)),
        *(("~", None), ("", None), ("null", None), ("=", "="), ('"12"', "12"), ("!!str 5", "5"), ("!mine 5", "5")),
        *(("2027-01-01", GO), ("2027-1-1", GO), ("2027-01-01T00:00:00Z", GO), ("2027-01-01 00:00:00", GO)),
        ("2027-01-01T00:00:00.50+01:00", "2027-01-01 00:00:00.5 +0100 +0100"),
        ("'2027-01-01'", "2027-01-01"),
    ],
)
def test_a_value_is_what_the_pulumi_cli_hands_over(written: str, read: Any) -> None:
    """Each was compared with `pulumi config --json` of version 3.259."""
    value = load_yaml(f"a: {written}\n")["a"]

    assert value == read
    assert isinstance(value, type(read))


@pytest.mark.parametrize("number", ["9" * 5000, "-" + "9" * 5000, "0x" + "f" * 5000, "0o" + "7" * 6000, "9" * 400])
def test_a_number_that_no_computer_holds_is_text_as_to_the_cli(tmp_path: Path, number: str) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(
        f"config:\n  strongroom:backend: {{kind: vault, address: 'https://v:8200', tokenTtl: {number}}}\n"
        f"  strongroom:workloads:\n  - {{name: {number}, namespace: n, image: i, replicas: {number}, secrets: []}}\n"
    )
    with pytest.raises(InvalidSettingsError) as refused:
        parse_stack_file(file, "dev")
    reported = str(refused.value)
    for key in ("backend.tokenTtl", "workloads[0].name", "workloads[0].replicas"):
        assert f"strongroom:{key}: " in reported
    assert len(reported) < 1500


def test_keys_are_text_and_merged_keys_yield() -> None:
    assert load_yaml("a: {1: x, true: y, ~: z}")["a"] == {"1": "x", "true": "y", "<nil>": "z"}
    assert load_yaml("a: &a {b: 1, c: 2}\nd: {<<: *a, b: 3}")["d"] == {"b": 3, "c": 2}


def test_aliases_that_grow_without_end_are_refused(tmp_path: Path) -> None:
    lines = ["x0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"x{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    file = tmp_path / "bomb.yaml"
    file.write_text("\n".join(lines))

    with pytest.raises(OpsError, match="has more than 100000 values"):
        read_stack_file(file)


def test_a_file_that_is_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "deep.yaml"
    file.write_text("[" * 700)  # more takes Python seconds until it gives up

    with pytest.raises(OpsError, match="nested too deeply"):
        read_stack_file(file)


@pytest.mark.parametrize("time", ["2027-01-31T00:00:00Z", "2027-01-31T00:00:00+02:00", "2027-01-31"])
def test_a_time_needs_no_quotes(time: str) -> None:
    attributes = load_yaml(f"db-pass-password: {{expires: {time}}}")
    settings = parse(GOOD | {"backend": GOOD["backend"] | {"secrets": attributes}}, stack="prod")

    assert settings.backend.secrets["db-pass-password"].expires.day == 31


def test_a_preview_of_a_broken_file_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.dev.yaml").write_text("config: {strongroom:seeds: {db: {p: canary")
    (tmp_path / "Pulumi.yaml").write_text("stackConfigDir: stacks\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["ops", "preview", "--offline", "--stack", "dev"])

    with pytest.raises(SystemExit) as ended:
        command_line.main()
    reported = capsys.readouterr()

    assert ended.value.code == 1
    assert reported.out == ""
    assert reported.err.count("\n") == 1
    assert "Pulumi.dev.yaml, line 1: is not YAML" in reported.err
    assert "canary" not in reported.err


def test_a_stack_without_a_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(OpsError, match=r"There is no stack 'nowhere': .*Pulumi\.nowhere\.yaml is missing"):
        read_stack_file(stack_file(tmp_path, "nowhere"))


def test_what_is_encrypted_counts_as_present(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(
        "config:\n"
        "  strongroom:backend: {kind: vault, address: 'https://vault:8200', mount: {create: true}}\n"
        "  strongroom:seeds: {db: {password: {secure: v1:abc}, user: {generate: {}}}}\n"
        "  strongroom:workloads:\n"
        "    - {name: a, namespace: b, image: c, secrets: [{name: p, object: db, key: password}]}\n"
    )

    assert parse_stack_file(file, "dev").workloads[0].path == "b/a"
