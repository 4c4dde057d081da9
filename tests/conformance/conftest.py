"""The backends that must behave alike, each with a stack of its own on the sandbox."""

from collections.abc import Iterator
from typing import Any

import hvac
import pytest
import yaml
from azure.core.exceptions import AzureError
from azure.identity import ClientAssertionCredential
from azure.keyvault.secrets import SecretClient
from hvac.exceptions import InvalidPath, VaultError
from kubernetes import client, config

from sandbox.running import Sandbox
from strongroom.ops.cluster.client import ClusterClient, ProviderClass
from strongroom.ops.pulumi.stack import Cluster
from tests.support.sandboxed import Project, copied, environment

MOUNT = "strongroom"


class RefusedError(Exception):
    """The store let nobody in, or gave nothing."""


class Subject:
    """One backend's stack, and the eyes of its workloads."""

    def __init__(self, project: Project, world: Sandbox) -> None:
        self.project = project
        self.world = world
        self.azure = project.stack == "local-azure"
        self.cluster = ClusterClient(Cluster(kubeconfig=str(world.api_server.kubeconfig)))

    def deploy(self, config: dict[str, Any] | None = None) -> set[str]:
        """Deploy the stack as it is written, or with another configuration."""
        if config is None:
            self.project.restore()
        else:
            self.project.write(config)
        return self.project.changes("up")

    def token(self, workload: str) -> str:
        """A token of a workload's service account, as the driver would ask for it."""
        namespace, _, name = workload.partition("/")
        return self.cluster.request_token(namespace, name, "api://AzureADTokenExchange" if self.azure else "vault")

    def provider_class(self, workload: str) -> ProviderClass:
        """A workload's class."""
        namespace, _, name = workload.partition("/")
        return self.cluster.read_provider_class(namespace, name)

    def value(self, file: str, provider_class: ProviderClass, token: str) -> str:
        """What the CSI provider would put into `file`, with that class and that token.

        :raises RefusedError: It would get nothing.
        """
        parameters = provider_class.parameters
        try:
            return (
                self._from_azure(file, parameters, token) if self.azure else self._from_vault(file, parameters, token)
            )
        except (AzureError, VaultError) as error:
            raise RefusedError(str(error)) from None

    def bearer(self, workload: str) -> str:
        """The store's own token for a workload, as the CSI provider holds it."""
        parameters, token = self.provider_class(workload).parameters, self.token(workload)
        if self.azure:
            return _azure_credential(parameters, token).get_token("https://vault.azure.net/.default").token
        return self._vault_client(parameters, token).token

    def stored(self) -> dict[str, str]:
        """Every value in the store, by the name of its object."""
        if self.azure:
            found = self.world.azure.store.objects("strongroom-local", "secrets")
            return {entry["name"]: entry["versions"][-1]["value"] for entry in found if not entry["deleted"]}
        kv: Any = self.world.vault.client().secrets.kv.v2
        found = {name: _data(kv, name) for name in _below(kv, "")}
        return {name: "".join(data.values()) for name, data in found.items()}

    def _vault_client(self, parameters: Any, token: str) -> Any:
        session: Any = hvac.Client(url=parameters["vaultAddress"], verify=str(self.world.authority.certificate))
        session.auth.kubernetes.login(parameters["roleName"], token, mount_point=parameters["vaultAuthMountPath"])
        return session

    def _from_vault(self, file: str, parameters: Any, token: str) -> str:
        (entry,) = [entry for entry in yaml.safe_load(parameters["objects"]) if entry["objectName"] == file]
        answer = self._vault_client(parameters, token).adapter.get(f"/v1/{entry['secretPath']}")
        return answer["data"]["data"][entry["secretKey"]]

    def _from_azure(self, file: str, parameters: Any, token: str) -> str:
        entries = [yaml.safe_load(text) for text in yaml.safe_load(parameters["objects"])["array"]]
        (entry,) = [entry for entry in entries if entry["objectAlias"] == file]
        credential = _azure_credential(parameters, token)
        with SecretClient(f"https://{parameters['keyvaultName']}.vault.azure.net", credential) as vault:
            return vault.get_secret(entry["objectName"], entry.get("objectVersion")).value or ""


def _azure_credential(parameters: Any, token: str) -> ClientAssertionCredential:
    return ClientAssertionCredential(parameters["tenantID"], parameters["clientID"], lambda: token)


def _data(kv: Any, name: str) -> dict[str, str]:
    try:
        return kv.read_secret_version(name, mount_point=MOUNT, raise_on_deleted_version=True)["data"]["data"]
    except InvalidPath:
        return {}  # it was deleted


def _below(kv: Any, folder: str) -> Iterator[str]:
    for key in kv.list_secrets(path=folder, mount_point=MOUNT)["data"]["keys"]:
        if key.endswith("/"):
            yield from _below(kv, f"{folder}{key}")
        else:
            yield f"{folder}{key}"


def files(provider_class: ProviderClass) -> list[str]:
    """The files that a class promises."""
    document = yaml.safe_load(provider_class.parameters["objects"])
    if provider_class.provider == "vault":
        return [entry["objectName"] for entry in document]
    return [yaml.safe_load(text)["objectAlias"] for text in document["array"]]


@pytest.fixture(autouse=True)
def azure_found(world: Sandbox) -> Iterator[None]:
    """Azure's own clients find the emulator, in these tests alone."""
    with environment(world.azure.environment()):
        yield


@pytest.fixture(scope="session", params=["local", "local-azure"])
def subject(request: pytest.FixtureRequest, world: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """A backend's stack, deployed. The sandbox has one cluster: the other's is destroyed first."""
    stack: str = request.param
    made = Project(copied(tmp_path_factory.mktemp(stack)), world, stack)
    made.deploy_as_written()
    return Subject(made, world)


@pytest.fixture
def fresh(subject: Subject) -> Iterator[Subject]:
    """The stack as it is written, before the test and after it."""
    yield subject
    subject.project.deploy_as_written()


def accounts(world: Sandbox, *namespaces: str) -> set[str]:
    """Every workload's service account in those namespaces of the cluster."""
    api: Any = client.CoreV1Api(config.new_client_from_config(str(world.api_server.kubeconfig)))
    return {
        f"{account.metadata.namespace}/{account.metadata.name}"
        for namespace in namespaces
        for account in api.list_namespaced_service_account(namespace).items
        if account.metadata.name != "default"
    }
