"""What a workload's certificates declare, and what their roles issue."""

from typing import Any

import pytest
import yaml

from strongroom import (
    AgentInjector,
    CertificateFiles,
    Csi,
    InvalidArgumentsError,
    PkiAuthority,
    PkiEngine,
    PkiEngineArgs,
    Workload,
    WorkloadCertificate,
)
from strongroom.components.backend import Grant
from strongroom.components.delivery import list_dynamic_issues
from strongroom.components.kubernetes.agent_annotations import format_agent_annotations, parse_class_parameters
from tests.components.vault.grants import declare_grant
from tests.support.recording import Declare, Recorder

ROLE = "vault:pkiSecret/secretBackendRole:SecretBackendRole"
POLICY = "vault:index/policy:Policy"
PATH = "pki/issue/kubernetes-dev.shop.orders.server"
FILES = CertificateFiles(certificate="tls.crt", private_key="tls.key", ca="ca.crt")
SERVER = WorkloadCertificate(name="server", ttl=3600, files=FILES)


def workload(*certificates: WorkloadCertificate, **options: Any) -> Workload:
    return Workload(
        name="orders",
        namespace="shop",
        image="busybox:1.36",
        certificates=certificates,
        **{"delivery": AgentInjector(), **options},
    )


def grant(declare: Declare, *certificates: WorkloadCertificate) -> tuple[Recorder, Grant]:
    return declare_grant(declare, lambda: workload(*certificates), lambda: {"pki": PkiEngine("pki", PkiEngineArgs())})


def test_a_role_issues_the_names_of_the_workloads_service_alone(declare: Declare) -> None:
    inputs = grant(declare, SERVER)[0].one(ROLE).inputs

    assert inputs["name"] == "kubernetes-dev.shop.orders.server"
    assert sorted(inputs["allowedDomains"]) == ["orders.shop", "orders.shop.svc", "orders.shop.svc.cluster.local"]
    assert inputs["allowBareDomains"] is inputs["enforceHostnames"] is True
    widening = ("allowSubdomains", "allowGlobDomains", "allowWildcardCertificates", "allowAnyName", "allowLocalhost")
    assert [inputs[name] for name in (*widening, "allowIpSans")] == [False] * 6
    assert (inputs["ttl"], inputs["maxTtl"]) == ("3600", "3600")


def test_an_authority_has_keys_that_never_leave_vault_and_goes_with_its_engines(declare: Declare) -> None:
    authority = PkiAuthority(common_name="Shop", root_ttl=7200, ttl=3600)
    args = PkiEngineArgs(authority=authority, address="https://vault.example.net:8200")
    recorder = declare(lambda: PkiEngine("pki", args))
    parts = {each.type.rpartition(":")[2]: each for each in recorder.recorded if each.type.startswith("vault:pki")}

    root, request = parts["SecretBackendRootCert"].inputs, parts["SecretBackendIntermediateCertRequest"].inputs
    assert (root["backend"], root["type"], root["commonName"], root["ttl"]) == (
        "pki-root",
        "internal",
        "Shop root",
        "7200",
    )
    assert (request["backend"], request["type"], request["commonName"]) == ("pki", "internal", "Shop")
    assert parts["SecretBackendRootSignIntermediate"].inputs["maxPathLength"] == 0
    assert parts["SecretBackendConfigUrls"].inputs["crlDistributionPoints"][0].startswith("https://vault.example.net")
    assert {each.deleted_with for each in parts.values()} == {"pki", "pki/root"}


def test_a_role_issues_by_the_issuer_that_the_stack_made(declare: Declare) -> None:
    args = PkiEngineArgs(authority=PkiAuthority(common_name="Shop"), address="https://vault.example.net:8200")
    made = declare(lambda: PkiEngine("pki", args).declare_role(workload(SERVER), SERVER, "kubernetes-dev"))

    assert made.one(ROLE).inputs["issuerRef"] == "issuer"
    assert grant(declare, SERVER)[0].one(ROLE).inputs.get("issuerRef") is None


def test_an_authority_without_an_address_is_refused() -> None:
    with pytest.raises(InvalidArgumentsError, match="where their CRL is"):
        PkiEngineArgs(authority=PkiAuthority(common_name="Shop"))


def test_a_policy_issues_by_its_own_role_alone(declare: Declare) -> None:
    recorder, made = grant(declare, SERVER)

    assert recorder.one(POLICY).inputs["policy"] == f'path "{PATH}" {{\n  capabilities = ["update"]\n}}\n'
    files = {"certificate": "tls.crt", "private_key": "tls.key", "ca_chain": "ca.crt"}
    assert list(made.dynamic) == [{"path": PATH, "capability": "update", "files": files}]


def test_an_agents_files_come_from_one_certificate_and_are_read_back(declare: Declare) -> None:
    made = grant(declare, SERVER)[1]
    parameters = {name: str(value) for name, value in made.parameters.items()}
    annotations = format_agent_annotations(workload(SERVER), AgentInjector(), parameters, None)

    templates = [annotations[f"vault.hashicorp.com/agent-inject-template-{number}"] for number in (1, 2, 3)]
    asked = {text.partition("}}")[0] for text in templates}
    assert asked == {
        f'{{{{ with secret "{PATH}" "common_name=orders.shop.svc" '
        '"alt_names=orders.shop.svc,orders.shop,orders.shop.svc.cluster.local" "ttl=3600s" '
    }
    permissions = {name: value for name, value in annotations.items() if "inject-perms" in name}
    assert permissions == {"vault.hashicorp.com/agent-inject-perms-2": "0400"}
    assert yaml.safe_load(parse_class_parameters(annotations)["objects"]) == yaml.safe_load(parameters["objects"])


@pytest.mark.parametrize(
    "names",
    [
        {"common_name": "checkout.shop.svc"},
        {"common_name": "orders"},
        {"alt_names": ["orders.shop.svc", "orders.bank.svc"]},
        {"alt_names": ["a.orders.shop.svc"]},
    ],
)
def test_a_name_of_somebody_else_is_refused(declare: Declare, names: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentsError, match="is not a name of this workload's service"):
        grant(declare, SERVER.model_copy(update=names))


def test_a_delivery_that_would_issue_at_each_poll_is_refused() -> None:
    assert [place for place, _ in list_dynamic_issues(workload(SERVER, delivery=Csi()))] == [("certificates", 0)]
    assert list(list_dynamic_issues(workload(SERVER, delivery=AgentInjector(mode="init"), kind="Job"))) == []
