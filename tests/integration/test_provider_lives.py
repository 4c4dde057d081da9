"""The fake provider plugins, under the real engine, on the real servers."""

import base64
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random
import pulumi_vault
import pytest
from kubernetes import client, config
from pulumi import automation
from pulumi.automation._stack import StackInitMode

from sandbox.engine import DrivenStack
from sandbox.plugins import PROVIDERS, _serve_fakes
from sandbox.running import Sandbox
from tests.support.sandboxed import step_of

pytestmark = pytest.mark.integration

CANARY = "canary-5d0c7e1f"
OTHER = "second-canary-93ab"


class Stack:
    """A stack of an inline program, on the sandbox's servers."""

    def __init__(self, world: Sandbox, home: Path, environment: dict[str, str]) -> None:
        self.world = world
        self._state = home / "state"
        self.said: list[str] = []
        self.program: Callable[[], None] = lambda: None
        workspace = automation.LocalWorkspace(
            work_dir=str(home),
            pulumi_home=str(home / "home"),
            env_vars=environment,
            program=self._call,
            project_settings=automation.ProjectSettings(name="providers", runtime="python"),
            pulumi_command=automation.PulumiCommand(str(world.tools.path("pulumi").parent.parent)),
        )
        self._stack = DrivenStack("test", workspace, StackInitMode.CREATE)

    def _call(self) -> None:
        self.program()

    def run(self, operation: str, program: Callable[[], None] | None = None, **options: Any) -> set[str]:
        """What `operation` does, as `operation name`, save what stays the same."""
        self.program = program or self.program
        seen: set[str] = set()

        def note(event: Any) -> None:
            metadata = step_of(event, operation)
            if metadata and metadata.op not in {"same", "read", "refresh"}:
                seen.add(f"{metadata.op.value} {metadata.urn.rpartition('::')[2]}")

        getattr(self._stack, operation)(on_event=note, on_output=self.said.append, **options)
        return seen

    def fails(self, program: Callable[[], None]) -> str:
        """What `up` says when everything that can fail has failed."""
        with pytest.raises(automation.CommandError):
            self.run("up", program, continue_on_error=True)
        return "".join(self.said)

    @property
    def state(self) -> str:
        """The state file, as it is on disk."""
        return "".join(file.read_text() for file in self._state.rglob("*") if file.is_file())

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        return {name: output.value for name, output in automation.Stack.outputs(self._stack).items()}


@pytest.fixture(scope="module")
def fakes(world: Sandbox) -> Iterator[str]:
    """The fakes with their ports, where official plugins can be had too."""
    with _serve_fakes(PROVIDERS, {**os.environ, "VAULT_TOKEN": world.vault.token}) as ports:
        yield ",".join(f"{name}:{port}" for name, port in ports.items())


@pytest.fixture
def stack(world: Sandbox, tmp_path: Path, fakes: str) -> Iterator[Stack]:
    environment = {
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "of a test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "VAULT_TOKEN": world.vault.token,
        "PULUMI_DEBUG_PROVIDERS": fakes,
    }
    (tmp_path / "state").mkdir()
    made = Stack(world, tmp_path, environment)
    yield made
    made.run("destroy")


@pytest.fixture
def cluster(world: Sandbox) -> client.CoreV1Api:
    return client.CoreV1Api(config.new_client_from_config(str(world.api_server.kubeconfig)))


def providers(world: Sandbox) -> tuple[pulumi.ResourceOptions, pulumi.ResourceOptions]:
    cluster = k8s.Provider(
        "cluster",
        kubeconfig=str(world.api_server.kubeconfig),
        namespace="prov-a",
        enable_secret_mutable=True,
    )
    vault = pulumi_vault.Provider(
        "vault",
        address=world.vault.address,
        token=pulumi.Output.secret(world.vault.token),
        ca_cert_file=str(world.authority.certificate),
        skip_child_token=True,
    )
    return pulumi.ResourceOptions(provider=cluster), pulumi.ResourceOptions(provider=vault)


def everything(world: Sandbox, *, value: str = CANARY, image: str = "a", audience: str | None = "x") -> None:
    on_cluster, on_vault = providers(world)
    space = k8s.core.v1.Namespace("space", metadata={"name": "prov-a"}, opts=on_cluster)
    there = pulumi.ResourceOptions.merge(on_cluster, pulumi.ResourceOptions(depends_on=[space]))
    k8s.core.v1.Secret("secret", string_data={"password": value}, opts=there)
    account = k8s.core.v1.ServiceAccount("account", metadata={"name": "account"}, opts=there)
    token = k8s.core.v1.Secret(
        "token",
        type="kubernetes.io/service-account-token",
        metadata={"annotations": {"kubernetes.io/service-account.name": account.metadata["name"]}},
        opts=there,
    )
    pod = {"labels": {"app": "app"}}
    k8s.apps.v1.Deployment(
        "app",
        metadata={"annotations": {"pulumi.com/skipAwait": "true"}},
        spec={
            "selector": {"match_labels": pod["labels"]},
            "template": {
                "metadata": pod,
                "spec": {
                    "containers": [{"name": "app", "image": image, "resources": {"limits": {"cpu": "1000m"}}}],
                },
            },
        },
        opts=there,
    )
    password = pulumi_random.RandomPassword("password", length=24)
    mount = pulumi_vault.Mount("mount", path="prov", type="kv", options={"version": "2"}, opts=on_vault)
    behind = pulumi.ResourceOptions.merge(on_vault, pulumi.ResourceOptions(depends_on=[mount]))
    document = pulumi.Output.json_dumps({"password": password.result, "value": value})
    pulumi_vault.kv.SecretV2("kv", mount=mount.path, name="kv", data_json=document, opts=behind)
    pulumi_vault.Policy("policy", name="prov", policy='path "prov/data/kv" { capabilities = ["read"] }', opts=on_vault)
    auth = pulumi_vault.AuthBackend("auth", type="kubernetes", path="prov", opts=on_vault)
    pulumi_vault.kubernetes.AuthBackendConfig(
        "config",
        backend=auth.path,
        kubernetes_host="https://127.0.0.1:1",
        disable_local_ca_jwt=True,
        token_reviewer_jwt=token.data["token"].apply(lambda encoded: base64.b64decode(encoded).decode()),
        opts=on_vault,
    )
    pulumi_vault.kubernetes.AuthBackendRole(
        "role",
        backend=auth.path,
        role_name="role",
        bound_service_account_names=["b", "a"],
        bound_service_account_namespaces=["prov-a"],
        token_policies=["prov", "default"],
        token_ttl=600,
        audience=audience,
        opts=on_vault,
    )


def test_a_stack_lives_its_whole_life(stack: Stack, cluster: client.CoreV1Api) -> None:
    world = stack.world
    vault = world.vault.client()

    previewed = stack.run("preview", lambda: everything(world))
    assert "create kv" in previewed
    assert "prov/" not in vault.sys.list_mounted_secrets_engines()["data"]

    assert stack.run("up") == previewed
    kv = vault.secrets.kv.v2.read_secret_version("kv", mount_point="prov", raise_on_deleted_version=True)["data"]
    assert kv["data"]["value"] == CANARY
    assert len(kv["data"]["password"]) == 24
    secrets = {item.metadata.name: item for item in cluster.list_namespaced_secret("prov-a").items}
    (token,) = [item for item in secrets.values() if item.type == "kubernetes.io/service-account-token"]
    hidden = [CANARY, kv["data"]["password"], token.data["token"], base64.b64decode(token.data["token"]).decode()]
    hidden += [base64.b64encode(CANARY.encode()).decode(), world.vault.token]

    assert stack.run("preview") == set()
    assert stack.run("refresh") == set()
    assert stack.run("preview") == set()

    changed = stack.run("up", lambda: everything(world, value=OTHER, image="b", audience=None))
    assert changed == {"update secret", "update kv", "update app", "update role"}
    role = vault.auth.kubernetes.read_role("role", mount_point="prov")
    assert role.get("audience", "") == ""
    assert stack.run("preview") == set()

    reported = "".join(stack.said) + stack.state
    assert not [value for value in [*hidden, OTHER] if value in reported]

    stack.run("destroy")
    assert "prov/" not in vault.sys.list_mounted_secrets_engines()["data"]
    assert "prov-a" not in {item.metadata.name for item in cluster.list_namespace().items}


def test_what_somebody_changes_or_deletes_is_found_and_mended(stack: Stack, cluster: client.CoreV1Api) -> None:
    world = stack.world
    vault = world.vault.client()
    stack.run("up", lambda: everything(world))
    vault.secrets.kv.v2.create_or_update_secret("kv", {"value": "other"}, mount_point="prov")
    vault.sys.delete_policy("prov")
    cluster.delete_namespaced_service_account("account", "prov-a")

    refreshed = stack.run("refresh")
    assert {"update policy", "delete account"} <= refreshed
    assert "update kv" not in refreshed  # the official plugin doesn't look
    stack.run("up")
    assert "prov" in vault.sys.list_acl_policies()["data"]["keys"]
    assert stack.run("preview") == set()


def test_what_cannot_change_is_replaced(stack: Stack, cluster: client.CoreV1Api) -> None:
    world = stack.world

    def program(kind: str, engine: str, role: str) -> None:
        on_cluster, on_vault = providers(world)
        first_gone = pulumi.ResourceOptions.merge(on_vault, pulumi.ResourceOptions(delete_before_replace=True))
        k8s.core.v1.Secret(
            "secret", type=kind, metadata={"name": "prov", "namespace": "default"}, data={"a": "Yg=="}, opts=on_cluster
        )
        k8s.rbac.v1.ClusterRoleBinding(
            "binding",
            metadata={"name": "prov"},
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            opts=on_cluster,
        )
        pulumi_vault.Mount("mount", path="prov-one", type=engine, opts=first_gone)

    stack.run("up", lambda: program("Opaque", "kv", "view"))
    done = stack.run("up", lambda: program("example.net/other", "transit", "edit"))

    assert {"replace secret", "replace binding", "replace mount"} <= done
    assert cluster.read_namespaced_secret("prov", "default").type == "example.net/other"
    mounts = stack.world.vault.client().sys.list_mounted_secrets_engines()["data"]
    assert mounts["prov-one/"]["type"] == "transit"
    assert stack.run("preview") == set()


def test_two_providers_of_one_package_keep_apart(stack: Stack, cluster: client.CoreV1Api) -> None:
    world = stack.world

    def program() -> None:
        for space in ("prov-one", "prov-two"):
            provider = k8s.Provider(space, kubeconfig=world.api_server.kubeconfig.read_text(), namespace=space)
            made = k8s.core.v1.Namespace(
                f"{space}-space", metadata={"name": space}, opts=pulumi.ResourceOptions(provider=provider)
            )
            k8s.core.v1.ConfigMap(
                f"{space}-map",
                metadata={"name": "map"},
                data={"space": space},
                opts=pulumi.ResourceOptions(provider=provider, depends_on=[made]),
            )

    stack.run("up", program)
    for space in ("prov-one", "prov-two"):
        assert cluster.read_namespaced_config_map("map", space).data == {"space": space}
    assert stack.run("preview") == set()


def test_an_object_that_is_not_ready_is_kept_and_mended(stack: Stack, cluster: client.CoreV1Api) -> None:
    world = stack.world

    def program(name: str) -> None:
        on_cluster, _ = providers(world)
        short = pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="2s", update="2s"))
        k8s.core.v1.Secret(
            "token",
            type="kubernetes.io/service-account-token",
            metadata={
                "name": "prov-token",
                "namespace": "default",
                # A skipped wait would be the same object: nothing but the waiting differs.
                "annotations": {"kubernetes.io/service-account.name": "default", "pulumi.com/skipAwait": name},
            },
            opts=pulumi.ResourceOptions.merge(on_cluster, short),
        )
        k8s.core.v1.Pod(
            "pod",
            metadata={
                "name": "prov-pod",
                "namespace": "default",
                "annotations": {"pulumi.com/skipAwait": name},
            },
            spec={"containers": [{"name": "a", "image": "a"}]},
            opts=pulumi.ResourceOptions.merge(on_cluster, short),
        )

    said = stack.fails(lambda: program("false"))
    assert "Pod default/prov-pod is not ready" in said
    assert "prov-pod" in stack.state
    assert stack.run("up", lambda: program("true")) >= {"update pod"}
    assert stack.run("preview") == set()


def test_errors_are_for_people_and_hold_no_value(stack: Stack) -> None:
    world = stack.world

    def program() -> None:
        on_cluster, on_vault = providers(world)
        k8s.core.v1.Secret(
            "nowhere", metadata={"name": "a", "namespace": "nowhere"}, string_data={"a": CANARY}, opts=on_cluster
        )
        k8s.core.v1.Secret("quoted", metadata={"namespace": "default"}, data={"a": f"{CANARY}!"}, opts=on_cluster)
        k8s.apiextensions.CustomResource(
            "unknown", api_version="example.net/v1", kind="Nothing", metadata={"name": "a"}, opts=on_cluster
        )
        pulumi_vault.kv.SecretV2(
            "nomount", mount="nomount", name="a", data_json=json.dumps({"a": CANARY}), opts=on_vault
        )
        pulumi_vault.Mount("taken", path="sys", type="kv", opts=on_vault)

    said = stack.fails(program)

    reported = said.replace("\\", "")
    assert 'was not successfully created by the Kubernetes API server: namespaces "nowhere" not found' in reported
    assert 'no matches for kind "Nothing" in version "example.net/v1"' in reported
    assert "can't write nomount/data/a" in said
    assert "path is already in use at sys/" in said
    assert CANARY not in said
    assert base64.b64encode(CANARY.encode()).decode() not in said
    assert "Traceback" not in said


def test_a_vault_mount_that_exists_is_not_adopted_and_a_policy_is(stack: Stack) -> None:
    vault = stack.world.vault.client()
    vault.sys.create_or_update_policy("prov-taken", 'path "a" { capabilities = ["read"] }')
    vault.sys.enable_secrets_engine("kv", path="prov-taken")

    def program() -> None:
        _, on_vault = providers(stack.world)
        pulumi_vault.Policy("policy", name="prov-taken", policy='path "b" { capabilities = ["read"] }', opts=on_vault)
        pulumi_vault.Mount("mount", path="prov-taken", type="kv", opts=on_vault)

    try:
        assert "path is already in use at prov-taken/" in stack.fails(program)
        assert 'path "b"' in vault.sys.read_acl_policy("prov-taken")["data"]["policy"]
    finally:
        vault.sys.disable_secrets_engine("prov-taken")


def test_a_live_object_can_be_imported(stack: Stack, cluster: client.CoreV1Api) -> None:
    cluster.create_namespaced_config_map("default", {"metadata": {"name": "prov-found"}, "data": {"a": "b"}})

    def program(import_: str | None) -> None:
        on_cluster, _ = providers(stack.world)
        options = pulumi.ResourceOptions.merge(on_cluster, pulumi.ResourceOptions(import_=import_))
        k8s.core.v1.ConfigMap(
            "found", metadata={"name": "prov-found", "namespace": "default"}, data={"a": "b"}, opts=options
        )

    assert "import found" in stack.run("up", lambda: program("default/prov-found"))
    assert stack.run("preview", lambda: program(None)) == set()
