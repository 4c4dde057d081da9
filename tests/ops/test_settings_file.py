"""Reading a stack's file without the key to what is encrypted in it."""

from pathlib import Path

import pytest

from ops.errors import OpsError
from ops.settings_file import read_settings_file
from ops.state import HIDDEN


def test_what_is_encrypted_is_hidden_at_any_depth_and_counts_as_present(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(
        "encryptionsalt: v1:x\n"
        "config:\n"
        "  pulumi:tags: {}\n"
        "  strongroom:backend: {kind: vault, address: 'https://vault:8200', mount: {create: true}}\n"
        "  strongroom:seeds: {db: {password: {secure: v1:abc}, user: {generate: {}}}}\n"
        "  strongroom:workloads:\n"
        "    - {name: a, namespace: b, image: c, secrets: [{name: p, object: db, key: password}]}\n"
    )
    written = read_settings_file(file, "dev")

    assert set(written.raw) == {"backend", "seeds", "workloads"}
    assert written.raw["seeds"]["db"] == {"password": HIDDEN, "user": {"generate": {}}}
    assert written.parse("dev").workloads[0].path == "b/a"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "There is no stack 'dev'"),
        ("config: [canary-77", "line 1 is no YAML"),
        ("- canary-77", "not a mapping"),
    ],
)
def test_a_file_that_is_none_is_one_line_without_its_text(tmp_path: Path, text: str | None, told: str) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(OpsError, match=told) as error:
        read_settings_file(file, "dev")
    assert "canary" not in str(error.value)
