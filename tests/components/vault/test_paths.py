"""What a workload reads of KV version 1, and of other engines than the stack's own."""

import pytest
import yaml

from strongroom import AgentInjector, InvalidArgumentsError, VaultPath, Workload
from strongroom.components.backend import Grant
from strongroom.components.delivery import Csi, Delivery
from strongroom.components.kubernetes.agent_annotations import format_agent_annotations, parse_class_parameters
from strongroom.components.kubernetes.delivered import declare_delivery
from tests.components.vault.grants import declare_grant
from tests.components.vault.test_databases import engine
from tests.support.recording import Declare, Recorder

POLICY = "vault:index/policy:Policy"
OLD = VaultPath(path="legacy/team/db", files={"password": "db-password", "private_key": "db-key"})
OTHER = VaultPath(path="payments/data/api", files={"key": "api-key"})
KEPT = VaultPath(path="legacy/creds/db", files={"certificate": "db-crt", "username": "db-user"})


def workload(*paths: VaultPath, delivery: Delivery) -> Workload:
    return Workload(name="orders", namespace="shop", image="busybox:1.36", paths=paths, delivery=delivery)


def grant(declare: Declare, *paths: VaultPath, delivery: Delivery = Csi()) -> tuple[Recorder, Grant]:  # noqa: B008
    return declare_grant(declare, lambda: workload(*paths, delivery=delivery), lambda: {"databases": engine()})


def test_a_policy_reads_each_path_alone(declare: Declare) -> None:
    recorder, made = grant(declare, OLD, OTHER)

    assert recorder.one(POLICY).inputs["policy"] == "\n".join(
        f'path "{path}" {{\n  capabilities = ["read"]\n}}\n' for path in (OLD.path, OTHER.path)
    )
    assert [(each["path"], each["foreign"]) for each in made.dynamic] == [(OLD.path, True), (OTHER.path, True)]


def test_a_class_reads_the_keys_of_each_path_with_the_providers_permission(declare: Declare) -> None:
    _, made = grant(declare, OLD, OTHER)

    assert yaml.safe_load(str(made.parameters["objects"])) == [
        {"objectName": "db-password", "secretPath": OLD.path, "secretKey": "password"},
        {"objectName": "db-key", "secretPath": OLD.path, "secretKey": "private_key"},
        {"objectName": "api-key", "secretPath": OTHER.path, "secretKey": "key"},
    ]


def test_an_agents_templates_read_the_same_and_fail_without_the_key(declare: Declare) -> None:
    delivery = AgentInjector()
    _, made = grant(declare, OLD, OTHER, KEPT, delivery=delivery)
    parameters = {name: str(value) for name, value in made.parameters.items()}
    said = format_agent_annotations(workload(OLD, OTHER, KEPT, delivery=delivery), delivery, parameters, None)
    templates = [value for name, value in said.items() if "template-" in name and name[-1].isdigit()]

    assert [template.count(".Data.data") for template in templates] == [0, 0, 2, 0, 0]
    assert templates[0] == (
        '{{ with secret "legacy/team/db" }}{{ if not (sprig_hasKey .Data "password") }}'
        '{{ sprig_fail "there is no key password" }}{{ end }}{{ index .Data "password" }}{{ end }}'
    )
    # As a stored object has it, whatever a certificate's template would add.
    assert 'index .Data "certificate"' in templates[3]
    assert parse_class_parameters(said)["objects"] == parameters["objects"]


def test_a_path_of_an_engine_of_the_stacks_own_is_refused(declare: Declare) -> None:
    for path, instead in (("secret/data/db", "secrets"), ("database/creds/other", "databases")):
        with pytest.raises(InvalidArgumentsError, match=f"the workload's {instead}"):
            grant(declare, VaultPath(path=path, files={"a": "b"}))


@pytest.mark.parametrize(
    ("path", "is_refused"), [("aws/creds/a", True), ("aws/static-creds/a", False), (OLD.path, False)]
)
def test_the_driver_is_refused_what_is_made_at_each_read(declare: Declare, path: str, is_refused: bool) -> None:
    read = VaultPath(path=path, files={"a": "b"})
    _, made = grant(declare, read)

    def deliver() -> None:
        declare_delivery(workload(read, delivery=Csi()), made, None)  # pyright: ignore[reportArgumentType]

    if is_refused:
        with pytest.raises(InvalidArgumentsError, match=r"paths\[0\]: 'aws/creds/a' is of credentials .* 'csi' reads"):
            declare(deliver)
    else:
        declare(deliver)
