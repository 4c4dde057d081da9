"""Broken stack files: each is told of in full, in one text, before anything is declared."""

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
from strongroom.ops.preview.offline import offline_settings
from strongroom.ops.pulumi.stack_file import read_stack_file
from strongroom.stacks.errors import InvalidSettingsError
from strongroom.stacks.load import of_stack
from strongroom.stacks.provision.installation import Installation
from strongroom.stacks.provision.program import provision
from tests.support.recording import Recorder

CORPUS = Path(__file__).parents[1] / "bad_input"
FILES = sorted(file for file in CORPUS.glob("*/*.yaml") if file.parent.name != "files")
CANARY = re.compile("canary")
STACK = "test"


def expected(file: Path) -> dict[str, list[str]]:
    """What must be told of `file`, by who tells it, as the comment at its head has it, or the one beside it."""
    beside = file.with_suffix(".expected")
    told: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in (beside if beside.exists() else file).read_text().splitlines():
        if not line.startswith("#"):
            break
        if line.startswith("# expected"):
            lines = told.setdefault(line.removeprefix("# ").removesuffix(":"), [])
        elif line.startswith("#   "):
            lines.append(line.removeprefix("#   "))
    return told


def whole(faults: list[str]) -> str:
    count = "a fault" if len(faults) == 1 else f"{len(faults)} faults"
    return "\n  ".join([f"Stack {STACK} has {count} in its configuration; nothing was changed:", *faults])


def refused(program: Callable[[], object]) -> str:
    """What `program` is told; it must have declared nothing by then."""
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
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be where the files are that stack files name, with a kubeconfig, and neither cluster nor subscription to ask."""
    monkeypatch.chdir(CORPUS / "files")
    monkeypatch.setenv("KUBECONFIG", "kubeconfig.yaml")
    monkeypatch.delenv("ARM_SUBSCRIPTION_ID", raising=False)
    monkeypatch.setattr(Installation, "conflicts", lambda _: [])


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_broken_file_is_told_of_and_nothing_is_declared(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = expected(file)
    try:
        config = read_stack_file(file)
    except OpsError as error:
        text = str(error).replace(str(file), "FILE")
        assert [text] == told["expected of the file"]
        assert not CANARY.search(text)
        return
    offline = told.get("expected offline", told.get("expected"))
    if offline:
        text = refused(lambda: provision(offline_settings(STACK, config)))
        assert text == whole(offline)
        assert not CANARY.search(text)
    if "expected" in told:
        hand_over(config, monkeypatch)
        text = refused(lambda: provision(of_stack()))
        assert text == whole(told["expected"])
        assert not CANARY.search(text)


def test_the_corpus_has_secrets_that_could_be_told() -> None:
    assert len(FILES) > 400
    assert sum(b"canary" in file.read_bytes() for file in FILES) >= 15
