"""Messages as the driver, its providers and the stores write them, explained; and any other text, survived."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from strongroom.ops.app import app
from strongroom.ops.doctor.events import EXPLANATIONS, explain, explain_all
from strongroom.ops.doctor.known.cut_off import CUT_OFF as GENERAL
from tests.support.soak import bounded

HERE = Path(__file__).parent
MESSAGES: dict[str, str] = yaml.safe_load((HERE / "messages.yaml").read_text())
SIBLINGS: dict[str, list[str]] = yaml.safe_load((HERE / "siblings.yaml").read_text())
OF_A_NODE: list[dict[str, str]] = yaml.safe_load((HERE / "node_events.yaml").read_text())
PASTED = {file.stem: file.read_text() for file in sorted((HERE / "events").glob("*.txt"))}

CUT_OFF = {"Vault refuses the login", *(each.name for each in GENERAL)}
"""What is said where a message ends before its reason."""

JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQifQ.c2lnbmF0dXJl_-x"


def names(text: str) -> list[str]:
    return [each.name for each in explain_all(text)]


@pytest.mark.parametrize("name", MESSAGES)
def test_a_real_message_gets_its_own_explanation(name: str) -> None:
    assert names(MESSAGES[name]) == [name]


@pytest.mark.parametrize(
    ("name", "message"), [pytest.param(name, each, id=name) for name, several in SIBLINGS.items() for each in several]
)
def test_other_messages_of_the_same_kind_are_known(name: str, message: str) -> None:
    assert names(message) == [name]


@pytest.mark.parametrize("event", OF_A_NODE, ids=lambda each: each["broken"])
def test_what_a_real_node_wrote_is_explained_wherever_it_stands(event: dict[str, str]) -> None:
    message, wanted = event["message"], [event["explained"]]
    columns = f"  Warning  {event['reason']}  9s (x4 over 40s)  kubelet  "
    assert names(message) == wanted
    assert explain(message, reason=event["reason"]).name == wanted[0]
    assert names(columns + message) == wanted
    assert (
        names(f"Name: orders-0\nStatus: Pending\nEvents:\n  Type  Reason  Age  From  Message\n{columns}{message}")
        == wanted
    )
    assert names(json.dumps({"items": [{"reason": event["reason"], "type": "Warning", "message": message}]})) == wanted
    quoted = json.dumps(message).strip('"')
    assert names(f'E1127 10:00:00.000000    1 nested.go:348] "{event["reason"]}" err="{quoted}"') == wanted


@pytest.mark.parametrize("event", OF_A_NODE, ids=lambda each: each["broken"])
def test_a_message_that_is_cut_off_never_gets_another_ones_explanation(event: dict[str, str]) -> None:
    for end in range(40, len(event["message"]), 23):
        found = explain(f"{event['message'][:end]} ...", reason=event["reason"])
        assert found.name in {"", event["explained"], "sync failed", *CUT_OFF}


@pytest.mark.parametrize(
    ("file", "name", "fix"),
    [
        ("new_key", "a key that the Kubernetes Secret lacks", "kubectl delete secret"),
        ("sync_timed_out", "sync failed", "-c secrets-store"),
        ("tls_ca", "a key of a TLS Secret", "type Opaque"),
        ("multiple_identities", "several identities of the node", "backend.identity.clientId"),
        ("openshift_inline", "inline volumes on OpenShift", "csi-ephemeral-volume-profile=restricted"),
        ("nodepublish_secret", "credentials of nodePublishSecretRef", "strongroom:clientSecret"),
        ("iss", "the token's issuer", "disable_iss_validation"),
        ("http_https", "HTTPS where HTTP is spoken", "backend.address"),
        ("expired_cert", "an expired certificate", "renew"),
        ("vault_cant_reach_api", "the API server, to Vault", "backend.auth.kubernetesHost"),
        ("akv10032", "a vault of another tenant", "backend.tenantId"),
        ("kubelet_eperm", "the container's program", "chmod +x"),
        ("pull_secret", "an image's pull Secret", "imagePullSecrets"),
        ("agent_no_secret", "missing path in Vault", "vault kv put"),
        ("psa_agent", "an agent under Pod Security", "seccompProfile"),
        ("bad_objects", "objects of the SecretProviderClass", "kubectl get secretproviderclass"),
        ("pkcs12", "the form of a TLS Secret's data", "format: pem"),
        ("dockerhub", "an image", "rate limit"),
        ("readiness", "a probe", "kubectl logs"),
        ("pvc", "another volume", "kubectl get pvc"),
        ("canonical_login403", "Vault refuses the login", "run doctor"),
    ],
)
def test_what_people_paste_has_one_explanation_with_what_mends_it(file: str, name: str, fix: str) -> None:
    (found,) = explain_all(PASTED[file])

    assert found.name == name
    assert fix in found.fix


@pytest.mark.parametrize("file", ["dockerhub", "readiness", "pvc", "kubelet_eperm"])
def test_what_is_not_about_secrets_says_so(file: str) -> None:
    assert explain_all(PASTED[file])[0].meaning.startswith("not about secrets: ")


def test_a_vault_that_cannot_ask_is_not_called_a_store_that_does_not_answer() -> None:
    (found,) = explain_all(PASTED["vault_cant_reach_api"])

    assert "Vault's network or its kubernetes_host is the cause" in found.meaning


def test_throttling_is_never_answered_by_reading_less_often() -> None:
    assert not [each.name for each in EXPLANATIONS if "rotationPollInterval" in each.fix]


def test_every_explanation_explains_a_message_that_is_kept() -> None:
    kept = {*MESSAGES, *SIBLINGS, *(event["explained"] for event in OF_A_NODE)}
    assert {each.name for each in EXPLANATIONS} == kept


def test_every_explanation_says_what_to_do_and_where_it_comes_from() -> None:
    assert len({explanation.name for explanation in EXPLANATIONS}) == len(EXPLANATIONS)
    for explanation in EXPLANATIONS:
        assert explanation.meaning
        assert explanation.fix
        assert '"' in explanation.source


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("cannot enable both pod identity and user-assigned managed identity", "several identity flags"),
        ("token for audience api://AzureADTokenExchange not found", "no service account token"),
        ("err: failed to find provider binary azure, err: stat /etc/kubernetes/x: no such file", "provider not found"),
        ("Failure sending request: StatusCode=0 -- Original Error: context deadline exceeded", "nothing came in time"),
        ("Code: 403. Errors:\n\n* namespace not authorized", "accounts of the role"),
        ('tokenreviews.authentication.k8s.io is forbidden: User "x" cannot create', "expired reviewer"),
        ("Code: 429. Errors:", "throttling"),
    ],
)
def test_other_wordings_of_the_same_are_known(message: str, name: str) -> None:
    assert explain(message).name == name


@pytest.mark.parametrize(
    ("message", "speaker", "look"),
    [
        ("the moon is in the wrong house", "", "kubectl logs"),
        ("failed to mount objects, error: the moon is full", "Azure's provider", "provider-azure"),
        ("error making mount request: the moon is full", "Vault's provider", "Vault's provider"),
        ("failed to mount secrets store objects for pod x, err: the moon", "the driver", "container secrets-store"),
        ('MountVolume.SetUp failed for volume "x" : the moon', "kubelet", "in the pod's spec"),
        ("[ERROR] agent.template: the moon is full", "a Vault Agent", "-c vault-agent-init"),
        ("permission denied", "", "who says it"),
    ],
)
def test_an_unknown_message_is_called_unknown_with_who_says_it_and_what_to_look_at(
    message: str, speaker: str, look: str
) -> None:
    (found,) = explain_all(message)

    assert (found.name, found.message) == ("", message)
    assert "not known" in found.meaning
    assert speaker in found.meaning
    assert look in found.fix


@pytest.mark.parametrize(
    "message",
    [
        "ReplyError: ERR no such key",
        "System.Collections.Generic.KeyNotFoundException: The given key was not present in the dictionary",
        "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied",
        "pool: 1 unhealthy backend",
        "bash: /usr/local/bin/run: Permission denied",
        "yaml: line 3: mapping values are not allowed in this context",
    ],
)
def test_an_applications_own_words_are_not_blamed_on_a_store(message: str) -> None:
    assert names(message) == [""]


def test_a_certificates_fault_alone_may_be_of_the_store() -> None:
    assert names("x509: certificate signed by unknown authority") == ["certificate authority"]
    assert names("tls: failed to verify certificate: x509: certificate has expired or is not yet valid") == [
        "an expired certificate"
    ]


def describe(*events: str) -> str:
    normal = "  Normal   Scheduled    25s  default-scheduler  Successfully assigned shop/orders to node-1"
    return "\n".join([normal, *(f"  Warning  Failed  9s  kubelet  {event}" for event in events)])


def test_a_pasted_description_tells_each_cause_once_and_no_consequence() -> None:
    refused, waits = MESSAGES["role assignment"], MESSAGES["volume waited for"]
    (found,) = explain_all(describe(refused, refused, waits, MESSAGES["no Kubernetes Secret yet"]))

    assert (found.name, found.count) == ("role assignment", 2)


def test_a_consequence_without_its_cause_is_explained() -> None:
    assert names(describe(MESSAGES["volume waited for"])) == ["volume waited for"]
    assert names(describe(MESSAGES["no Kubernetes Secret yet"], PASTED["readiness"])) == [
        "no Kubernetes Secret yet",
        "a probe",
    ]


def test_a_warning_that_nobody_knows_is_not_lost_beside_one_that_is_known() -> None:
    assert names(describe(MESSAGES["sealed Vault"], "the moon is full")) == ["sealed Vault", ""]


def test_normal_events_are_no_cause() -> None:
    pulled = '  Normal  BackOff  8s  kubelet  Back-off pulling image "busybox:1.36"'
    assert names(f"{pulled}\n  Warning  FailedMount  2s  kubelet  {MESSAGES['sealed Vault']}") == ["sealed Vault"]


@bounded(25)
@given(st.text(), st.sampled_from(["", *MESSAGES.values()]), st.text())
def test_any_text_gets_an_answer_and_never_shows_a_token(before: str, known: str, after: str) -> None:
    for text in (f"{before} {JWT} {known}{after}", f"{before}{known} token={JWT}{after}", f"{JWT[:40]}{before}{after}"):
        for reported in (explain(text), *explain_all(text)):
            assert reported.meaning
            assert reported.fix
            shown = json.dumps(asdict(reported))
            assert not any(JWT[start : start + 16] in shown for start in range(0, len(JWT) - 16, 8))


@bounded(25)
@given(st.integers(0, 500))
def test_a_long_message_is_cut_short_and_a_token_is_never_cut_in_two(padding: int) -> None:
    reported = explain(f"{'x ' * padding}{JWT}{' y' * 500}")

    assert len(reported.message) <= 401
    assert JWT[-16:] not in reported.message
    assert JWT[:16] not in reported.message


@pytest.mark.parametrize(
    "secret",
    [
        "Bearer abcdef0123456789",
        "hvs.CAESIJlU9w0123456789",
        "s.Xq8abcdefghijk0123456789",
        'clientsecret":"Xq8~secretvalue',
        "client_secret=Xq8~secretvalue",
        'password: "Xq8~secretvalue"',
        '"token":"Xq8~secretvalue"',
    ],
)
def test_other_secrets_are_omitted_as_far_as_their_form_tells(secret: str) -> None:
    reported = explain(f"something failed with {secret} in it")

    assert "[redacted]" in reported.message
    assert "Xq8" not in reported.message
    assert "0123456789" not in reported.message


def test_the_command_explains_standard_input_without_stack_or_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nonexistent")
    reported = CliRunner().invoke(app, ["doctor", "--event", "-"], input=MESSAGES["no class"])
    assert reported.exit_code == 0
    assert "no class: there is no" in reported.output

    reported = CliRunner().invoke(app, ["doctor", "--event", MESSAGES["sealed Vault"], "--json"])
    assert [each["name"] for each in json.loads(reported.output)] == ["sealed Vault"]
