"""Charts in a stack's file, and what the stack installs of them."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pulumi
import pytest

from strongroom.components.helm.charts import VAULT
from strongroom.stacks.errors import InvalidSettingsError
from strongroom.stacks.load import parse
from strongroom.stacks.provision.installation import Installation
from tests.components.helm.test_chart_file import chart_at, packed
from tests.stacks.settings.test_root import GOOD as ON_VAULT
from tests.stacks.test_azure_settings import GOOD as ON_KEY_VAULT
from tests.stacks.test_deliveries import PRINCIPAL
from tests.support.recording import Declare, Recorder

RELEASE = "kubernetes:helm.sh/v3:Release"


def stack(good: dict[str, Any] = ON_VAULT, *deliveries: str, **more: Any) -> dict[str, Any]:
    raw = {**deepcopy(good), **more}
    (workload,) = raw["workloads"]
    raw["workloads"] = [{**workload, "name": f"w{n}", "delivery": kind} for n, kind in enumerate(deliveries or ["csi"])]
    return raw


def releases(declare: Declare, raw: dict[str, Any]) -> dict[str, dict[str, Any]]:
    settings = parse(raw, stack="dev")
    recorder: Recorder = declare(lambda: Installation(settings).declare(None, pulumi.ResourceOptions()))
    return {found.name: found.inputs for found in recorder.all(RELEASE)}


HELM = {"install": "helm"}


@pytest.mark.parametrize(
    ("deliveries", "installed"),
    [
        (["csi"], {"secrets-store", "secrets-store-vault"}),
        (["kubernetes-secret", "csi"], {"secrets-store", "secrets-store-vault"}),
        (["agent-injector"], {"vault-injector"}),
        (["agent-injector", "csi"], {"secrets-store", "secrets-store-vault", "vault-injector"}),
    ],
)
def test_a_stack_installs_what_its_deliveries_need(
    declare: Declare, deliveries: list[str], installed: set[str]
) -> None:
    assert set(releases(declare, stack(ON_VAULT, *deliveries, kubernetes=HELM))) == installed


def test_a_stack_that_owns_nothing_in_the_cluster_installs_nothing(declare: Declare) -> None:
    assert releases(declare, stack(ON_VAULT, "csi", "agent-injector")) == {}


def test_akv2k8s_is_installed_for_the_workloads_that_it_serves(declare: Declare) -> None:
    raw = stack(ON_KEY_VAULT, "akv2k8s", kubernetes={**HELM, "oidcIssuer": "https://issuer/"})
    raw["backend"]["identity"] = PRINCIPAL
    raw["workloads"][0]["secrets"] = [{**raw["workloads"][0]["secrets"][0], "env": "DB_PASSWORD"}]
    (values,) = [inputs["values"] for inputs in releases(declare, raw).values()]

    assert values["env_injector"]["rbacSubjects"] == [{"kind": "ServiceAccount", "namespace": "shop", "name": "w0"}]


def test_one_driver_serves_both_backends_with_the_union_of_their_audiences(declare: Declare) -> None:
    others = {"providers": ["azure"], "audiences": ["api://AzureADTokenExchange", "vault"]}
    made = releases(declare, stack(kubernetes={**HELM, **others}))

    assert set(made) == {"secrets-store", "secrets-store-azure", "secrets-store-vault"}
    assert made["secrets-store"]["values"]["tokenRequests"] == [
        {"audience": "api://AzureADTokenExchange"},
        {"audience": "vault"},
    ]
    assert made["secrets-store-azure"]["values"] == {"secrets-store-csi-driver": {"install": False}}


def test_a_mirror_replaces_the_repository_and_its_images_are_laid_over_the_values(declare: Declare) -> None:
    mirror = {"repository": "https://mirror.example.net/charts/", "values": {"csi": {"image": {"tag": "1"}}}}
    made = releases(declare, stack(kubernetes=HELM, charts={"vault": mirror}))["secrets-store-vault"]

    assert made["repositoryOpts"] == {"repo": "https://mirror.example.net/charts"}
    assert made["version"] == VAULT.version
    assert made["values"]["csi"]["image"] == {"tag": "1"}
    assert made["values"]["csi"]["agent"] == {"enabled": False}


def test_another_version_has_no_pinned_digest() -> None:
    charts = parse(stack(charts={"vault": {"version": "0.40.0"}}), stack="dev").charts.charts

    assert (charts["vault"].version, charts["vault"].digest) == ("0.40.0", None)
    assert charts["secrets-store-csi-driver"].digest


@pytest.mark.parametrize(
    ("charts", "key", "message"),
    [
        ({"valut": {}}, "valut", "Did you mean vault?"),
        ({"vault": {"repository": "http://mirror"}}, "vault.repository", "is not a chart repository"),
        ({"vault": {"path": "a", "repository": "https://b"}}, "vault.repository", "keep one of them"),
        ({"vault": {"version": "latest"}}, "vault.version", "'latest'"),
        ({"vault": {"digest": "sha256:00"}}, "vault.digest", "'sha256:00'"),
    ],
)
def test_a_wrong_source_of_a_chart_is_refused(charts: Any, key: str, message: str) -> None:
    with pytest.raises(InvalidSettingsError) as caught:
        parse(stack(charts=charts), stack="dev")
    assert message in {issue.key: issue.message for issue in caught.value.issues}[f"strongroom:charts.{key}"]


def test_values_and_files_that_do_not_fit_are_reported_before_anything_is_declared(tmp_path: Path) -> None:
    schema = {"properties": {"syncSecret": {"type": "string"}}}
    driver = chart_at(tmp_path / "driver", schema=schema, name="secrets-store-csi-driver", version="1.6.0")
    own = {"path": packed(chart_at(tmp_path / "small"), tmp_path / "small.tgz")}
    raw = stack(kubernetes=HELM, charts={"secrets-store-csi-driver": {"path": driver}, "vault": own})
    found = {issue.key: issue.message for issue in Installation(parse(raw, stack="dev")).list_issues()}

    assert found["strongroom:charts.secrets-store-csi-driver"] == "syncSecret must be of type string"
    assert "is small 1.2.3, not vault" in found["strongroom:charts.vault"]
