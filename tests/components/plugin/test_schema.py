"""What other languages see of the components."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

import strongroom
from strongroom.components.azure.access import Principal
from strongroom.components.kubernetes.akv2k8s import Principal as OtherPrincipal
from strongroom.components.plugin import described
from strongroom.components.plugin.catalogue import Catalogue, UnspeakableError
from strongroom.components.plugin.provider import ComponentProvider

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def schema() -> Any:
    return json.loads(ComponentProvider().schema or "")


def test_every_public_component_is_in_it(schema: Any) -> None:
    public = {
        name
        for name in strongroom.__all__
        if isinstance(item := getattr(strongroom, name), type) and issubclass(item, pulumi.ComponentResource)
    }

    assert {token.rpartition(":")[2] for token in schema["resources"]} == public
    assert {"KvEngine", "KeyVault", "SecretWorkload", "VaultBackend"} <= public
    assert all(resource["isComponent"] for resource in schema["resources"].values())


def properties(schema: Any) -> Iterator[tuple[str, Any]]:
    for token, resource in schema["resources"].items():
        for group in ("inputProperties", "properties"):
            for name, each in resource[group].items():
                yield f"{token}.{name}", each
    for token, each in schema["types"].items():
        yield token, each
        for name, below in each.get("properties", {}).items():
            yield f"{token}.{name}", below


def test_everything_in_it_is_described(schema: Any) -> None:
    silent = {name for name, each in properties(schema) if not each.get("description")}

    assert {name for name in silent if name.rpartition(".")[2] not in {"name", "tenantId", "resourceGroup"}} <= {
        "strongroom:index:Contents.secrets",
        "strongroom:index:Contents.keys",
        "strongroom:index:Contents.certificates",
    }


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, entry in value.items():
            if key == "$ref":
                yield entry
            yield from references(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from references(entry)


def test_every_reference_leads_somewhere(schema: Any) -> None:
    known = {f"#/{group}/{token}" for group in ("types", "resources") for token in schema[group]}

    assert set(references(schema)) <= known | {"pulumi.json#/Any"}


def test_defaults_choices_and_secrets_are_reported(schema: Any) -> None:
    resources, types = schema["resources"], schema["types"]
    auth = resources["strongroom:index:KubernetesAuth"]["inputProperties"]

    assert auth["path"]["default"] == "kubernetes"
    assert auth["create"]["default"] is True
    assert auth["reviewer"]["default"] == "service-account"
    assert {each["value"] for each in types["strongroom:index:KubernetesAuthReviewer"]["enum"]} == {
        "service-account",
        "in-cluster",
        "client",
    }
    # An object that has a default, or holds one that has, would come as an output, which no component can read.
    assert not [name for each in types.values() for name, one in each.get("properties", {}).items() if "default" in one]
    production = types["strongroom:index:VaultConnection"]["properties"]["production"]
    assert production["description"].endswith(" Defaults to `true`.")
    assert resources["strongroom:index:AksCluster"]["properties"]["kubeconfig"]["secret"] is True
    assert types["strongroom:index:VaultSecret"]["properties"]["value"]["secret"] is True
    assert types["strongroom:index:ServicePrincipal"]["properties"]["clientSecret"]["secret"] is True


@pytest.mark.parametrize(
    "name",
    [
        "AksCluster.kubeconfig",
        "LdapAuth.bindPassword",
        "OidcAuth.clientSecret",
        "Principal.secret",
        "ServicePrincipal.clientSecret",
        "User.password",
        "VaultBootstrap.shares",
        "VaultBootstrap.token",
        "VaultSecret.value",
    ],
)
def test_every_secret_of_a_component_is_one_in_every_language(schema: Any, name: str) -> None:
    found = [each for path, each in properties(schema) if path == f"strongroom:index:{name}"]

    assert True in {each.get("secret") for each in found}


def test_what_decides_on_resources_must_be_known_and_the_rest_may_come_later(schema: Any) -> None:
    vault = schema["resources"]["strongroom:index:KeyVault"]["inputProperties"]
    engine = schema["resources"]["strongroom:index:KvEngine"]["inputProperties"]

    assert vault["vaultName"]["plain"] is True
    assert "plain" not in vault["resourceGroup"]
    assert "plain" not in engine["seeds"], "a value in it may be an output"
    assert schema["resources"]["strongroom:index:KvEngine"]["requiredInputs"] == []
    assert schema["resources"]["strongroom:index:VaultBackend"]["requiredInputs"] == ["connection", "engine", "auth"]


def test_a_backend_is_any_of_those_that_grant(schema: Any) -> None:
    backend = schema["resources"]["strongroom:index:SecretWorkload"]["inputProperties"]["backend"]

    assert {each["$ref"].rpartition(":")[2] for each in backend["oneOf"]} == {"AzureKeyVaultBackend", "VaultBackend"}


def test_identities_are_reported_apart_by_their_kind(schema: Any) -> None:
    identities = schema["resources"]["strongroom:index:AzureKeyVaultBackend"]["inputProperties"]["identities"]
    types = [schema["types"][each["$ref"].removeprefix("#/types/")] for each in identities["oneOf"]]
    kinds = [each["properties"]["kind"]["const"] for each in types]

    assert len(kinds) == len(set(kinds)) == 6
    assert {"workload-identity", "shared", "service-principal"} <= set(kinds)
    assert all("namespaces" not in each["properties"] for each in types), "any resource at all is for Python alone"


def test_the_plugin_runs_in_an_environment_of_its_own() -> None:
    """Pulumi's host downloads a plugin for every provider package that it finds there; the project's has Azure's."""
    plugin = yaml.safe_load((ROOT / "components" / "PulumiPlugin.yaml").read_text())

    assert plugin["runtime"] == {"name": "python", "options": {"toolchain": "pip", "virtualenv": ".venv"}}


def test_a_constructor_that_no_language_can_say_is_reported() -> None:
    class Odd(pulumi.ComponentResource):
        def __init__(self, name: str, *, thing: complex, opts: pulumi.ResourceOptions | None = None) -> None:
            super().__init__("strongroom:index:Odd", name, None, opts)

    with pytest.raises(UnspeakableError, match="OddThing"):
        Catalogue({"Odd": Odd})


def test_two_classes_of_one_name_are_reported() -> None:
    class Asks(pulumi.ComponentResource):
        def __init__(
            self, name: str, *, one: Principal, other: OtherPrincipal, opts: pulumi.ResourceOptions | None = None
        ) -> None:
            super().__init__("strongroom:index:Asks", name, None, opts)

    with pytest.raises(UnspeakableError, match=r"akv2k8s and .*access both have a Principal"):
        Catalogue({"Asks": Asks})


def test_texts_beside_attributes_and_parameters_are_found() -> None:
    class Reported:
        """A class."""

        first: int
        """The first,
        on two lines."""

        second: int

        def __init__(self, first: int) -> None:
            """
            :param first: The first,
                on two lines.
            :raises ValueError: Never.
            """

    assert described.read_attribute_docs(Reported) == {"first": "The first,\non two lines."}
    assert described.read_parameter_docs(Reported) == {"first": "The first, on two lines."}
