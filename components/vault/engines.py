"""Secrets engines of a Vault."""

import json
from collections.abc import Mapping

import pulumi
import pulumi_vault

from ..field_types import named
from ..seeds import Seed, value_of
from .kv_paths import check_kv_object
from .remount import build_mount_options


class KvEngine(pulumi.ComponentResource):
    """A KV version 2 secrets engine, created or existing, and the objects that the stack writes to it.

    Values are secret in state. (Vault docs: "KV secrets engine - version 2")
    """

    path: str
    """The path that the engine is mounted at."""

    objects: Mapping[str, pulumi.Resource]
    """The objects that were written, by name: depend on them to read what they hold."""

    mount: pulumi.Resource | None
    """The mount, where it was created here."""

    def __init__(
        self,
        name: str,
        *,
        path: str = "secret",
        create: bool = False,
        seeds: Mapping[str, Mapping[str, Seed]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        :param name: The component's name in the stack.
        :param path: Where the engine is mounted.
        :param create: Mount it; leave it out for an engine that exists.
        :param seeds: Object name to key to value, for the objects that the stack writes.
        :raises ValueError: The path, or an object's name, leads elsewhere than it says, or can't be meant.
        """
        for what, given in (("path", path), *(("object", own) for own in seeds or {})):
            named(f"KvEngine {name!r}: {what}", given)
        for own in seeds or {}:
            if fault := check_kv_object(own, path):
                raise ValueError(f"KvEngine {name!r}: object {own!r} {fault}")
        super().__init__("strongroom:index:KvEngine", name, None, opts)
        self.path = path
        self.mount = (
            pulumi_vault.Mount(
                name,
                path=path,
                type="kv",
                options={"version": "2"},
                description="Secrets of workloads, mounted by Strongroom",
                opts=build_mount_options(self),
            )
            if create
            else None
        )
        mounted = [self.mount] if self.mount else []
        self.objects = {
            object_name: pulumi_vault.kv.SecretV2(
                f"{name}/{object_name}",
                mount=path,
                name=object_name,
                data_json=self._document(object_name, values),
                # One that is replaced, as to write its value again, is at the same path.
                opts=pulumi.ResourceOptions(
                    parent=self,
                    depends_on=mounted,
                    delete_before_replace=True,
                    additional_secret_outputs=["data", "dataJson"],
                ),
            )
            for object_name, values in (seeds or {}).items()
        }
        self.register_outputs({"path": path})

    def _document(self, object_name: str, values: Mapping[str, Seed]) -> pulumi.Output[str]:
        known = {key: value_of(f"{object_name}/{key}", seed, self) for key, seed in values.items()}
        return pulumi.Output.secret(pulumi.Output.all(**known).apply(lambda data: json.dumps(data, sort_keys=True)))
