"""Secrets engines of a Vault."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import pulumi
import pulumi_vault
from pydantic import Field

from ..args import Args, Input
from ..cross_checks import Location, cross_check
from ..field_types import ObjectKey, ObjectPath
from ..seeds import Generate, Seed, check_initial, is_initial, resolve_seed
from .kv_paths import KvMount, check_kv_object
from .remount import build_mount_options


class KvEngineArgs(KvMount, Args):
    """The arguments of a `KvEngine`."""

    seeds: Annotated[Mapping[ObjectPath, Mapping[ObjectKey, Input[str] | Generate]] | None, Field(repr=False)] = None
    """Object name to key to value, for the objects that the stack writes."""

    @cross_check
    def _check_objects(self) -> Iterator[tuple[Location, str]]:
        for name, values in (self.seeds or {}).items():
            if issue := check_kv_object(name, self.path):
                yield ("seeds", name), f"{name!r} {issue}"
            if issue := check_initial(values):
                yield ("seeds", name), issue


class KvEngine(pulumi.ComponentResource):
    """A KV version 2 secrets engine, created or existing, and the objects that the stack writes to it.

    Values are secret in state. (Vault docs: "KV secrets engine - version 2")
    """

    path: str
    """The path that the engine is mounted at."""

    objects: Mapping[str, pulumi_vault.kv.SecretV2]
    """The objects that were written, by name: depend on them to read what they hold."""

    mount: pulumi.Resource | None
    """The mount, where it was created here."""

    def __init__(self, name: str, args: KvEngineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Mount the engine, unless it exists, and write the objects.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        """
        super().__init__("strongroom:index:KvEngine", name, None, opts)
        self.path = args.path
        self.mount = (
            pulumi_vault.Mount(
                name,
                path=args.path,
                type="kv",
                options={"version": "2"},
                description="Secrets of workloads, mounted by Strongroom",
                opts=build_mount_options(self),
            )
            if args.create
            else None
        )
        mounted = [self.mount] if self.mount else []
        self.objects = {
            object_name: self._write(f"{name}/{object_name}", args.path, object_name, values, mounted)
            for object_name, values in (args.seeds or {}).items()
        }
        self.register_outputs({"path": args.path})

    def _write(
        self, name: str, mount: str, object_name: str, values: Mapping[str, Seed], mounted: Sequence[pulumi.Resource]
    ) -> pulumi_vault.kv.SecretV2:
        # All of an object's keys are, or none.
        initial = any(map(is_initial, values.values()))
        return pulumi_vault.kv.SecretV2(
            name,
            mount=mount,
            name=object_name,
            data_json=self._build_document(object_name, values),
            # The owner's values never get into the state.
            disable_read=True if initial else None,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=mounted,
                # One that is replaced, as to write its value again, is at the same path.
                delete_before_replace=True,
                additional_secret_outputs=["data", "dataJson"],
                ignore_changes=["dataJson"] if initial else None,
            ),
        )

    def _build_document(self, object_name: str, values: Mapping[str, Seed]) -> pulumi.Output[str]:
        contents = {key: resolve_seed(f"{object_name}/{key}", seed, self) for key, seed in values.items()}
        return pulumi.Output.secret(pulumi.Output.all(**contents).apply(lambda data: json.dumps(data, sort_keys=True)))
