"""A stack's file, read as the Pulumi CLI reads it: what the program would get is what is judged."""

from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import SecretStr

from strongroom.stacks.errors import NAMESPACE
from strongroom.stacks.load import parse, strip_project_prefix
from strongroom.stacks.settings.root import SECRET_KEYS, Settings

from ..errors import OpsError
from .go_yaml import load_yaml
from .project import list_stacks_in
from .state import HIDDEN


def parse_stack_file(file: Path, stack: str) -> Settings:
    """Parse the settings in a stack's file; what is encrypted counts as present.

    :raises OpsError: As `read_stack_file`.
    :raises InvalidSettingsError: It lists every error that was found.
    """
    return parse(strip_project_prefix(read_stack_file(file)), stack=stack, secret_keys=())


def read_stack_file(file: Path) -> dict[str, Any]:
    """Read the configuration in a stack's file, by full key. Values that are encrypted are hidden.

    (Pulumi docs: "Stack settings file reference")

    :raises OpsError: It can't be read, is no YAML, or has no configuration; nothing of its contents is repeated.
    """
    text = _read_text(file)
    try:
        document = load_yaml(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise OpsError(f"{file}, line {line}: is not YAML: {error.problem}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise OpsError(f"{file}, line {line}: is not YAML: has a control character") from None
    except RecursionError:
        raise OpsError(f"{file} is nested too deeply to be read") from None
    if document is None:
        raise OpsError(f"{file} is empty: write the stack's settings below `config:`")
    if not isinstance(document, dict):
        raise OpsError(f"{file} must be a mapping with the key `config`, and is none")
    if "config" not in document:
        raise OpsError(
            f"{file} has no `config`: write the stack's settings below it, as {NAMESPACE}:backend and others"
        )
    config: object = cast("dict[str, Any]", document)["config"]
    if not isinstance(config, dict | None):
        raise OpsError(f"{file}: `config` must be a mapping of keys such as {NAMESPACE}:backend")
    return {_qualify(key): _hide(value, _qualify(key)) for key, value in cast("dict[str, Any]", config or {}).items()}


def _read_text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise OpsError(describe_missing(file)) from None
    except OSError as error:
        raise OpsError(f"{file} can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise OpsError(f"{file}, line {line}: is not UTF-8: save it in that encoding") from None


def describe_missing(file: Path) -> str:
    """Say that there is no such stack, and which there are."""
    stack, known = file.stem.removeprefix("Pulumi."), list_stacks_in(file.parent)
    near = get_close_matches(stack, known, 1)
    hint = f". Did you mean {near[0]!r}?" if near else f". There are {', '.join(known)}" if known else ""
    return f"There is no stack {stack!r}: {file} is missing{hint}"


def _qualify(key: str) -> str:
    return key if ":" in key else f"{NAMESPACE}:{key}"


def _hide(value: Any, key: str) -> Any:
    """Return a value without what is encrypted in it; a secret differs from the same words in plaintext."""
    if isinstance(value, dict):
        found = cast("dict[str, Any]", value)
        if list(found) == ["secure"] and isinstance(found["secure"], str):
            return SecretStr(HIDDEN) if key.partition(":")[2] in SECRET_KEYS else HIDDEN
        return {name: _hide(entry, key) for name, entry in found.items()}
    if isinstance(value, list):
        return [_hide(entry, key) for entry in cast("list[Any]", value)]
    return value
