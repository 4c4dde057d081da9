"""The settings of a stack, read from its configuration."""

import json
from collections.abc import Collection, Mapping
from typing import Any, cast

import pulumi
from pulumi.runtime import config as raw_config
from pydantic import ValidationError

from strongroom.components.cross_checks import Location

from .errors import NAMESPACE, InvalidSettingsError, ValidationIssue
from .settings.partial import read_valid
from .settings.root import SECRET_KEYS, UNIONS, Settings
from .validation.cross_checks import check_plaintext_secrets, cross_check
from .validation.messages import list_issues


def parse(raw: Mapping[str, Any], *, stack: str, secret_keys: Collection[str] = SECRET_KEYS) -> Settings:
    """Read the settings from `raw`, a stack's configuration below `strongroom:`.

    :param stack: The stack's name: `http://` is for stacks named `local` or `local-…` alone.
    :param secret_keys: The keys that the configuration keeps encrypted.
    :raises InvalidSettingsError: It lists every error that was found.
    """
    issues: list[ValidationIssue] = []
    suggested: set[Location] = set()
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        issues = list_issues(error, Settings, {*SECRET_KEYS, *secret_keys}, UNIONS)
        suggested = {issue.suggested for issue in issues if issue.suggested}
        settings = read_valid(Settings, raw, suggested)
    # A value that is invalid by itself is reported once, and not by the cross-checks as well.
    reported = {issue.location for issue in issues} | suggested
    found = [*cross_check(settings, stack=stack), *check_plaintext_secrets(raw, secret_keys)]
    issues += [issue for issue in dict.fromkeys(found) if issue.location not in reported]
    if issues:
        raise InvalidSettingsError(stack, issues)
    return settings


def load_settings() -> Settings:
    """Read the settings of the stack that runs.

    :raises InvalidSettingsError: It lists every error that was found.
    """
    stack = pulumi.get_stack()
    values: dict[str, Any] = {**raw_config.get_config_env(), **raw_config.CONFIG.get()}
    raw = strip_project_prefix({full_key: _decode(value) for full_key, value in values.items()})
    encrypted = [key for key in raw if raw_config.is_config_secret(f"{NAMESPACE}:{key}")]
    return parse(raw, stack=stack, secret_keys=encrypted)


def strip_project_prefix(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys below `strongroom:` of a stack's configuration, without those that are empty."""
    return {
        key: value
        for namespace, _, key in (full_key.partition(":") for full_key in config)
        if namespace == NAMESPACE
        and ((value := config[f"{namespace}:{key}"]) not in (None, "") or key == "clientSecret")
    }


def _parse_int(text: str) -> int | str:
    """Read a number; of one that Python refuses to read return the text, which is invalid by itself."""
    try:
        return int(text)
    except ValueError:
        return text


def _decode(value: str) -> Any:
    """Read a value as the engine passes it: lists and mappings are JSON, anything else is text."""
    try:
        decoded: object = json.loads(value, parse_int=_parse_int)
    except ValueError:
        return value
    return cast("Any", decoded) if isinstance(decoded, dict | list) else value
