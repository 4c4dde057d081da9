"""The settings of a stack, read from its configuration."""

import json
from collections.abc import Collection, Mapping
from typing import Any, cast

import pulumi
from pulumi.runtime import config as raw_config
from pydantic import ValidationError

from .errors import NAMESPACE, Fault, InvalidSettingsError, Location
from .settings.raw import sifted
from .settings.root import SECRET_KEYS, UNIONS, Settings
from .validation.cross_checks import crosschecks, plain
from .validation.messages import faults_of, misfits


def parse(raw: Mapping[str, Any], *, stack: str, secret_keys: Collection[str] = SECRET_KEYS) -> Settings:
    """The settings in `raw`, which is a stack's configuration below `strongroom:`.

    :param stack: The stack's name: `http://` is for stacks named `local` or `local-…` alone.
    :param secret_keys: The keys that the configuration keeps encrypted.
    :raises InvalidSettingsError: With every fault that was found.
    """
    faults: list[Fault] = []
    wrong: set[Location] = set()
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        faults = faults_of(error, Settings, {*SECRET_KEYS, *secret_keys}, UNIONS)
        wrong = misfits(error, UNIONS) | {fault.meant for fault in faults if fault.meant}
    # What is wrong by itself is told once, and not by the rules that it breaks as well.
    told = {fault.location for fault in faults} | wrong
    found = [*crosschecks(sifted(raw, wrong), stack=stack), *plain(raw, secret_keys)]
    faults += [fault for fault in dict.fromkeys(found) if fault.location not in told]
    if faults or settings is None:
        raise InvalidSettingsError(stack, faults)
    return settings


def of_stack() -> Settings:
    """The settings of the stack that runs.

    :raises InvalidSettingsError: With every fault that was found.
    """
    stack = pulumi.get_stack()
    values: dict[str, Any] = {**raw_config.get_config_env(), **raw_config.CONFIG.get()}
    raw = written({full_key: _decoded(value) for full_key, value in values.items()})
    encrypted = [key for key in raw if raw_config.is_config_secret(f"{NAMESPACE}:{key}")]
    return parse(raw, stack=stack, secret_keys=encrypted)


def written(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a stack's configuration says below `strongroom:`. A key that was left empty says nothing."""
    return {
        key: value
        for namespace, _, key in (full_key.partition(":") for full_key in config)
        if namespace == NAMESPACE
        and ((value := config[f"{namespace}:{key}"]) not in (None, "") or key == "clientSecret")
    }


def _whole_number(text: str) -> int | str:
    """A number, or the text of one that Python refuses to read: it is at fault by itself."""
    try:
        return int(text)
    except ValueError:
        return text


def _decoded(value: str) -> Any:
    """A value as the engine hands it over: lists and mappings are JSON, and whatever else is text."""
    try:
        decoded: object = json.loads(value, parse_int=_whole_number)
    except ValueError:
        return value
    return cast("Any", decoded) if isinstance(decoded, dict | list) else value
