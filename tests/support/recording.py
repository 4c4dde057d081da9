"""An engine that records what a program declares."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest import mock

import pulumi
from google.protobuf import json_format
from pulumi.runtime import mocks, resource, rpc
from pulumi.runtime.proto import source_pb2


@dataclass(frozen=True)
class Recorded:
    """A resource as the engine knows it."""

    type: str
    name: str
    inputs: dict[str, Any]
    """With secrets unwrapped."""

    shown: dict[str, Any]
    """As they arrived, with secrets wrapped at any depth."""

    secret_inputs: set[str]
    """The inputs that arrived marked secret."""

    dependencies: set[str]
    """Names of what it depends on."""

    dependency_types: set[str]
    """Types of that."""

    replace_on_changes: list[str]
    ignore_changes: list[str]
    has_replacement_trigger: bool
    """Whether it is replaced when some value changes."""

    retain_on_delete: bool
    deleted_with: str
    """The name of the resource whose deletion deletes it, too."""

    former_types: set[str]
    """The types that it may have in a state, beside its own."""

    parent_type: str
    """The type of its parent."""


class Recorder(mocks.MockMonitor):
    """An engine that records what a program declares."""

    def __init__(self) -> None:
        super().__init__(_Echo())
        self.recorded: list[Recorded] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        raw = json_format.MessageToDict(request.object)
        inputs = rpc.deserialize_properties(request.object)
        self.recorded.append(
            Recorded(
                type=request.type,
                name=request.name,
                inputs={key: _plain(value) for key, value in inputs.items()},
                shown=raw,
                secret_inputs={key for key, value in raw.items() if _is_secret(value)},
                dependencies={urn.rpartition("::")[2] for urn in request.dependencies},
                dependency_types={urn.split("::")[2].rpartition("$")[2] for urn in request.dependencies},
                replace_on_changes=list(request.replaceOnChanges),
                ignore_changes=list(request.ignoreChanges),
                has_replacement_trigger=request.HasField("replacement_trigger"),
                retain_on_delete=request.retainOnDelete,
                deleted_with=request.deletedWith.rpartition("::")[2],
                former_types={alias.spec.type for alias in request.aliases},
                parent_type=request.parent.split("::")[2].rpartition("$")[2] if request.parent else "",
            )
        )
        return super().RegisterResource(request)

    def one(self, type_: str, name: str | None = None) -> Recorded:
        """The only resource of a type, and of a name where one is given."""
        found = [item for item in self.all(type_) if name in {None, item.name}]
        assert len(found) == 1, f"{len(found)} of {type_} {name or ''} in {[(r.type, r.name) for r in self.recorded]}"
        return found[0]

    def all(self, type_: str) -> list[Recorded]:
        """Every resource of a type."""
        return [item for item in self.recorded if item.type == type_]


VAULT_ID = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-shop"

ANSWERS: dict[str, Any] = {
    "azure-native:authorization:getClientConfig": {"objectId": "the deployer"},
    "azure-native:keyvault:getVault": {"id": VAULT_ID, "properties": {"enableRbacAuthorization": True}},
    "azure-native:managedidentity:getUserAssignedIdentity": {
        "name": "found",
        "principalId": "principal of found",
        "clientId": "client of found",
    },
    "azure-native:containerservice:getManagedCluster": {
        "oidcIssuerProfile": {"enabled": True, "issuerURL": "https://found/"},
        "addonProfiles": {
            "azureKeyvaultSecretsProvider": {
                "enabled": True,
                "identity": {"clientId": "addon client", "objectId": "addon principal"},
            }
        },
    },
    "azure-native:containerservice:listManagedClusterUserCredentials": {
        "kubeconfigs": [{"name": "user", "value": "a3ViZWNvbmZpZw=="}]  # "kubeconfig"
    },
}
"""What lookups find."""


class _Echo(pulumi.runtime.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        outputs = dict(args.inputs)
        if args.typ == "kubernetes:core/v1:Secret":
            outputs["data"] = {"token": "cmV2aWV3ZXI=", "ca.crt": "YXV0aG9yaXR5"}  # "reviewer", "authority"
        if args.typ.startswith("tls:"):
            outputs |= {key: f"{key} of {args.name}" for key in ("privateKeyPem", "certPem", "certRequestPem")}
        if args.typ == "vault:pkiSecret/secretBackendIntermediateSetSigned:SecretBackendIntermediateSetSigned":
            outputs["importedIssuers"] = ["issuer", "root"]
        if args.typ == "random:index/randomPassword:RandomPassword":
            outputs["result"] = f"generated {args.name}"
        if args.typ == "vault:kv/secretV2:SecretV2":
            outputs["metadata"] = {"version": "7"}
        if args.typ == "azure-native:keyvault:Secret":
            outputs["properties"]["value"]["secretUriWithVersion"] = f"https://kv.vault.azure.net/x/{args.name}/0123"
        if args.typ == "azure-native:managedidentity:UserAssignedIdentity":
            outputs |= {"principalId": f"principal of {args.name}", "clientId": f"client of {args.name}"}
        if args.typ == "azure-native:containerservice:ManagedCluster":
            outputs["oidcIssuerProfile"] = {"enabled": True, "issuerURL": f"https://issuer of {args.name}/"}
        if args.typ == "azure-native:keyvault:Vault":
            return VAULT_ID, outputs
        return f"{args.name}-id", outputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        return ANSWERS.get(args.token, {})


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and rpc._special_sig_key in value  # pyright: ignore[reportPrivateUsage]


def _plain(value: Any) -> Any:
    if rpc.is_rpc_secret(value):
        return rpc.unwrap_rpc_secret(value)
    return value


Declare = Callable[[Callable[[], object]], Recorder]


def declare(program: Callable[[], object]) -> Recorder:
    """Run `program` to its end on a recording engine, and return what it declared."""
    recorder = Recorder()
    mocks.set_mocks(recorder.mocks, project="strongroom", stack="test", preview=False, monitor=recorder)

    @pulumi.runtime.test
    def body() -> None:
        program()

    # Nobody reads where a resource was declared, and to find it out takes a tenth of a declaration's time.
    with mock.patch.object(resource, "_get_stack_trace", source_pb2.StackTrace):
        body()
    return recorder
