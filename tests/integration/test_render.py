"""Objects as files, applied by the real kubectl beside the real engine."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation import CommandError

from sandbox.progress import Reporter
from sandbox.running import ROOT, Sandbox
from sandbox.tools import Tools
from sandbox.tools.catalogue import CHECKS
from strongroom.ops.render.charts import render_release
from strongroom.ops.render.text import parse_yaml, to_yaml
from tests.integration.test_helm import by_helm, charts, helm
from tests.integration.test_local_stack import values
from tests.support.forked import run_ops
from tests.support.sandboxed import Project, environment

pytestmark = pytest.mark.integration

__all__ = ["charts", "helm"]

Kubectl = Callable[..., subprocess.CompletedProcess[str]]

STORE_HALF = ["urn:pulumi:*::strongroom::strongroom:index:SecretWorkload$kubernetes:**", "**:AccessReady::**"]
"""What `docs/gitops.md` excludes from an update."""

AS_GITOPS = ("apply", "--server-side", "--field-manager=gitops", "--recursive", "-f")


@pytest.fixture
def kubectl(world: Sandbox, tmp_path: Path) -> Kubectl:
    program = Tools(Reporter(), catalogue=CHECKS).path("kubectl")
    options = (f"--kubeconfig={world.api_server.kubeconfig}", f"--cache-dir={tmp_path / 'kubectl'}")

    def run(*arguments: str | Path, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run([program, *options, *arguments], input=given, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def shared(project: Project) -> Iterator[Project]:
    """The local stack, on which somebody else applies its objects too. Nothing of that stays, nor of earlier tests."""
    project.engine.run("destroy", project.stack)
    project.engine.run("up", project.stack)
    yield project
    project.restore()
    project.engine.run("destroy", project.stack)


@pytest.fixture
def azure_shared(azure_project: Project) -> Iterator[Project]:
    """The same on Azure."""
    yield azure_project
    azure_project.restore()
    azure_project.engine.run("destroy", azure_project.stack)


def render(project: Project, to: Path, *arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    own = {"PATH": f"{path}:{project.environment['PATH']}"} if path else {}
    project.engine.complete_files()
    environment = {**project.environment, **own}
    return run_ops("render", "--stack", project.stack, "--to", str(to), "--json", *arguments, environment=environment)


def reported(done: subprocess.CompletedProcess[str]) -> str:
    """Everything that a render wrote to its output."""
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def applied(kubectl: Kubectl, directory: Path) -> None:
    done = kubectl(*AS_GITOPS, directory)
    assert done.returncode == 0, done.stderr


def written(directory: Path) -> str:
    return "".join(file.read_text() for file in directory.rglob("*") if file.is_file())


def test_a_stack_with_charts_is_valid_to_the_api_server(
    project: Project, kubectl: Kubectl, charts: dict[str, Any], helm: Path, tmp_path: Path
) -> None:
    settings = by_helm(project, charts)
    project.write(settings)
    try:
        done = render(project, tmp_path / "files", path=helm.parent)
    finally:
        project.restore()

    assert "skipped: Secret shop/checkout-vault-ca holds secret values" in reported(done)
    files = {file["path"] for file in json.loads(done.stdout)["files"]}
    assert {
        "cluster/0-customresourcedefinition.apiextensions.k8s.io_secretproviderclasses.secrets-store.csi.x-k8s.io.yaml",
        "cluster/3-csidriver.storage.k8s.io_secrets-store.csi.k8s.io.yaml",
        "namespaces/kube-system/4-daemonset.apps_secrets-store.yaml",
        "namespaces/shop/4-deployment.apps_checkout.yaml",
    } <= files
    # What Pulumi has applied is other than that: GitOps takes it over.
    tried = kubectl(*AS_GITOPS, tmp_path / "files", "--dry-run=server", "--force-conflicts")
    assert tried.returncode == 0, tried.stderr
    assert len(tried.stdout.splitlines()) == len(files)


def test_kubectl_and_pulumi_apply_the_same(shared: Project, world: Sandbox, kubectl: Kubectl, tmp_path: Path) -> None:
    secrets, directory = values(world), tmp_path / "files"
    output = reported(render(shared, directory))
    assert not any(value in output + written(directory) for value in secrets)

    applied(kubectl, directory)
    assert shared.changes("preview") == set()
    assert shared.changes("refresh") == set()

    assert kubectl("delete", "namespace", "shop", "bank").returncode == 0
    applied(kubectl, directory)
    checks = shared.checks()
    assert [check for check in checks if not check["passed"]] == []
    assert len(checks) > 60

    before = {file: file.stat().st_mtime_ns for file in directory.rglob("*")}
    assert "written" not in reported(render(shared, directory))
    assert {file: file.stat().st_mtime_ns for file in directory.rglob("*")} == before


def test_the_store_comes_first_then_gitops_and_pulumi_agrees(
    azure_shared: Project, world: Sandbox, kubectl: Kubectl, tmp_path: Path
) -> None:
    settings, directory = azure_shared.config, tmp_path / "files"
    payment = {"name": "payment-key", "object": "payment-api", "key": "key"}
    settings["strongroom:workloads"].append(
        {"name": "refunds", "namespace": "shop", "image": "busybox:1.36", "secrets": [payment]}
    )
    azure_shared.write(settings)
    early = render(azure_shared, directory)
    assert early.returncode == 1
    assert "SecretProviderClass shop/refunds: spec.parameters.clientID" in early.stderr
    assert "Deploy it first with `pulumi up --stack local-azure`" in early.stderr
    assert not directory.exists()

    page = (ROOT / "docs" / "gitops.md").read_text()
    assert all(f"--exclude '{pattern}'" in page for pattern in STORE_HALF)
    with azure_shared.engine.stack(azure_shared.stack) as stack:
        stack.up(exclude=STORE_HALF)
    output = reported(render(azure_shared, directory))
    secrets = {
        version["value"]
        for found in world.azure.store.objects("strongroom-local", "secrets")
        for version in found["versions"]
    }
    assert len(secrets) >= 4
    assert not any(value in output + written(directory) for value in secrets)
    applied(kubectl, directory)
    assert kubectl("delete", "namespace", "shop", "bank").returncode == 0
    applied(kubectl, directory)
    checks = azure_shared.checks()
    assert "shop/refunds" in {check["workload"] for check in checks}
    assert all(check["passed"] for check in checks)

    with pytest.raises(CommandError, match="already exists"):
        azure_shared.changes("up")
    assert "PULUMI_K8S_UPSERT_EXISTING_OBJECTS=true pulumi up" in page
    with environment({"PULUMI_K8S_UPSERT_EXISTING_OBJECTS": "true"}):
        assert "create Deployment shop/refunds" in azure_shared.changes("up")
        assert azure_shared.changes("preview") == set()


def test_kubectl_reads_every_string_as_it_was(kubectl: Kubectl) -> None:
    words = "y N on null ~ 1e3 0o17 0x1f 1_000 1:30 2026-11-25 .5 << = % @ ` !t &a *a {a} [a] | > ? --- '\"\\ \ufeffa"
    lines = [
        "a\nb",
        "a\nb\n",
        "a\n\n",
        "\na",
        " a\n b",
        "a \nb",
        "a\tb\n\tc\n",
        "a\r\nb",
        "\x85a\u2028\u00a0",
        "é🔐\n✓\n",
    ]
    objects = "array:\n  - |\n    objectName: a\n    objectAlias: b\n"
    texts = [*words.split(" "), *lines, objects, "", "- a", "# a", "a: b", "a #b", " a "]
    data = {f"k{number}": text for number, text in enumerate(texts)}
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "strings"}, "data": data}

    done = kubectl("create", "--dry-run=client", "--output=json", "-f", "-", given=to_yaml(manifest))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["data"] == data


CHART = {
    "Chart.yaml": "apiVersion: v2\nname: odd\nversion: 1.0.0\n",
    "crds/wide.yaml": """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: wides.example.net}
spec:
  group: example.net
  names: {kind: Wide, plural: wides}
  scope: Cluster
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
""",
    "templates/all.yaml": """
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Secret, metadata: {name: made}, stringData: {password: {{ randAlphaNum 20 }}}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: plain}, data: {day: "2026-11-25", v: {{ .Values.v | quote }}}}
---
{apiVersion: batch/v1, kind: Job, metadata: {name: before, annotations: {helm.sh/hook: pre-install}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: tried, annotations: {helm.sh/hook: test}}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: wide}}
---
{apiVersion: example.net/v1, kind: Wide, metadata: {name: wide}}
""",
}


def test_a_charts_secrets_and_hooks_are_omitted_and_its_objects_get_its_namespace(
    helm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{helm.parent}:{os.environ['PATH']}")
    for name, text in CHART.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    release = {"name": "odd", "chart": str(tmp_path), "namespace": "kube-system", "values": {"v": "y"}}

    manifests, omitted = render_release(release)
    assert {(each["kind"], each["metadata"].get("namespace")) for each in manifests} == {
        ("CustomResourceDefinition", None),
        ("ConfigMap", "kube-system"),
        ("ClusterRole", None),
        ("Wide", None),
    }
    (plain,) = [each for each in manifests if each["kind"] == "ConfigMap"]
    assert parse_yaml(to_yaml(plain))[0]["data"] == {"day": "2026-11-25", "v": "y"}
    assert {each.what for each in omitted} == {"Secret kube-system/made", "Job kube-system/before"}
