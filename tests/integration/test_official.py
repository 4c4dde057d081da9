"""The official `kubernetes` plugin in place of the fake: the same answers, and the same objects in the cluster."""

import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from google.protobuf import empty_pb2
from kubernetes import config, dynamic
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic.exceptions import DynamicApiError, ResourceNotFoundError
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from sandbox.plugins import SERVED
from sandbox.progress import Reporter
from sandbox.providers.kubernetes import KubernetesProvider
from sandbox.providers.protocol import Servicer
from sandbox.providers.values import decode, encode
from sandbox.running import Sandbox
from sandbox.tools import Tools
from sandbox.tools.catalogue import OFFICIAL
from strongroom.ops.pulumi.stack import export_state
from tests.integration.test_attach import Objects, Upgrade, live_attached, upgrade  # noqa: F401 - a fixture
from tests.support.official import RECORD, InProcess, RefusedError, answer, check, load_record, urn
from tests.support.polling import poll_until
from tests.support.sandboxed import Project, copied

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def plugin() -> Path:
    """The official plugin, built."""
    return Tools(Reporter(), catalogue=OFFICIAL).path("pulumi-resource-kubernetes")


class Host(engine_pb2_grpc.EngineServicer):
    """An engine that hears what its plugin logs."""

    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's
        return empty_pb2.Empty()


@contextmanager
def served(plugin: Path, kubeconfig: Path) -> Iterator[Any]:
    """Run the plugin without an engine, configured for a cluster."""
    host = grpc.server(ThreadPoolExecutor(4))
    engine_pb2_grpc.add_EngineServicer_to_server(Host(), host)
    engine = f"127.0.0.1:{host.add_insecure_port('127.0.0.1:0')}"
    host.start()
    with subprocess.Popen([str(plugin), engine], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
                stub: Any = provider_pb2_grpc.ResourceProviderStub(channel)
                variables = {"kubernetes:config:kubeconfig": str(kubeconfig)}
                stub.Configure(provider_pb2.ConfigureRequest(variables=variables, acceptSecrets=True))
                yield stub
        finally:
            process.terminate()
            host.stop(None)


def test_the_record_is_what_the_official_plugin_answers(plugin: Path, world: Sandbox) -> None:
    core = world.api_server.core()
    # Pods are judged only where there is one.
    poll_until(lambda: core.read_namespaced_service_account("default", "default"), ignored=(ApiException,))
    questions = [asked_of_server(world, question) for question in load_record()]
    with served(plugin, world.api_server.kubeconfig) as provider:
        answers = [answer(provider, question) for question in questions]
    if os.environ.get("STRONGROOM_WRITE_RECORD"):
        recorded = [{**question, "answer": reported} for question, reported in zip(questions, answers, strict=True)]
        source = OFFICIAL[0].build.source
        document = {"plugin": source and source.module, "questions": recorded}
        RECORD.write_text(yaml.safe_dump(document, sort_keys=False, width=120))

    differing = [
        (question["about"], reported)
        for question, reported in zip(questions, answers, strict=True)
        if {**question, "answer": reported} not in load_record()
    ]
    assert differing == [] or os.environ.get("STRONGROOM_WRITE_RECORD"), "run again with STRONGROOM_WRITE_RECORD=1"


def asked_of_server(world: Sandbox, question: dict[str, Any]) -> dict[str, Any]:
    """Add to a question about a creation or a patch what the API server says to it."""
    if question["ask"] not in {"create", "delete"}:
        return question
    client = dynamic.DynamicClient(config.new_client_from_config(str(world.api_server.kubeconfig)))
    _, module, name = question["kind"].split(":")
    kind = name.removesuffix("Patch")
    body = {"apiVersion": module.removeprefix("core/"), "kind": kind, **question["inputs"]}
    namespace = body["metadata"].get("namespace", "default")
    said: dict[str, Any] | None = None
    with contextlib.suppress(ResourceNotFoundError):
        resource: Any = client.resources.get(api_version=body["apiVersion"], kind=kind)
        try:
            if name == kind:
                resource.create(body=body, namespace=namespace, dry_run="All")
            else:
                if question["ask"] == "delete":
                    body = {**body, "metadata": {"name": body["metadata"]["name"]}}
                    body.pop("spec", None)
                resource.server_side_apply(body=body, namespace=namespace, field_manager="strongroom", dry_run="All")
        except DynamicApiError as error:
            said = {"code": error.status, "message": json.loads(error.body)["message"]}
    return {**question, "server": said}


def live_as_patch(provider: Any, deployments: Any) -> list[Any]:
    """Patch a Deployment of another manager's, change the patch and remove it; what was answered, and was there."""
    question = {"kind": "kubernetes:apps/v1:DeploymentPatch"}
    name = urn(question)

    def unnumbered(text: str) -> str:
        return re.sub("pulumi-kubernetes-[0-9a-f]{8}", "pulumi-kubernetes-random", text)

    def release(image: str) -> None:
        labels = {"app": "theirs"}
        pod = {"volumes": [{"name": "theirs", "emptyDir": {}}], "containers": [{"name": "app", "image": image}]}
        spec = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
        body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "theirs"}}
        deployments.server_side_apply(
            body={**body, "spec": {"replicas": 0, **spec}}, namespace="default", field_manager="helm"
        )

    def look() -> Any:
        live = deployments.get(name="theirs", namespace="default").to_dict()
        own = [each["manager"] for each in live["metadata"]["managedFields"] if not each.get("subresource")]
        return live["spec"], sorted(unnumbered(each) for each in own)

    def inputs(label: str, manager: str = "", *, force: bool = False, **spec: Any) -> dict[str, Any]:
        annotations = {"pulumi.com/patchFieldManager": manager} if manager else {"team": "ours"}
        annotations |= {"pulumi.com/patchForce": "true"} if force else {}
        volumes = [{"name": "ours", "emptyDir": {}}]
        template = {"metadata": {"labels": {"patched": label}}, "spec": {"volumes": volumes}}
        whole = {"metadata": {"name": "theirs", "annotations": annotations}, "spec": {"template": template, **spec}}
        return check(provider, question, whole)

    def ask(method: str, request: Any) -> Any:
        try:
            return getattr(provider, method)(request)
        except RefusedError as error:
            return unnumbered(str(error))
        except grpc.RpcError as error:
            return unnumbered(error.details())  # pyright: ignore[reportAttributeAccessIssue] - untyped

    def update(wanted: dict[str, Any], preview: bool = False) -> Any:
        request = provider_pb2.UpdateRequest(
            id="default/theirs",
            urn=name,
            olds=encode(state),
            old_inputs=encode(first),
            news=encode(wanted),
            preview=preview,
        )
        return ask("Update", request)

    release("a")
    answers = [look()]
    first = inputs("a")
    state = decode(provider.Create(provider_pb2.CreateRequest(urn=name, properties=encode(first))).properties)
    answers.append(look())
    difference = provider_pb2.DiffRequest(
        id="default/theirs", urn=name, olds=encode(state), old_inputs=encode(first), news=encode(first)
    )
    answers.append(sorted(provider.Diff(difference).detailedDiff))
    difference.ignoreChanges.append("spec")
    answers.append(sorted(provider.Diff(difference).detailedDiff))
    answers.append(update(inputs("a", replicas=3), preview=True))
    release("b")
    answers.append(look())
    second = inputs("b", "strongroom", force=True)
    state = decode(update(second).properties)
    answers.append(look())
    removal = provider_pb2.DeleteRequest(
        id="default/theirs", urn=name, properties=encode(state), old_inputs=encode(second)
    )
    ask("Delete", removal)
    answers.append(look())
    deployments.delete(name="theirs", namespace="default")
    poll_until(lambda: not deployments.get(namespace="default").items)
    return [*answers, ask("Delete", removal)]


def test_a_patch_lives_the_same_life_with_the_official_plugin(plugin: Path, world: Sandbox) -> None:
    client = dynamic.DynamicClient(config.new_client_from_config(str(world.api_server.kubeconfig)))
    deployments: Any = client.resources.get(api_version="apps/v1", kind="Deployment")
    fake = InProcess(Servicer(KubernetesProvider))
    fake.Configure(provider_pb2.ConfigureRequest(args=encode({"kubeconfig": str(world.api_server.kubeconfig)})))

    expected = live_as_patch(fake, deployments)
    with served(plugin, world.api_server.kubeconfig) as provider:
        assert live_as_patch(provider, deployments) == expected


def official(plugin: Path, world: Sandbox, root: Path) -> Project:
    """Copy the project to `root`, for an engine that finds the official plugin and runs the other fakes."""
    directory = world.state / "pulumi" / "home" / "plugins" / f"resource-kubernetes-v{version('pulumi-kubernetes')}"
    directory.mkdir(parents=True, exist_ok=True)
    shutil.copy(plugin, directory / plugin.name)
    made = Project(copied(root), world, "local", without={"kubernetes"})
    assert "kubernetes" not in made.environment[SERVED]
    return made


def objects(world: Sandbox, stack: str) -> dict[str, Any]:
    """Read what the stack made in the cluster, without what differs each time."""
    client = dynamic.DynamicClient(config.new_client_from_config(str(world.api_server.kubeconfig)))
    found: dict[str, Any] = {}
    for resource in export_state(stack)["deployment"]["resources"]:
        if resource["type"].startswith("kubernetes:"):
            _, module, kind = resource["type"].split(":")
            namespace, _, name = resource["id"].rpartition("/")
            api: Any = client.resources.get(api_version=module.removeprefix("core/"), kind=kind)
            live: dict[str, Any] = api.get(name=name, namespace=namespace or None).to_dict()
            for key in ("uid", "resourceVersion", "creationTimestamp", "managedFields"):
                live["metadata"].pop(key, None)
            (live["metadata"].get("annotations") or {}).pop("kubernetes.io/service-account.uid", None)
            if kind == "Secret":
                live["data"] = sorted(live["data"])
            found[f"{kind} {resource['id']}"] = {key: value for key, value in live.items() if key != "status"}
    return found


def changed(project: Project) -> dict[str, Any]:
    settings = project.config
    settings["strongroom:workloads"][0]["secrets"].append({"name": "extra", "object": "payment-api", "key": "key"})
    settings["strongroom:workloads"][2]["secrets"][0]["filePermission"] = "0444"
    return settings


def life(project: Project, world: Sandbox) -> dict[str, Any]:
    """Deploy, look, change and destroy; what each step did, and what was in the cluster."""
    seen: dict[str, Any] = {"first preview": project.changes("preview")}
    seen["up"] = project.changes("up")
    seen["objects"] = objects(world, project.stack)
    seen["second preview"] = project.changes("preview")
    seen["refresh"] = project.changes("refresh")
    seen["update after it"] = project.changes("up")
    seen["wrong"] = project.wrong()
    project.write(changed(project))
    seen["preview of a change"] = project.changes("preview")
    seen["change"] = project.changes("up")
    seen["changed objects"] = objects(world, project.stack)
    seen["preview after it"] = project.changes("preview")
    seen["destroy"] = project.changes("destroy")
    return seen


def lines(value: Any, path: str = "") -> set[str]:
    """List all that is in `value`, each with its path."""
    if isinstance(value, dict):
        return {path}.union(*(lines(item, f"{path} > {key}") for key, item in value.items()))
    if isinstance(value, list):
        return {path}.union(*(lines(item, f"{path} > {index}") for index, item in enumerate(value)))
    if isinstance(value, set):
        return {path}.union(*(lines(item, path) for item in value))
    return {f"{path} > {value}"}


def test_a_stack_lives_the_same_life_with_the_official_plugin(plugin: Path, world: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "fake").mkdir()
    (tmp_path / "official").mkdir()
    expected = life(Project(copied(tmp_path / "fake"), world, "local"), world)
    found = life(official(plugin, world, tmp_path / "official"), world)

    # In a refresh the official plugin waits for pods whatever `pulumi.com/waitFor` says, and no kubelet runs any here:
    # the next update does nothing to them but wait again, as that annotation says.
    assert found.pop("update after it") == {
        "update Deployment shop/checkout",
        "update Deployment shop/orders",
        "update Pod bank/ledger",
    }
    assert expected.pop("update after it") == set()
    more, less = lines(found) - lines(expected), lines(expected) - lines(found)
    assert not more | less, "\n".join(
        (*(f"+ {each}" for each in sorted(more)), *(f"- {each}" for each in sorted(less)))
    )
    assert found["second preview"] == found["refresh"] == found["preview after it"] == found["wrong"] == set()
    assert "create-replacement Pod bank/ledger" in found["change"]


def test_an_attachment_lives_the_same_life_with_the_official_plugin(
    plugin: Path,
    world: Sandbox,
    tmp_path: Path,
    upgrade: Upgrade,  # noqa: F811
) -> None:
    project = official(plugin, world, tmp_path)
    project.changes("up")
    live_attached(project, upgrade, Objects(world), tmp_path / "kustomized")
    project.changes("destroy")
