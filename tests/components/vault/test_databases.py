"""What a database engine declares, and what a workload's role in it may do."""

from collections.abc import Mapping
from typing import Any

import pulumi_vault
import pytest
import yaml

from strongroom import (
    AgentInjector,
    CredentialFiles,
    CredentialUrl,
    Database,
    DatabaseCredentials,
    DatabaseEngine,
    DatabaseEngineArgs,
    InvalidArgumentsError,
    StaticRole,
    Workload,
)
from strongroom.components.backend import Grant
from strongroom.components.delivery import Csi, Delivery
from strongroom.components.kubernetes.agent_annotations import format_agent_annotations, parse_class_parameters
from strongroom.components.kubernetes.delivered import declare_delivery
from tests.components.vault.grants import declare_grant
from tests.support.recording import Declare, Recorder

CONNECTION = "vault:database/secretBackendConnection:SecretBackendConnection"
ROLE = "vault:database/secretBackendRole:SecretBackendRole"
STATIC_ROLE = "vault:database/secretBackendStaticRole:SecretBackendStaticRole"
ENDPOINT = "vault:generic/endpoint:Endpoint"
MOUNT = "vault:index/mount:Mount"
POLICY = "vault:index/policy:Policy"

POSTGRESQL = "postgresql://{{username}}:{{password}}@db.example.net:5432/shop?sslmode=verify-full"
MYSQL = "{{username}}:{{password}}@tcp(db.example.net:3306)/stock?tls=true"
FILES = CredentialFiles(username="db-user", password="db-password")
AGENT = AgentInjector()
OWN = DatabaseCredentials(database="shop", role="readwrite", ttl=300, files=FILES)


def engine(**options: Any) -> DatabaseEngine:
    shop = Database(name="shop", plugin="postgresql", url=POSTGRESQL, username="vault", password="given")
    stock = Database(name="stock", plugin="mysql", url=MYSQL, username="vault", password="given")
    return DatabaseEngine("databases", DatabaseEngineArgs(databases=[shop, stock], **options))


def workload(*credentials: DatabaseCredentials, delivery: Delivery = AGENT) -> Workload:
    return Workload(name="orders", namespace="shop", image="busybox:1.36", databases=credentials, delivery=delivery)


def grant(declare: Declare, *credentials: DatabaseCredentials, **options: Any) -> tuple[Recorder, Grant]:
    return declare_grant(declare, lambda: workload(*credentials, **options), lambda: {"databases": engine()})


def test_a_password_is_changed_as_soon_as_vault_has_it(declare: Declare) -> None:
    recorder = declare(engine)
    endpoint, connection = (
        recorder.one(ENDPOINT, "databases/shop/rotate-root"),
        recorder.one(CONNECTION, "databases/shop"),
    )

    assert endpoint.inputs["path"] == "database/rotate-root/shop"
    assert endpoint.inputs["disableRead"] is endpoint.inputs["disableDelete"] is True
    assert connection.name in endpoint.dependencies
    assert "given" not in str(endpoint.inputs)
    details = connection.inputs["postgresql"]
    assert (details["connectionUrl"], details["username"]) == (POSTGRESQL, "vault")
    assert "password" not in details


def test_another_password_is_sent_and_changed_anew(declare: Declare) -> None:
    def other() -> None:
        args = DatabaseEngineArgs(
            databases=[Database(name="shop", plugin="postgresql", url=POSTGRESQL, username="vault", password="another")]
        )
        DatabaseEngine("databases", args)

    before, after = (
        declare(program).one(ENDPOINT, "databases/shop/rotate-root").inputs["dataJson"] for program in (engine, other)
    )
    assert before != after


def test_a_connection_serves_the_roles_of_its_database_alone(declare: Declare) -> None:
    recorder = declare(engine)

    assert recorder.one(CONNECTION, "databases/shop").inputs["allowedRoles"] == ["*.shop"]
    assert recorder.one(CONNECTION, "databases/stock").inputs["allowedRoles"] == ["*.stock"]


def test_a_connection_goes_with_its_engine(declare: Declare) -> None:
    assert declare(engine).one(CONNECTION, "databases/shop").deleted_with == "databases"
    existing = declare(lambda: engine(create=False))
    assert existing.all(MOUNT) == []
    assert existing.one(CONNECTION, "databases/shop").deleted_with == ""


@pytest.mark.parametrize(
    ("database", "role", "granted"),
    [
        ("shop", "readonly", "GRANT SELECT ON ALL TABLES IN SCHEMA public"),
        ("shop", "readwrite", "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public"),
        ("shop", "owner", "GRANT ALL ON SCHEMA public"),
        ("stock", "readonly", "GRANT SELECT ON `stock`.*"),
        ("stock", "readwrite", "GRANT SELECT, INSERT, UPDATE, DELETE ON `stock`.*"),
        ("stock", "owner", "GRANT ALL ON `stock`.*"),
    ],
)
def test_a_role_makes_users_with_the_rights_of_its_preset(
    declare: Declare, database: str, role: Any, granted: str
) -> None:
    recorder, made = grant(declare, DatabaseCredentials(database=database, role=role, ttl=300, files=FILES))
    inputs = recorder.one(ROLE).inputs

    assert inputs["name"] == f"kubernetes-dev.shop.orders.{database}"
    assert (inputs["dbName"], inputs["defaultTtl"], inputs["maxTtl"]) == (database, 300, 300)
    statements = inputs["creationStatements"]
    assert [each for each in statements if granted in each and "{{name}}" in each]
    assert "{{password}}" in statements[0]
    assert "DROP" in inputs["revocationStatements"][-1]
    assert [each for each in made.requires if isinstance(each, pulumi_vault.database.SecretBackendRole)]


def test_a_policy_reads_the_credentials_of_its_own_role_alone(declare: Declare) -> None:
    recorder, made = grant(declare, OWN)

    path = "database/creds/kubernetes-dev.shop.orders.shop"
    assert recorder.one(POLICY).inputs["policy"] == f'path "{path}" {{\n  capabilities = ["read"]\n}}\n'
    files = {"username": "db-user", "password": "db-password"}
    assert list(made.dynamic) == [{"path": path, "capability": "read", "files": files}]


def test_statements_of_ones_own_are_used_as_they_are(declare: Declare) -> None:
    statements = ["CREATE USER \"{{name}}\" PASSWORD '{{password}}'"]
    own = DatabaseCredentials(
        database="shop", statements=statements, revocation=['DROP USER "{{name}}"'], ttl=60, max_ttl=600, files=FILES
    )
    inputs = grant(declare, own)[0].one(ROLE).inputs

    assert inputs["creationStatements"] == statements
    assert inputs["revocationStatements"] == ['DROP USER "{{name}}"']
    assert (inputs["defaultTtl"], inputs["maxTtl"]) == (60, 600)


def test_a_user_that_exists_gets_another_password_by_a_period(declare: Declare) -> None:
    old = DatabaseCredentials(database="shop", static_role=StaticRole(username="app", period=3600), files=FILES)
    recorder, made = grant(declare, old, delivery=Csi())
    inputs = recorder.one(STATIC_ROLE).inputs

    assert (inputs["username"], inputs["rotationPeriod"], inputs["dbName"]) == ("app", 3600, "shop")
    objects: list[Mapping[str, Any]] = yaml.safe_load(str(made.parameters["objects"]))
    path = "database/static-creds/kubernetes-dev.shop.orders.shop"
    assert objects == [
        {"objectName": "db-user", "secretPath": path, "secretKey": "username"},
        {"objectName": "db-password", "secretPath": path, "secretKey": "password"},
    ]


def test_a_user_that_exists_gets_another_password_by_a_schedule(declare: Declare) -> None:
    weekly = StaticRole(username="app", schedule="0 3 * * SAT", window=7200)
    recorder, _ = grant(declare, DatabaseCredentials(database="shop", static_role=weekly, files=FILES))
    inputs = recorder.one(STATIC_ROLE).inputs

    assert (inputs["rotationSchedule"], inputs["rotationWindow"]) == ("0 3 * * SAT", 7200)
    assert "rotationPeriod" not in inputs


@pytest.mark.parametrize(
    "schedule", ["* * * * *", "*/15 0-6 1,15 jan-MAR ?", "59 23 31 12 6", "0 3 * * mon,wed-FRI", "0 0-22/2 * * *"]
)
def test_a_schedule_may_be_whatever_cron_takes(schedule: str) -> None:
    assert StaticRole(username="app", schedule=schedule).schedule == schedule


@pytest.mark.parametrize(
    "schedule",
    ["", "0 3 * * 7", "60 * * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *", "@daily", "0 3 * * sab", "0 3 * SAT *"],
)
def test_a_schedule_that_cron_refuses_is_refused(schedule: str) -> None:
    with pytest.raises(InvalidArgumentsError, match="is no schedule"):
        StaticRole(username="app", schedule=schedule)


def test_a_text_has_both_parts_of_one_lease_encoded_and_is_read_back(declare: Declare) -> None:
    value = "postgresql://{{username}}:{{password}}@db.example.net/shop?sslmode=verify-full"
    own = OWN.model_copy(update={"url": CredentialUrl(file="db-url", value=value)})
    _, made = grant(declare, own)
    parameters = {name: str(text) for name, text in made.parameters.items()}
    said = format_agent_annotations(workload(own), AGENT, parameters, None)

    path = "database/creds/kubernetes-dev.shop.orders.shop"
    assert said["vault.hashicorp.com/agent-inject-file-3"] == "db-url"
    assert said["vault.hashicorp.com/agent-inject-template-3"] == (
        f'{{{{ with secret "{path}" }}}}postgresql://{{{{ .Data.username | urlquery }}}}:'
        "{{ .Data.password | urlquery }}@db.example.net/shop?sslmode=verify-full{{ end }}"
    )
    assert parse_class_parameters(said)["objects"] == parameters["objects"]
    assert made.dynamic[0]["files"]["url"] == "db-url"


def test_an_agents_files_come_from_one_lease_and_are_read_back(declare: Declare) -> None:
    made = grant(declare, OWN)[1]
    parameters = {name: str(value) for name, value in made.parameters.items()}
    annotations = format_agent_annotations(workload(OWN), AgentInjector(), parameters, None)

    path = "database/creds/kubernetes-dev.shop.orders.shop"
    prefix = "vault.hashicorp.com/agent-inject-template"
    assert annotations[f"{prefix}-1"] == f'{{{{ with secret "{path}" }}}}{{{{ index .Data "username" }}}}{{{{ end }}}}'
    assert annotations[f"{prefix}-2"] == f'{{{{ with secret "{path}" }}}}{{{{ index .Data "password" }}}}{{{{ end }}}}'
    assert yaml.safe_load(parse_class_parameters(annotations)["objects"]) == yaml.safe_load(parameters["objects"])


def test_a_delivery_that_cannot_keep_a_made_user_is_refused(declare: Declare) -> None:
    for delivery in (Csi(), AgentInjector(mode="init")):
        given = workload(OWN, delivery=delivery)
        granted = grant(declare, OWN)[1]
        with pytest.raises(InvalidArgumentsError, match="These credentials are of a user that is made"):
            declare(lambda given=given, granted=granted: declare_delivery(given, granted, None))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("credentials", "message"),
    [
        (DatabaseCredentials(database="other", role="owner", files=FILES), "'other' is no database: use shop, stock"),
        (DatabaseCredentials(database="shop", role="owner", ttl=7200, files=FILES), "more than tokenTtl, 20m"),
    ],
)
def test_credentials_that_cannot_be_made_are_refused(
    declare: Declare, credentials: DatabaseCredentials, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        grant(declare, credentials)


def test_a_password_is_never_shown_and_never_sent_in_cleartext() -> None:
    database = Database(name="shop", plugin="postgresql", url=POSTGRESQL, username="vault", password="canary")
    assert "canary" not in repr(database)
    plain = database.model_copy(update={"url": POSTGRESQL.replace("verify-full", "require")})
    with pytest.raises(InvalidArgumentsError, match="sslmode=verify-full"):
        DatabaseEngineArgs(databases=[plain])
