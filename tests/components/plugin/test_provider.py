"""Components made for programs in other languages."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pulumi
import pytest
from pulumi.errors import InputPropertiesError
from pulumi.provider.server import ComponentInitError

import strongroom
from strongroom.components.azure.identities.workload_identity import PerWorkloadIdentities
from strongroom.components.azure.vault_args import ExistingVault, NewVault
from strongroom.components.plugin.catalogue import Catalogue
from strongroom.components.plugin.provider import ComponentProvider
from strongroom.components.plugin.shapes import Issues
from strongroom.components.seeds import Generate
from strongroom.components.vault.engines import KvEngine, KvEngineArgs
from tests.components.outputs import is_secret
from tests.support.recording import Declare, Recorder

CANARY = "canary-19bd"
TENANT = "11111111-2222-3333-4444-555555555555"
CONNECTION = {"address": "https://vault:8200"}
WORKLOAD = {
    "name": "orders",
    "namespace": "shop",
    "image": "busybox:1.36",
    "replicas": 2.0,
    "secrets": [{"name": "f", "object": "o", "key": "k", "filePermission": "0444"}],
}


def declarations(recorder: Recorder) -> list[tuple[str, str, Any, set[str]]]:
    own = (each for each in recorder.recorded if each.type != "pulumi:pulumi:Stack")
    return sorted((each.type, each.name, each.shown, each.dependencies) for each in own)


def test_a_component_declares_the_same_in_every_language(declare: Declare) -> None:
    secret = pulumi.Output.secret

    def other() -> None:
        seeds = {"db-pass": {"password": {"length": 20.0}, "username": secret(CANARY)}}
        inputs = {"path": "kv", "create": True, "seeds": seeds}
        ComponentProvider().construct("engine", "strongroom:index:KvEngine", inputs, None)

    def python() -> None:
        seeds = {"db-pass": {"password": Generate(length=20), "username": secret(CANARY)}}
        KvEngine("engine", KvEngineArgs(path="kv", create=True, seeds=seeds))

    recorded = declare(other)
    assert declarations(recorded) == declarations(declare(python))
    assert recorded.one("vault:kv/secretV2:SecretV2").secret_inputs == {"dataJson"}


def test_a_whole_way_of_components_that_refer_to_each_other(declare: Declare) -> None:
    def program() -> None:
        provider = ComponentProvider()
        engine = _constructed(provider, "KvEngine", {"path": "kv"})
        auth = _constructed(provider, "KubernetesAuth", {"create": False})
        backend = _constructed(provider, "VaultBackend", {"connection": CONNECTION, "engine": engine, "auth": auth})
        _constructed(provider, "SecretWorkload", {"workload": WORKLOAD, "backend": backend})

    recorder = declare(program)

    assert recorder.one("strongroom:index:SecretWorkload").name == "secretworkload"
    assert recorder.one("kubernetes:apps/v1:Deployment").inputs["spec"]["replicas"] == 2
    assert recorder.one("vault:kubernetes/authBackendRole:AuthBackendRole").inputs["roleName"] == "shop.orders"


def test_a_word_is_taken_where_a_number_may_be(declare: Declare) -> None:
    def program() -> None:
        provider = ComponentProvider()
        engine = _constructed(provider, "KvEngine", {"path": "kv"})
        auth = _constructed(provider, "KubernetesAuth", {"create": False})
        made = _constructed(provider, "VaultBackend", {"connection": CONNECTION, "engine": engine, "auth": auth})
        declared = {**WORKLOAD, "replicas": "unmanaged"}
        _constructed(provider, "SecretWorkload", {"workload": declared, "backend": made})

    assert "replicas" not in declare(program).one("kubernetes:apps/v1:Deployment").inputs["spec"]


def test_another_language_gets_what_its_own_pods_need(declare: Declare) -> None:
    def program() -> None:
        provider = ComponentProvider()
        auth = _constructed(provider, "KubernetesAuth", {"create": False})
        backend = _constructed(
            provider,
            "VaultBackend",
            {"connection": CONNECTION, "engine": _constructed(provider, "KvEngine", {"path": "kv"}), "auth": auth},
        )
        inputs = {"workload": WORKLOAD, "backend": backend}
        made = provider.construct("access", "strongroom:index:SecretAccess", inputs, None)
        pulumi.CustomResource("test:index:Pod", "own", dict(made.state))

    pod = declare(program).one("test:index:Pod")
    assert pod.inputs["serviceAccountName"] == "orders"
    assert pod.inputs["volumes"][0]["csi"]["volumeAttributes"] == {"secretProviderClass": "orders"}
    assert "vault:kubernetes/authBackendRole:AuthBackendRole" in pod.dependency_types


def _constructed(provider: ComponentProvider, kind: str, inputs: dict[str, Any]) -> Any:
    """What a reference to the component becomes."""
    made_before: list[Any] = []
    component = provider._catalogue.components[f"strongroom:index:{kind}"]
    original = component.cls

    def keep(*args: Any, **kwargs: Any) -> Any:
        made_before.append(original(*args, **kwargs))
        return made_before[-1]

    component.cls = keep  # type: ignore[assignment]
    try:
        provider.construct(kind.lower(), f"strongroom:index:{kind}", inputs, None)
    finally:
        component.cls = original
    return made_before[0]


def issues(kind: str, inputs: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InputPropertiesError) as caught:
        ComponentProvider().construct("x", f"strongroom:index:{kind}", inputs, None)
    message = {each["property_path"]: each["reason"] for each in caught.value.errors or []}
    assert CANARY not in str(message)
    return message


def test_every_fault_is_reported_together_and_no_value_is() -> None:
    message = issues(
        "KvEngine",
        {"path": 7, "create": CANARY, "colour": CANARY, "seeds": {"db-pass": {"password": {"length": CANARY}}}},
    )

    assert message == {
        "path": "must be of type string",
        "create": "must be of type boolean",
        "colour": "is no input; there are path, create, seeds",
        'seeds["db-pass"]["password"].length': "Input should be a valid integer",
    }


def test_what_is_missing_is_reported() -> None:
    assert issues("VaultBackend", {"connection": {}}) == {
        "connection.address": "is required and missing",
        "engine": "is required and missing",
        "auth": "is required and missing",
    }


def test_a_workload_is_held_to_its_own_rules() -> None:
    workload = WORKLOAD | {"name": "Orders", "secrets": [{"name": "a//b", "object": "o", "key": "k", "colour": CANARY}]}
    message = issues("SecretWorkload", {"workload": workload, "backend": 1})

    assert "is not a legal Kubernetes name" in message["workload.name"]
    assert "is not a legal file name" in message["workload.secrets[0].name"]
    assert "workload.secrets[0].colour" in message
    assert "must be of type AzureKeyVaultBackend or VaultBackend" in message["backend"]


def test_a_choice_names_what_may_be_chosen() -> None:
    assert issues("KubernetesAuth", {"reviewer": CANARY}) == {
        "reviewer": "must be one of service-account, in-cluster, client"
    }


def test_the_output_of_another_resource_is_refused_where_it_decides(declare: Declare) -> None:
    def program() -> None:
        later = pulumi.Output.from_input("kv")
        assert issues("KvEngine", {"path": later})["path"].startswith("must be known before anything is made")
        workload = WORKLOAD | {"image": later}
        message = issues("SecretWorkload", {"workload": workload, "backend": None})
        assert message["workload.image"].startswith("must be known")

    declare(program)


def read(kind: str, name: str, value: Any) -> tuple[Any, Issues]:
    found: Issues = []
    field = ComponentProvider()._catalogue.components[f"strongroom:index:{kind}"].inputs[name]
    return field.shape.read(value, name, found), found


def test_objects_are_reported_apart_by_their_kind() -> None:
    assert read("KeyVault", "vault", {"kind": "ExistingVault"}) == (ExistingVault(), [])
    new, _ = read("KeyVault", "vault", {"kind": "NewVault", "retentionDays": 30.0, "sku": "premium"})
    assert isinstance(new, NewVault)
    assert (new.retention_days, new.sku) == (30, "premium")
    assert read("KeyVault", "vault", {"kind": CANARY})[1] == [
        {"property_path": "vault.kind", "reason": "must be one of NewVault, ExistingVault"}
    ]


def test_identities_are_made_by_their_classes() -> None:
    given = {"kind": "workload-identity", "issuer": "https://x/", "place": {"resourceGroup": "rg", "tenantId": TENANT}}
    identities, found = read("AzureKeyVaultBackend", "identities", given)

    assert isinstance(identities, PerWorkloadIdentities)
    assert found == []


def test_an_output_that_is_marked_is_secret_in_every_language(declare: Declare) -> None:
    made: list[Mapping[str, Any]] = []

    def program() -> None:
        inputs = {"clusterName": "aks-shop", "resourceGroup": "rg"}
        made.append(ComponentProvider().construct("aks", "strongroom:index:AksCluster", inputs, None).state)

    declare(program)
    assert is_secret(made[0]["kubeconfig"]) is True
    assert is_secret(made[0]["issuer"]) is False


def test_a_moment_is_one() -> None:
    secret = {"value": "v", "expires": "2030-01-31T00:00:00Z"}
    contents, _ = read("KeyVault", "contents", {"secrets": {"s": secret}})

    assert contents.secrets["s"].expires == datetime(2030, 1, 31, tzinfo=UTC)
    assert "ISO 8601" in read("KeyVault", "contents", {"secrets": {"s": secret | {"expires": "soon"}}})[1][0]["reason"]


def test_what_may_be_anything_is_passed_on() -> None:
    class Free(pulumi.ComponentResource):
        def __init__(self, name: str, *, values: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
            super().__init__("strongroom:index:Free", name, None, opts)

    shape = Catalogue({"Free": Free}).components["strongroom:index:Free"].inputs["values"].shape
    given = {"a": [1, {"b": True}]}

    assert shape.build_spec() == {"type": "object", "additionalProperties": {"$ref": "pulumi.json#/Any"}}
    assert shape.read(given, "values", []) == given


def test_a_components_own_error_is_reported_as_the_users() -> None:
    with pytest.raises(InputPropertiesError) as refused:
        ComponentProvider().construct("x", "strongroom:index:KubernetesAuth", {}, None)

    assert refused.value.errors == [
        {
            "property_path": "kubernetesHost",
            "reason": "This setting is required: name the API server's URL, as Vault reaches it",
        }
    ]


def test_without_azures_packages_the_rest_is_there_and_azures_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def import_without_azure(name: str, package: str | None = None) -> Any:
        if name.startswith(".azure.") or name == ".vault.azure_seal":
            raise ModuleNotFoundError(f"No module named {name}", name="pulumi_azure_native")
        return import_module(name, package)

    monkeypatch.setattr(strongroom.components, "import_module", import_without_azure)
    described = json.loads(ComponentProvider().schema or "")["resources"]

    assert {"strongroom:index:VaultBackend", "strongroom:index:SecretWorkload"} <= described.keys()
    assert "strongroom:index:AksCluster" not in described
    with pytest.raises(ComponentInitError) as refused:
        ComponentProvider().construct("aks", "strongroom:index:AksCluster", {}, None)
    assert "AksCluster needs packages for Azure" in str(refused.value.inner)
    assert "requirements-azure.txt" in str(refused.value.inner)


def test_a_module_that_is_missing_for_another_reason_is_not_taken_for_azures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(strongroom.components._MODULES, "KeyVault", ".azure.gone")  # pyright: ignore[reportPrivateUsage]

    with pytest.raises(ModuleNotFoundError, match=r"azure\.gone"):
        _ = strongroom.KeyVault
