"""A Pod of a cluster whose admission adds to it: what changes nothing for its secrets is no difference."""

import copy
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from strongroom.ops.pulumi.stack import DeployedWorkload
from strongroom.ops.verify.cluster_reader import ClusterReader
from strongroom.ops.verify.deployment import Deployment
from strongroom.ops.verify.kubernetes_objects import check_objects, find_unmet_needs
from strongroom.policy.rules import Declared

POD: dict[str, Any] = {
    "metadata": {"name": "ledger", "namespace": "bank", "labels": {"azure.workload.identity/use": "true"}},
    "spec": {
        "automountServiceAccountToken": False,
        "containers": [
            {"name": "ledger", "image": "busybox", "volumeMounts": [{"name": "secrets", "mountPath": "/mnt"}]}
        ],
        "volumes": [{"name": "secrets", "csi": {"driver": "secrets-store.csi.k8s.io"}}],
    },
}
TOKEN = {"serviceAccountToken": {"audience": "api://AzureADTokenExchange", "path": "azure-identity-token"}}


def red(found: dict[str, Any], declared: dict[str, Any] = POD, kind: str = "core/v1:Pod") -> list[str]:
    """The lines that are red where `declared` was deployed and `found` is there."""
    resource = Declared(f"kubernetes:{kind}", f"urn:pulumi:a::b::kubernetes:{kind}::ledger", declared)
    deployment = SimpleNamespace(list_of_kind=lambda *_: [resource], find_owner=lambda _: "bank/ledger")
    reader = SimpleNamespace(get=lambda *_: found)
    checks = check_objects(cast("Deployment", deployment), cast("ClusterReader", reader))
    return [check.detail for check in checks if check.passed is not True]


def add(pod: dict[str, Any], volume: dict[str, Any], *env: str) -> dict[str, Any]:
    """A pod with one more volume, mounted, and environment variables."""
    changed = copy.deepcopy(pod)
    changed["spec"]["volumes"].append(volume)
    container = changed["spec"]["containers"][0]
    container["volumeMounts"].append({"name": volume["name"], "mountPath": "/var/run/x", "readOnly": True})
    if env:
        container["env"] = [{"name": name, "value": "x"} for name in env]
    return changed


def azure(volume: dict[str, Any]) -> dict[str, Any]:
    """The pod as Azure's webhook changes it, with `volume` for its token."""
    names = ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST")
    return add(POD, {"name": "azure-identity-token", **volume}, *names)


def test_what_azures_webhook_adds_to_a_pod_that_asks_for_it_is_no_difference() -> None:
    assert red(azure({"projected": {"defaultMode": 420, "sources": [TOKEN]}})) == []


def test_nobody_who_asked_for_nothing_is_given_a_token() -> None:
    unlabelled = copy.deepcopy(POD)
    del unlabelled["metadata"]["labels"]
    found = azure({"projected": {"sources": [TOKEN]}})
    del found["metadata"]["labels"]

    assert len(red(found, unlabelled)) == 1


@pytest.mark.parametrize(
    "volume",
    [
        {"csi": {"driver": "secrets-store.csi.k8s.io"}},
        {"secret": {"secretName": "other"}},
        {"projected": {"sources": [TOKEN, {"secret": {"name": "other"}}]}},
    ],
)
def test_a_volume_of_secrets_under_the_name_of_a_token_is_a_difference(volume: dict[str, Any]) -> None:
    assert len(red(azure(volume))) == 1
    asks = copy.deepcopy(POD)
    asks["spec"]["automountServiceAccountToken"] = True
    assert len(red(add(asks, {"name": "kube-api-access-x", **volume}), asks)) == 1


def test_one_more_variable_is_a_difference() -> None:
    found = azure({"projected": {"sources": [TOKEN]}})
    found["spec"]["containers"][0]["env"].append({"name": "LD_PRELOAD", "value": "x.so"})

    assert len(red(found)) == 1


@pytest.mark.parametrize("variables", [[], [{"name": "MODE", "value": "x"}]])
def test_what_reloader_adds_to_restart_pods_is_no_difference_where_it_was_asked_to(variables: list[Any]) -> None:
    declared = {"metadata": {"name": "ledger", "namespace": "bank"}, "spec": {"template": copy.deepcopy(POD)}}
    declared["spec"]["template"]["spec"]["containers"][0]["env"] = variables
    asked = copy.deepcopy(declared)
    asked["metadata"]["annotations"] = {"secret.reloader.stakater.com/reload": "ledger-env"}

    def reload(document: dict[str, Any]) -> dict[str, Any]:
        found = copy.deepcopy(document)
        template = found["spec"]["template"]
        template["metadata"]["annotations"] = {"reloader.stakater.com/last-reloaded-from": "{}"}
        template["spec"]["containers"][0]["env"] = [*variables, {"name": "STAKATER_LEDGER_ENV_SECRET", "value": "a"}]
        return found

    assert red(reload(asked), asked, "apps/v1:Deployment") == []
    assert len(red(reload(declared), declared, "apps/v1:Deployment")) == 1


def test_what_the_api_server_adds_to_ports_and_probes_is_no_difference() -> None:
    declared, found = copy.deepcopy(POD), copy.deepcopy(POD)
    port, probe = {"containerPort": 8080}, {"httpGet": {"path": "/", "port": 8080}}
    declared["spec"]["containers"][0] |= {"ports": [port], "readinessProbe": probe}
    defaults = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
    found["spec"]["containers"][0] |= {
        "ports": [port | {"protocol": "TCP"}],
        "readinessProbe": {"httpGet": probe["httpGet"] | {"scheme": "HTTP"}, **defaults},
    }

    assert red(found, declared) == []
    found["spec"]["containers"][0]["ports"][0]["hostPort"] = 80
    assert len(red(found, declared)) == 1


def test_where_a_pod_runs_and_what_it_may_use_changes_nothing() -> None:
    found = copy.deepcopy(POD)
    found["spec"] |= {"nodeSelector": {"a": "b"}, "priorityClassName": "low", "affinity": {"nodeAffinity": {"a": 1}}}
    found["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "1"}}

    assert red(found) == []
    found["spec"]["hostPID"] = True
    assert len(red(found)) == 1


RELOAD = "secret.reloader.stakater.com/reload"


def attached(change: dict[str, Any], annotations: Mapping[str, str] | None = None) -> list[str]:
    """The differences of a Deployment of others, whose pod template has `change` in its `spec`."""
    needs = {
        "annotations": {"strongroom/parameters": "1"},
        "controllerAnnotations": {RELOAD: "orders-env"},
        "automountServiceAccountToken": False,
        "volumes": [{"name": "secrets", "csi": {"driver": "d"}}],
        "volumeMounts": [
            {"name": "secrets", "mountPath": "/mnt", "readOnly": True},
            {"name": "secrets", "mountPath": "/etc/app/tls.pem", "subPath": "tls.pem"},
        ],
    }
    workload = DeployedWorkload.model_validate(
        {
            **dict.fromkeys(("name", "serviceAccount", "secretProviderClass"), "orders"),
            **{"namespace": "shop", "controller": "Deployment", "identity": {}, "objects": (), "pod": needs},
            "attachment": {"name": "web", "containers": ["app"]},
        }
    )
    theirs, mount = {"name": "theirs", "emptyDir": {}}, {"name": "theirs", "mountPath": "/theirs"}
    app = {"name": "app", "image": "a", "volumeMounts": [mount, *needs["volumeMounts"]]}
    spec = {
        "serviceAccountName": "orders",
        "automountServiceAccountToken": False,
        "dnsPolicy": "ClusterFirst",
        "containers": [{"name": "first", "image": "a"}, app],
        "volumes": [theirs, *needs["volumes"]],
        **change,
    }
    fields = {"f:spec": {"f:template": {"f:spec": {f"f:{name}": {} for name in change}}}}
    document = {
        "metadata": {
            "annotations": {"theirs": "1", RELOAD: "orders-env"} if annotations is None else annotations,
            "managedFields": [{"manager": "somebody", "fieldsV1": fields, "time": "2026-11-28T12:00:00Z"}],
        },
        "spec": {"template": {"metadata": {"annotations": {"theirs": "2", **needs["annotations"]}}, "spec": spec}},
    }
    asked: list[tuple[str, str]] = []

    def get(*given: str) -> Any:
        asked.append(given)  # pyright: ignore[reportArgumentType]
        return document

    found = find_unmet_needs(workload, cast("ClusterReader", SimpleNamespace(get=get)))
    assert asked == [("Deployment shop/web", "/apis/apps/v1/namespaces/shop/deployments/web")]
    return list(map(str, found))


def test_what_pods_of_others_have_beside_what_they_need_is_their_owners() -> None:
    assert attached({}) == []
    (found,) = attached({}, {"theirs": "1"})
    assert found == f'metadata.annotations.{RELOAD}: expected "orders-env", found nothing'


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"serviceAccountName": "other"}, "spec.template.spec.serviceAccountName: expected 'orders', found 'other'"),
        ({"volumes": []}, "spec.template.spec.volumes[secrets]"),
        (
            {
                "containers": [
                    {"name": "app", "volumeMounts": [{"name": "secrets", "mountPath": "/mnt", "readOnly": True}]}
                ]
            },
            "spec.template.spec.containers[app].volumeMounts[/etc/app/tls.pem]",
        ),
    ],
)
def test_a_field_that_pods_of_others_lack_is_named_with_who_changed_it(change: dict[str, Any], field: str) -> None:
    (found,) = attached(change)

    assert field.replace("'", '"') in found.replace("'", '"')
    assert found.endswith("(by somebody)")
