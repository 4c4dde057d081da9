"""What a change does, found out without state, store, cluster or any credential: two sets of settings, compared."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from strongroom.policy.rules import Declared
from strongroom.stacks.errors import InvalidSettingsError
from strongroom.stacks.load import parse, without_project_prefix
from strongroom.stacks.settings.root import Settings
from strongroom.stacks.settings.vault import KubernetesAuthSettings, VaultSettings

from ..pulumi.declare import declare
from ..pulumi.project import find_project, require_checkout, stack_file
from ..pulumi.stack_file import read_stack_file
from .events import Observed
from .guardrails import guardrails

_ANYWHERE = "https://kubernetes.invalid"


def compare(stack: str, against: Path | None) -> Observed:
    """What the settings of `stack` change, compared with those in another checkout.

    :param against: That checkout's directory; left out, everything is new.
    :raises OpsError: There is no such stack, or no such checkout.
    """
    observed = Observed()
    if against is not None:
        require_checkout(against)
        if stack_file(against, stack).is_file():
            observed.before = _declared(stack, against, Observed())
    observed.after = _declared(stack, find_project(), observed)
    if observed.errors:
        observed.before = {}
        return observed
    for urn in observed.before.keys() | observed.after.keys():
        _differ(observed, urn)
    observed.broken += guardrails(stack, observed.after.values(), against)
    return observed


def _declared(stack: str, root: Path, observed: Observed) -> dict[str, Declared]:
    """What the stack declares by its settings in `root`; their faults are told in `observed`."""
    try:
        return declare(stack, offline_settings(stack, read_stack_file(stack_file(root, stack))))
    except InvalidSettingsError as error:
        observed.errors.append(str(error))
        return {}


def offline_settings(stack: str, config: Mapping[str, Any]) -> Settings:
    """The settings in a stack's file, without what only the machine that deploys knows: its kubeconfig.

    :param config: As `read_stack_file` gives it: every value that isn't hidden there is in plain text.
    :raises InvalidSettingsError: It lists every error that was found.
    """
    settings = parse(without_project_prefix(config), stack=stack, secret_keys=())
    kubernetes = settings.kubernetes.model_copy(update={"kubeconfig": None})
    backend = settings.backend
    if isinstance(backend, VaultSettings) and isinstance(auth := backend.auth, KubernetesAuthSettings) and auth.create:
        host = auth.kubernetes_host or _ANYWHERE
        backend = backend.model_copy(update={"auth": auth.model_copy(update={"kubernetes_host": host})})
    return settings.model_copy(update={"kubernetes": kubernetes, "backend": backend})


def _differ(observed: Observed, urn: str) -> None:
    before, after = observed.before.get(urn), observed.after.get(urn)
    if before is None or after is None:
        observed.operations[urn] = "delete" if after is None else "create"
        return
    paths = sorted(_different(before.properties, after.properties, ""))
    observed.operations[urn] = "update" if paths else "same"
    observed.paths[urn] = paths


def _different(before: Any, after: Any, path: str) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        old, new = cast("Mapping[str, Any]", before), cast("Mapping[str, Any]", after)
        for key in old.keys() | new.keys():
            yield from _different(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif isinstance(before, Sequence) and isinstance(after, Sequence) and not isinstance(before, str):
        old_entries, new_entries = cast("Sequence[Any]", before), cast("Sequence[Any]", after)
        for index in range(max(len(old_entries), len(new_entries))):
            old_entry, new_entry = (
                entries[index] if index < len(entries) else None for entries in (old_entries, new_entries)
            )
            yield from _different(old_entry, new_entry, f"{path}[{index}]")
    elif before != after:
        yield path
