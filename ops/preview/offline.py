"""Offline previews: a comparison of two sets of settings, without state, store, cluster or credentials."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from strongroom.policy.rules import Declared
from strongroom.stacks.errors import InvalidSettingsError
from strongroom.stacks.load import parse, strip_project_prefix
from strongroom.stacks.settings.root import Settings
from strongroom.stacks.settings.vault import KubernetesAuthSettings, VaultSettings

from ..pulumi.declare import declare
from ..pulumi.project import find_project, require_checkout, stack_file
from ..pulumi.stack_file import read_stack_file
from .events import PreviewEvents
from .guardrails import find_violations

_ANYWHERE = "https://kubernetes.invalid"


def compare(stack: str, against: Path | None) -> PreviewEvents:
    """Compare the settings of `stack` with those in another checkout.

    :param against: That checkout's directory; if omitted, everything is new.
    :raises OpsError: There is no such stack, or no such checkout.
    """
    events = PreviewEvents()
    if against is not None:
        require_checkout(against)
        if stack_file(against, stack).is_file():
            events.before = _declare(stack, against, PreviewEvents())
    events.after = _declare(stack, find_project(), events)
    if events.errors:
        events.before = {}
        return events
    for urn in events.before.keys() | events.after.keys():
        _add_operation(events, urn)
    events.violations += find_violations(stack, events.after.values(), against)
    return events


def _declare(stack: str, root: Path, events: PreviewEvents) -> dict[str, Declared]:
    """Declare the stack by its settings in `root`; errors of the settings are added to `events`."""
    try:
        return declare(stack, parse_offline_settings(stack, read_stack_file(stack_file(root, stack))))
    except InvalidSettingsError as error:
        events.errors.append(str(error))
        return {}


def parse_offline_settings(stack: str, config: Mapping[str, Any]) -> Settings:
    """Parse the settings in a stack's file, without the kubeconfig of the machine that deploys.

    :param config: As `read_stack_file` returns it: every value that isn't hidden there is plaintext.
    :raises InvalidSettingsError: The settings are invalid.
    """
    settings = parse(strip_project_prefix(config), stack=stack, secret_keys=())
    kubernetes = settings.kubernetes.model_copy(update={"kubeconfig": None})
    backend = settings.backend
    if isinstance(backend, VaultSettings) and isinstance(auth := backend.auth, KubernetesAuthSettings) and auth.create:
        host = auth.kubernetes_host or _ANYWHERE
        backend = backend.model_copy(update={"auth": auth.model_copy(update={"kubernetes_host": host})})
    return settings.model_copy(update={"kubernetes": kubernetes, "backend": backend})


def _add_operation(events: PreviewEvents, urn: str) -> None:
    before, after = events.before.get(urn), events.after.get(urn)
    if before is None or after is None:
        events.operations[urn] = "delete" if after is None else "create"
        return
    paths = sorted(_find_paths(before.properties, after.properties, ""))
    events.operations[urn] = "update" if paths else "same"
    events.paths[urn] = paths


def _find_paths(before: Any, after: Any, path: str) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        old, new = cast("Mapping[str, Any]", before), cast("Mapping[str, Any]", after)
        for key in old.keys() | new.keys():
            yield from _find_paths(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif isinstance(before, Sequence) and isinstance(after, Sequence) and not isinstance(before, str):
        old_entries, new_entries = cast("Sequence[Any]", before), cast("Sequence[Any]", after)
        for index in range(max(len(old_entries), len(new_entries))):
            old_entry, new_entry = (
                entries[index] if index < len(entries) else None for entries in (old_entries, new_entries)
            )
            yield from _find_paths(old_entry, new_entry, f"{path}[{index}]")
    elif before != after:
        yield path
