"""The local stacks, deployed. They share one cluster, so that each is destroyed before the other comes."""

from collections.abc import Iterator

import pytest

from sandbox.azure.store import Store
from sandbox.running import Sandbox
from tests.integration.driver import Cluster
from tests.support.sandboxed import Project, copied


@pytest.fixture(scope="module")
def project(world: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project, with its local stack deployed on the sandbox."""
    made = Project(copied(tmp_path_factory.mktemp("project")), world, "local")
    made.deploy_as_written()
    return made


@pytest.fixture
def deployed(project: Project) -> Iterator[Project]:
    """The project, deployed as it was written, before the test and after it."""
    yield project
    project.deploy_as_written()


@pytest.fixture(scope="module")
def azure_project(world: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project, with its stack on Azure Key Vault deployed on the sandbox."""
    made = Project(copied(tmp_path_factory.mktemp("azure-project")), world, "local-azure")
    made.deploy_as_written()
    return made


@pytest.fixture
def azure_deployed(azure_project: Project) -> Iterator[Project]:
    """That project, deployed as it was written, before the test and after it."""
    yield azure_project
    azure_project.deploy_as_written()


@pytest.fixture
def store(world: Sandbox) -> Store:
    """What is deployed to the emulator."""
    return world.azure.store


@pytest.fixture
def through_its_proxy(world: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Azure's own clients find the emulator, in these tests alone."""
    for name, value in world.azure.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def cluster(world: Sandbox) -> Iterator[Cluster]:
    """The sandbox's cluster, with the driver and both providers ready on its node."""
    made = Cluster(world)
    with made.installed("vault", "api://AzureADTokenExchange"):
        yield made
