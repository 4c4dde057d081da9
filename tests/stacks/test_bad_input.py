"""Broken stack files: each is refused with all of its errors, before anything is declared."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import config as engine_config
from pulumi.runtime import mocks
from pydantic import SecretStr

from strongroom.ops.errors import OpsError
from strongroom.ops.preview.offline import parse_offline_settings
from strongroom.ops.pulumi.stack_file import read_stack_file
from strongroom.stacks.errors import InvalidSettingsError
from strongroom.stacks.load import load_settings
from strongroom.stacks.provision.installation import Installation
from strongroom.stacks.provision.program import provision
from tests.support.recording import Recorder

CORPUS = Path(__file__).parents[1] / "bad_input"
FILES = sorted(file for file in CORPUS.glob("*/*.yaml") if file.parent.name != "files")
CANARY = re.compile("canary")
STACK = "test"


def read_expected(file: Path) -> dict[str, list[str]]:
    """Read the errors expected of `file`, by their source, from the comment at its head or the file beside it."""
    beside = file.with_suffix(".expected")
    errors: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in (beside if beside.exists() else file).read_text().splitlines():
        if not line.startswith("#"):
            break
        if line.startswith("# expected"):
            lines = errors.setdefault(line.removeprefix("# ").removesuffix(":"), [])
        elif line.startswith("#   "):
            lines.append(line.removeprefix("#   "))
    return errors


def format_error(issues: list[str]) -> str:
    count = "an error" if len(issues) == 1 else f"{len(issues)} errors"
    return "\n  ".join([f"Stack {STACK} is refused, and nothing was changed. Its configuration has {count}:", *issues])


def refuse(program: Callable[[], object]) -> str:
    """Return the error of `program`, which must have declared nothing by then."""
    recorder = Recorder()
    mocks.set_mocks(recorder.mocks, project="strongroom", stack=STACK, preview=False, monitor=recorder)
    with pytest.raises(InvalidSettingsError) as caught:
        pulumi.runtime.test(program)()
    assert [each for each in recorder.recorded if each.type != "pulumi:pulumi:Stack"] == []
    return str(caught.value)


def hand_over(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Give `config` to the program as the engine does: as text in its environment, with secrets decrypted."""
    encrypted = {key for key, value in config.items() if "SecretStr" in repr(value)}
    values = {
        key: value if isinstance(value, str) else "" if value is None else json.dumps(value, default=_decrypted)
        for key, value in config.items()
    }
    values |= {key: _decrypted(value) for key, value in config.items() if isinstance(value, SecretStr)}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(values))
    monkeypatch.setattr(engine_config, "is_config_secret", encrypted.__contains__)


def _decrypted(value: Any) -> str:
    assert isinstance(value, SecretStr)
    return "canary-decrypted"


@pytest.fixture(autouse=True)
def in_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be where the files are that stack files name, with a kubeconfig, and neither cluster nor subscription to ask."""
    monkeypatch.chdir(CORPUS / "files")
    monkeypatch.setenv("KUBECONFIG", "kubeconfig.yaml")
    monkeypatch.delenv("ARM_SUBSCRIPTION_ID", raising=False)
    monkeypatch.setattr(Installation, "find_conflicts", lambda _: [])


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_broken_file_is_refused_and_nothing_is_declared(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = read_expected(file)
    try:
        config = read_stack_file(file)
    except OpsError as error:
        text = str(error).replace(str(file), "FILE")
        assert [text] == errors["expected of the file"]
        assert not CANARY.search(text)
        return
    offline = errors.get("expected offline", errors.get("expected"))
    if offline:
        text = refuse(lambda: provision(parse_offline_settings(STACK, config)))
        assert text == format_error(offline)
        assert not CANARY.search(text)
    if "expected" in errors:
        hand_over(config, monkeypatch)
        text = refuse(lambda: provision(load_settings()))
        assert text == format_error(errors["expected"])
        assert not CANARY.search(text)


def test_the_corpus_has_secrets_that_could_leak() -> None:
    assert len(FILES) > 400
    assert sum(b"canary" in file.read_bytes() for file in FILES) >= 15
