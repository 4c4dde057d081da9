"""The backends that must behave alike, each with a stack of its own on the sandbox."""

import os
from collections.abc import Iterator
from typing import Any

import hvac
import pytest
import yaml
from azure.core.exceptions import AzureError
from azure.identity import ClientAssertionCredential
from azure.keyvault.secrets import SecretClient
from hvac.exceptions import VaultError
from kubernetes import client, config

from ops.cluster import ClusterClient, ProviderClass
from ops.stack import Cluster
from sandbox.world import World
from tests.sandboxed import Project, copied


class RefusedError(Exception):
    """The store let nobody in, or gave nothing."""


class Subject:
    """One backend's stack, and the eyes of its workloads."""

    def __init__(self, project: Project, world: World) -> None:
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
        return self.cluster.token(namespace, name, "api://AzureADTokenExchange" if self.azure else "vault")

    def provider_class(self, workload: str) -> ProviderClass:
        """A workload's class."""
        namespace, _, name = workload.partition("/")
        return self.cluster.provider_class(namespace, name)

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

    def opens(self, workload: str, other: str) -> bool:
        """Whether `workload` can read what `other` declares: with its own class, asking for the other's objects."""
        own, others = self.provider_class(workload), self.provider_class(other)
        asked = ProviderClass(own.provider, {**own.parameters, "objects": others.parameters["objects"]})
        try:
            for file in files(asked):
                self.value(file, asked, self.token(workload))
        except RefusedError:
            return False
        return True

    def _from_vault(self, file: str, parameters: Any, token: str) -> str:
        (entry,) = [entry for entry in yaml.safe_load(parameters["objects"]) if entry["objectName"] == file]
        session: Any = hvac.Client(url=parameters["vaultAddress"], verify=str(self.world.authority.certificate))
        session.auth.kubernetes.login(parameters["roleName"], token, mount_point=parameters["vaultAuthMountPath"])
        answer = session.adapter.get(f"/v1/{entry['secretPath']}")
        return answer["data"]["data"][entry["secretKey"]]

    def _from_azure(self, file: str, parameters: Any, token: str) -> str:
        entries = [yaml.safe_load(text) for text in yaml.safe_load(parameters["objects"])["array"]]
        (entry,) = [entry for entry in entries if entry["objectAlias"] == file]
        credential = ClientAssertionCredential(parameters["tenantID"], parameters["clientID"], lambda: token)
        with SecretClient(f"https://{parameters['keyvaultName']}.vault.azure.net", credential) as vault:
            return vault.get_secret(entry["objectName"], entry.get("objectVersion")).value or ""


def files(provider_class: ProviderClass) -> list[str]:
    """The files that a class promises."""
    document = yaml.safe_load(provider_class.parameters["objects"])
    if provider_class.provider == "vault":
        return [entry["objectName"] for entry in document]
    return [yaml.safe_load(text)["objectAlias"] for text in document["array"]]


@pytest.fixture(scope="session", params=["local", "local-azure"])
def subject(request: pytest.FixtureRequest, world: World, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """A backend's stack, deployed. The sandbox has one cluster: the other's is destroyed first."""
    os.environ |= world.azure.environment()
    stack: str = request.param
    made = Project(copied(tmp_path_factory.mktemp(stack)), world, stack)
    made.engine.run("up", stack)
    return Subject(made, world)


@pytest.fixture
def fresh(subject: Subject) -> Iterator[Subject]:
    """The stack as it is written, before the test and after it."""
    yield subject
    subject.deploy()


def accounts(world: World) -> set[str]:
    """Every workload's service account in the cluster."""
    api: Any = client.CoreV1Api(config.new_client_from_config(str(world.api_server.kubeconfig)))
    return {
        f"{account.metadata.namespace}/{account.metadata.name}"
        for namespace in ("shop", "bank")
        for account in api.list_namespaced_service_account(namespace).items
        if account.metadata.name != "default"
    }
