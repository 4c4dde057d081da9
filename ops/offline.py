"""What a change does, found out without state, store, cluster or any credential: two sets of settings, compared."""
# pyright: reportUnknownMemberType=false
# Pulumi types its mocks sparsely.

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pulumi
from google.protobuf import json_format
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2

from policy.rules import RULES, Declared
from stacks.faults import InvalidSettingsError
from stacks.provision import provision
from stacks.settings import Settings, parse, written
from stacks.vault import KubernetesAuthSettings, VaultSettings

from .engine import levels
from .observed import Broken, Observed, known
from .stack import ROOT
from .stack_file import read_stack_file, stack_file
from .state import hidden

PROJECT = "strongroom"
_ANYWHERE = "https://kubernetes.invalid"


def compare(stack: str, against: Path | None) -> Observed:
    """What the settings of `stack` change, compared with those in another checkout.

    :param against: That checkout's directory; left out, everything is new.
    :raises OpsError: There is no such stack.
    """
    observed = Observed()
    if against is not None and stack_file(against, stack).is_file():
        observed.before = _declared(stack, against, Observed())
    observed.after = _declared(stack, ROOT, observed)
    if observed.errors:
        observed.before = {}
        return observed
    for urn in observed.before.keys() | observed.after.keys():
        _differ(observed, urn)
    observed.broken += guardrails(stack, observed.after.values())
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
    :raises InvalidSettingsError: With every fault that was found.
    """
    settings = parse(written(config), stack=stack, secret_keys=())
    kubernetes = settings.kubernetes.model_copy(update={"kubeconfig": None})
    backend = settings.backend
    if isinstance(backend, VaultSettings) and isinstance(auth := backend.auth, KubernetesAuthSettings) and auth.create:
        host = auth.kubernetes_host or _ANYWHERE
        backend = backend.model_copy(update={"auth": auth.model_copy(update={"kubernetes_host": host})})
    return settings.model_copy(update={"kubernetes": kubernetes, "backend": backend})


def declare(stack: str, settings: Settings) -> dict[str, Declared]:
    """What `settings` declare, by URN, found out without an engine.

    :raises InvalidSettingsError: A file or a chart that they name can't be used.
    """
    return _Program(stack).declare(settings)


def guardrails(stack: str, resources: Collection[Declared]) -> list[Broken]:
    """The guardrails that `resources` break, at the levels that the stack has chosen."""
    chosen: dict[str, Any] = json.loads(file.read_text()) if (file := levels(stack)) else {}
    found: list[Broken] = []
    for rule in RULES:
        level = chosen.get(rule.name, chosen.get("all", "mandatory"))
        options = dict(cast("dict[str, Any]", level)) if isinstance(level, dict) else {"enforcementLevel": level}
        enforced = options.pop("enforcementLevel", "mandatory")
        if enforced != "disabled":
            found += [
                Broken(
                    rule.name,
                    enforced,
                    finding.urn,
                    f"{rule.says}\n{finding.urn.rpartition('::')[2]} {finding.problem}.",
                )
                for finding in rule.findings(resources, options)
            ]
    return found


class _Program(mocks.MockMonitor):
    """An engine that only notes what a program declares."""

    def __init__(self, stack: str) -> None:
        super().__init__(_Echo())
        self._stack = stack
        self._declared: dict[str, Declared] = {}

    def declare(self, settings: Settings) -> dict[str, Declared]:
        """What `settings` declare, by URN."""
        mocks.set_mocks(self.mocks, project=PROJECT, stack=self._stack, preview=True, monitor=self)

        @pulumi.runtime.test
        def run() -> None:
            provision(settings)

        run()
        return self._declared

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        urn = self.make_urn(request.parent, request.type, request.name)
        inputs = known(hidden(json_format.MessageToDict(request.object)))
        self._declared[urn] = Declared(request.type, urn, inputs, list(request.dependencies))
        return super().RegisterResource(request)

    def Invoke(self, request: Any) -> Any:  # noqa: ARG002, N802 - the protocol's name
        # Nobody can be asked.
        return resource_pb2.ResourceInvokeResponse(unknown=True)


class _Echo(mocks.Mocks):
    """What is made has the outputs that its inputs say, and no id yet."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        return None, dict(cast("dict[Any, Any]", args.inputs))

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise NotImplementedError(args.token)


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
