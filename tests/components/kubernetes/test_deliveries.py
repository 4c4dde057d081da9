"""What each delivery puts into a workload's pods, and what it leaves out."""

from string import digits
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom import Grant, Secret, Workload
from strongroom.components.delivery import AgentInjector, check_file_permission, check_secret_type
from strongroom.components.kubernetes.agent_annotations import (
    find_token_volume,
    format_agent_annotations,
    parse_class_parameters,
)
from strongroom.components.vault.backend import build_objects_parameter
from tests.components.deploying import deploy
from tests.support.recording import Declare, Recorder
from tests.support.texts import WORD, texts

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
CLASS = "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass"
KEY_VAULT_SECRET = "kubernetes:spv.no/v2beta1:AzureKeyVaultSecret"
SECRET = "kubernetes:core/v1:Secret"
PREFIX = "vault.hashicorp.com/"

SECRETS = (Secret(name="user", object="db", key="u"), Secret(name="password", object="db", key="p"))
IN_ENVIRONMENT = (
    Secret(name="user", object="db", key="u", env="DB_USER"),
    Secret(name="again", object="db", key="u", env="DB_USER_AGAIN"),
    Secret(name="old", object="db", key="u", version="0123456789abcdef0123456789abcdef", env="DB_USER_OLD"),
    Secret(name="cert", object="web", type="cert", env="WEB_CERTIFICATE"),
)


class Vault:
    """A Vault that grants."""

    def __init__(self, authority: str | None = None, namespace: str | None = None) -> None:
        self.authority = authority
        self.namespace = namespace

    def grant(self, workload: Workload) -> Grant:
        parameters: dict[str, pulumi.Input[str]] = {
            "vaultAddress": "https://vault:8200",
            "roleName": "shop.orders",
            "vaultAuthMountPath": "kubernetes-dev",
            "audience": "vault-dev",
            "objects": build_objects_parameter("kv", workload.secrets),
        }
        return Grant(
            provider="vault",
            parameters=parameters | ({"vaultNamespace": self.namespace} if self.namespace else {}),
            audience="vault-dev",
            identity={},
            certificate_authority=self.authority,
        )


class KeyVault:
    """A key vault that grants."""

    def __init__(self, name: str = "kv-shop", **parameters: str) -> None:
        self.parameters = {"keyvaultName": name, **parameters}

    def grant(self, workload: Workload) -> Grant:
        return Grant(provider="azure", parameters=self.parameters, audience="", identity={})


def workload(delivery: Any, secrets: tuple[Secret, ...] = SECRETS, **settings: Any) -> Workload:
    return Workload.model_validate(
        {
            "name": "orders",
            "namespace": "shop",
            "image": "busybox:1.36",
            "delivery": delivery,
            "secrets": secrets,
            **settings,
        }
    )


def pod(recorder: Recorder) -> dict[str, Any]:
    return recorder.one(DEPLOYMENT).inputs["spec"]["template"]


def injected(declare: Declare, delivery: Any = "agent-injector", **more: Any) -> Any:
    recorder = declare(lambda: deploy(workload(delivery, **more), Vault()))
    annotations = pod(recorder)["metadata"]["annotations"]
    return {name.removeprefix(PREFIX): value for name, value in annotations.items()}


def test_an_injected_agent_logs_in_as_the_workload_and_writes_its_files(declare: Declare) -> None:
    said = injected(declare, mount_path="/run/secrets")

    assert said["agent-inject"] == "true"
    assert said["agent-pre-populate-only"] == "false"
    assert said["service"] == "https://vault:8200"
    assert said["role"] == "shop.orders"
    assert said["auth-path"] == "auth/kubernetes-dev"
    assert said["secret-volume-path"] == "/run/secrets"
    assert said["agent-inject-file-2"] == "password"
    assert said["agent-inject-secret-2"] == "kv/data/db"
    assert said["template-static-secret-render-interval"] == "2m"
    assert {said["agent-run-as-user"], said["agent-run-as-group"]} == {"65532"}
    assert not {"namespace", "tls-secret", "ca-cert", "agent-inject-perms-1"} & set(said)


def test_the_agents_token_has_the_roles_audience_and_reaches_no_container(declare: Declare) -> None:
    recorder = declare(lambda: deploy(workload("agent-injector", scratch=[]), Vault()))
    spec = pod(recorder)["spec"]
    (volume,) = spec["volumes"]
    (source,) = volume["projected"]["sources"]

    assert find_token_volume(pod(recorder)["metadata"]["annotations"]) == volume["name"]
    assert source["serviceAccountToken"]["audience"] == "vault-dev"
    assert spec["automountServiceAccountToken"] is False
    assert spec["containers"][0]["volumeMounts"] == []
    assert recorder.all(CLASS) == []


def test_an_agent_that_writes_once_is_gone_before_the_containers_start(declare: Declare) -> None:
    said = injected(declare, {"kind": "agent-injector", "mode": "init"})

    assert said["agent-pre-populate-only"] == "true"
    assert "template-static-secret-render-interval" not in said


def test_an_agent_is_reported_of_a_namespace_and_of_a_ca_of_ones_own(declare: Declare) -> None:
    recorder = declare(lambda: deploy(workload("agent-injector"), Vault("PEM", "admin/pay")))
    said = pod(recorder)["metadata"]["annotations"]
    authority = recorder.one(SECRET).inputs

    assert said[f"{PREFIX}namespace"] == "admin/pay"
    assert said[f"{PREFIX}tls-secret"] == authority["metadata"]["name"] == "orders-vault-ca"
    assert said[f"{PREFIX}ca-cert"] == "/vault/tls/ca.crt"
    assert authority["stringData"] == {"ca.crt": "PEM"}


def test_files_keep_their_permission_version_and_encoding(declare: Declare) -> None:
    secret = Secret(name="f", object="db", key="a.b-c", version="3", encoding="base64", file_permission="0440")
    said = injected(declare, secrets=(secret,))

    assert said["agent-inject-perms-1"] == "0440"
    assert 'secret "kv/data/db?version=3"' in said["agent-inject-template-1"]
    assert 'index .Data.data "a.b-c" | base64Decode' in said["agent-inject-template-1"]


def test_an_optional_key_leaves_its_file_empty_and_stops_no_agent(declare: Declare) -> None:
    needed, optional = SECRETS[0], Secret(name="f", object="db", key="k", optional=True)
    said = injected(declare, secrets=(needed, optional))

    assert "sprig_fail" in said["agent-inject-template-1"]
    assert said["agent-inject-template-2"] == (
        '{{ with secret "kv/data/db" }}{{ if sprig_hasKey .Data.data "k" }}{{ index .Data.data "k" }}{{ end }}{{ end }}'
    )


def test_all_keys_of_an_object_are_one_file(declare: Declare) -> None:
    said = injected(declare, secrets=(Secret(name="all.json", object="db", version="3", format="json"),))

    assert said["agent-inject-template-1"] == (
        '{{ with secret "kv/data/db?version=3" }}{{ .Data.data | toUnescapedJSON }}{{ end }}'
    )


def test_a_field_of_a_json_value_is_written_or_stops_the_agent(declare: Declare) -> None:
    said = injected(declare, secrets=(Secret(name="f", object="db", key="k", field="a.b"),))

    step = '{{{{ if not (sprig_hasKey $value "{0}") }}}}{{{{ sprig_fail "there is no field {0}" }}}}{{{{ end }}}}'
    assert said["agent-inject-template-1"].endswith(
        '{{ $value := index .Data.data "k" }}{{ if sprig_kindIs "string" $value }}{{ $value = parseJSON $value }}'
        f'{{{{ end }}}}{step.format("a")}{{{{ $value = index $value "a" }}}}{step.format("b")}'
        '{{ $value = index $value "b" }}'
        '{{ if sprig_kindIs "string" $value }}{{ $value }}{{ else }}{{ $value | toUnescapedJSON }}{{ end }}{{ end }}'
    )


NAMES = texts(WORD, f"{WORD}.", 60)
SEGMENTS = texts(WORD, f"{WORD}.", 20)
WRITTEN = st.builds(
    Secret,
    name=NAMES,
    object=st.lists(SEGMENTS, min_size=1, max_size=3).map("/".join),
    key=SEGMENTS,
    version=st.none() | st.text(digits, min_size=1, max_size=4),
    encoding=st.sampled_from(["utf-8", "base64"]),
    field=st.none() | st.lists(texts(f"{WORD}-", f"{WORD}-", 9), min_size=1, max_size=3).map(".".join),
    optional=st.booleans(),
    file_permission=st.none() | st.sampled_from(["0400", "0644"]),
)

WHOLE = st.builds(Secret, name=NAMES, object=SEGMENTS, format=st.just("json"))


@given(st.lists(WRITTEN | WHOLE, min_size=1, max_size=6, unique_by=lambda secret: secret.name))
def test_annotations_say_what_a_class_would_and_can_be_read_back(secrets: list[Secret]) -> None:
    parameters = {
        "vaultAddress": "https://vault:8200",
        "roleName": "shop.orders",
        "vaultAuthMountPath": "kubernetes",
        "objects": build_objects_parameter("kv", tuple(secrets)),
    }
    said = format_agent_annotations(workload("agent-injector", tuple(secrets)), AgentInjector(), parameters, None)

    assert parse_class_parameters(said) == parameters
    # Kubernetes' own limits. (Kubernetes docs: "Annotations")
    assert all(len(name.partition("/")[2]) <= 63 and name[-1].isalnum() for name in said)


def test_annotations_that_somebody_changed_are_reported(declare: Declare) -> None:
    recorder = declare(lambda: deploy(workload("agent-injector"), Vault()))
    said = pod(recorder)["metadata"]["annotations"]

    with pytest.raises(ValueError, match="reads no single key of a secret"):
        parse_class_parameters(
            {**said, f"{PREFIX}agent-inject-template-1": '{{ with secret "kv/data/all" }}{{ .Data }}{{ end }}'}
        )
    with pytest.raises(ValueError, match=f"lacks the annotations {PREFIX}role"):
        parse_class_parameters({name: value for name, value in said.items() if not name.endswith("/role")})


def test_a_kubernetes_secret_gets_every_secret_and_containers_still_mount_the_volume(declare: Declare) -> None:
    secrets = (SECRETS[0], Secret(name="password", object="db", key="p", env="DB_PASSWORD"))
    recorder = declare(lambda: deploy(workload("kubernetes-secret", secrets, scratch=[]), Vault()))
    (container,) = pod(recorder)["spec"]["containers"]

    assert recorder.one(CLASS).inputs["spec"]["secretObjects"] == [
        {
            "secretName": "orders-secrets",
            "type": "Opaque",
            "data": [{"objectName": "user", "key": "user"}, {"objectName": "password", "key": "password"}],
        }
    ]
    # The driver makes the Secret when a pod mounts the class.
    assert container["volumeMounts"] == [{"name": "secrets-store", "mountPath": "/mnt/secrets-store", "readOnly": True}]
    assert container["env"] == [
        {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "orders-secrets", "key": "password"}}}
    ]


def test_a_kubernetes_secret_has_the_name_and_the_type_that_it_is_reported(declare: Declare) -> None:
    delivery = {"kind": "kubernetes-secret", "secretName": "web-tls", "type": "kubernetes.io/tls"}
    secrets = tuple(Secret(name=name, object="web", format="pem") for name in ("tls.crt", "tls.key"))
    recorder = declare(lambda: deploy(workload(delivery, secrets), KeyVault()))
    (made,) = recorder.one(CLASS).inputs["spec"]["secretObjects"]

    assert (made["secretName"], made["type"]) == ("web-tls", "kubernetes.io/tls")


def test_files_and_kubernetes_secrets_of_their_own_come_from_one_class(declare: Declare) -> None:
    tls = {
        "name": "front-tls",
        "type": "kubernetes.io/tls",
        "data": {"tls.crt": "cert", "tls.key": "key"},
        "labels": {"team": "shop"},
        "annotations": {"of": "ingress"},
    }
    delivery = {"kind": "csi", "labels": {"a": "b"}, "syncedSecrets": [tls, {"name": "login", "data": {"u": "user"}}]}
    secrets = (
        Secret(name="cert", object="web", format="pem"),
        Secret(name="key", object="web", format="pem"),
        Secret(name="user", object="user", env="LOGIN", version_history=2),
    )
    recorder = declare(lambda: deploy(workload(delivery, secrets), KeyVault()))

    assert recorder.one(CLASS).inputs["spec"]["secretObjects"] == [
        {
            "secretName": "orders-env",
            "type": "Opaque",
            "labels": {"a": "b"},
            "data": [{"objectName": "user/0", "key": "user"}],
        },
        {
            "secretName": "front-tls",
            "type": "kubernetes.io/tls",
            "labels": {"team": "shop"},
            "annotations": {"of": "ingress"},
            "data": [{"objectName": "cert", "key": "tls.crt"}, {"objectName": "key", "key": "tls.key"}],
        },
        {"secretName": "login", "type": "Opaque", "data": [{"objectName": "user/0", "key": "u"}]},
    ]


def test_a_kubernetes_secret_of_a_type_has_that_types_keys(declare: Declare) -> None:
    declared = workload({"kind": "kubernetes-secret", "type": "kubernetes.io/tls"})

    with pytest.raises(ValueError, match=r"'kubernetes\.io/tls' needs secrets named tls\.crt and tls\.key"):
        declare(lambda: deploy(declared, Vault()))


CERTIFICATE = ({"name": "tls.crt"}, {"name": "tls.key"})


@pytest.mark.parametrize(
    ("type_", "secrets", "reported"),
    [
        ("kubernetes.io/tls", CERTIFICATE[:1], "needs secrets named tls.key"),
        ("kubernetes.io/tls", (*CERTIFICATE, {"name": "ca.crt"}), "with ca.crt the driver makes no Secret"),
        ("kubernetes.io/tls", (CERTIFICATE[0], {"name": "tls.key", "type": "cert"}), "the private key in tls.key"),
        ("kubernetes.io/tls", (CERTIFICATE[0], {"name": "tls.key", "type": "key"}), "the private key in tls.key"),
        ("kubernetes.io/tls", ({"name": "tls.crt", "type": "key"}, CERTIFICATE[1]), "a certificate in tls.crt"),
        ("kubernetes.io/tls", (CERTIFICATE[0], {"name": "tls.key", "format": "pfx"}), "is made of PEM"),
        ("kubernetes.io/basic-auth", ({"name": "user"},), "username or password"),
        (
            "kubernetes.io/dockerconfigjson",
            ({"name": "config"},),
            "needs a secret named .dockerconfigjson, and",
        ),
        ("kubernetes.io/dockerconfigjson", ({"name": ".dockerconfigjson"},), None),
        ("kubernetes.io/ssh-auth", ({"name": "ssh-privatekey", "type": "key"},), "the private key in ssh-privatekey"),
        ("kubernetes.io/ssh-auth", ({"name": "ssh-privatekey"}, {"name": "known_hosts"}), None),
        ("kubernetes.io/tls", CERTIFICATE, None),
        ("kubernetes.io/tls", ({"name": "tls.crt", "type": "cert"}, {"name": "tls.key", "format": "pem"}), None),
        ("kubernetes.io/basic-auth", ({"name": "password"}, {"name": "host"}), None),
        ("Opaque", (*CERTIFICATE, {"name": "ca.crt"}), None),
    ],
)
def test_a_type_takes_what_the_driver_makes_a_secret_of(
    type_: str, secrets: tuple[dict[str, str], ...], reported: str | None
) -> None:
    fault = check_secret_type(type_, {each["name"]: Secret(**{"object": "o", **each}) for each in secrets})  # pyright: ignore[reportArgumentType]

    assert fault is None if reported is None else reported in (fault or "")


@pytest.mark.parametrize("kind", ["csi", "kubernetes-secret", "agent-injector"])
@pytest.mark.parametrize("permission", ["0400", "0600", "0440", "0770", "0044", "0444", "0644", "0004", "0000"])
def test_a_file_is_readable_by_those_whose_it_is(kind: str, permission: str) -> None:
    # The driver's belong to root, an agent's to the containers' user.
    bit = 0o400 if kind == "agent-injector" else 0o004

    assert (check_file_permission(kind, permission) is None) == bool(int(permission, 8) & bit)


def test_akv2k8s_is_reported_of_each_object_once_and_nothing_becomes_a_kubernetes_secret(declare: Declare) -> None:
    recorder = declare(lambda: deploy(workload("akv2k8s", IN_ENVIRONMENT), KeyVault()))
    reported = {item.inputs["metadata"]["name"]: item.inputs["spec"] for item in recorder.all(KEY_VAULT_SECRET)}
    spec = pod(recorder)["spec"]
    environment = {variable["name"]: variable["value"] for variable in spec["containers"][0]["env"]}

    assert sorted((spec["vault"]["object"]["type"], spec["vault"]["object"]["name"]) for spec in reported.values()) == [
        ("certificate", "web"),
        ("secret", "db-u"),
        ("secret", "db-u"),
    ]
    assert all("output" not in spec and spec["vault"]["name"] == "kv-shop" for spec in reported.values())
    assert set(environment) == {secret.env for secret in IN_ENVIRONMENT}
    assert {value.removesuffix("@azurekeyvault") for value in environment.values()} == set(reported)
    assert environment["DB_USER"] == environment["DB_USER_AGAIN"] != environment["DB_USER_OLD"]
    assert recorder.all(SECRET) == recorder.all(CLASS) == []


def test_akv2k8ss_program_in_the_pod_may_ask_the_kubernetes_api(declare: Declare) -> None:
    recorder = declare(lambda: deploy(workload("akv2k8s", IN_ENVIRONMENT, scratch=[]), KeyVault()))
    spec = pod(recorder)["spec"]

    assert spec["automountServiceAccountToken"] is True
    assert spec["volumes"] == []
    assert spec["containers"][0]["securityContext"]["allowPrivilegeEscalation"] is False


def test_akv2k8s_in_a_sovereign_cloud_is_reported_which(declare: Declare) -> None:
    store = KeyVault(cloudName="AzureChinaCloud")
    recorder = declare(lambda: deploy(workload("akv2k8s", IN_ENVIRONMENT), store))

    assert {"name": "AZURE_ENVIRONMENT", "value": "AzureChinaCloud"} in pod(recorder)["spec"]["containers"][0]["env"]


def test_another_vault_makes_other_pods_with_akv2k8s(declare: Declare) -> None:
    def annotations(vault: str) -> Any:
        recorder = declare(lambda: deploy(workload("akv2k8s", IN_ENVIRONMENT), KeyVault(vault)))
        return pod(recorder)["metadata"]["annotations"]

    assert annotations("a") != annotations("b")


@pytest.mark.parametrize(
    ("delivery", "store", "secret", "reported"),
    [
        ("agent-injector", KeyVault(), {}, "delivery 'agent-injector' is Vault's"),
        ("akv2k8s", Vault(), {"env": "A"}, "delivery 'akv2k8s' is Key Vault's"),
        ("agent-injector", Vault(), {"env": "A"}, "has env, which delivery 'agent-injector' can't set"),
        ("agent-injector", Vault(), {"encoding": "hex"}, "has encoding 'hex'"),
        ("csi", Vault(), {"file_permission": "0440"}, "belong to root"),
        ("kubernetes-secret", Vault(), {"file_permission": "0400"}, "belong to root"),
        ("agent-injector", Vault(), {"file_permission": "0044"}, "let their owner read"),
        ("akv2k8s", KeyVault(), {}, "has no env"),
        ("akv2k8s", KeyVault(), {"env": "A", "type": "key"}, "is a key"),
        (
            "akv2k8s",
            KeyVault(),
            {"env": "A", "file_permission": "0400", "version_history": 2},
            "versionHistory and file",
        ),
    ],
)
def test_what_a_delivery_cannot_bring_is_refused(
    declare: Declare, delivery: str, store: Any, secret: dict[str, Any], reported: str
) -> None:
    declared = workload(delivery, (Secret(name="f", object="o", key="k", **secret),))

    with pytest.raises(ValueError, match=reported):
        declare(lambda: deploy(declared, store))
