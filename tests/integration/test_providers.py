"""The stand-ins, driven by the real engine against the real servers."""

from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random
import pulumi_vault
import pytest
from pulumi import automation
from pulumi.automation import OpType

from sandbox.engine import Engine
from sandbox.plugins import attached
from sandbox.progress import Reporter
from sandbox.world import World

pytestmark = pytest.mark.integration

Program = Callable[[], None]
RULES = 'path "nothing" { capabilities = ["read"] }'


class Driver:
    """Runs programs as one stack."""

    def __init__(self, world: World, environment: dict[str, str], work_dir: str) -> None:
        self._pulumi = world.tools.path("pulumi")
        self._environment = environment
        self._work_dir = work_dir

    def stack(self, program: Program) -> automation.Stack:
        return automation.create_or_select_stack(
            "probe",
            project_name="probe",
            program=program,
            opts=automation.LocalWorkspaceOptions(
                work_dir=self._work_dir,
                env_vars=self._environment,
                pulumi_command=automation.PulumiCommand(str(self._pulumi.parent.parent)),
            ),
        )

    def run(self, operation: str, program: Program) -> dict[str, OpType]:
        """What `operation` does to each resource but providers and the stack, by name."""
        steps: dict[str, OpType] = {}

        def note(event: Any) -> None:
            if event.resource_pre_event:
                metadata = event.resource_pre_event.metadata
                if not metadata.type.startswith("pulumi:"):
                    steps[metadata.urn.rpartition("::")[2]] = metadata.op

        getattr(self.stack(program), operation)(on_event=note)
        return steps


@pytest.fixture
def driver(world: World, tmp_path: Any) -> Iterator[Driver]:
    environment = {**Engine(world, Reporter()).environment(), "PULUMI_BACKEND_URL": f"file://{tmp_path}"}
    with attached(world.tools.path("pulumi"), world.state / "pulumi" / "home", environment, {}, Reporter()) as plugins:
        made = Driver(world, {**environment, **plugins}, str(tmp_path))
        yield made
        made.run("destroy", lambda: None)


def on_cluster(world: World) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(provider=kubernetes.Provider("cluster", kubeconfig=str(world.api_server.kubeconfig)))


def in_vault(world: World, name: str = "vault") -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(
        provider=pulumi_vault.Provider(name, address=world.vault.address, ca_cert_file=str(world.authority.certificate))
    )


def test_objects_are_created_changed_replaced_and_removed(driver: Driver, world: World) -> None:
    def program(data: str, kind: str, annotations: dict[str, str] | None = None) -> Program:
        def body() -> None:
            opts = on_cluster(world)
            metadata = {"name": "map", "annotations": annotations or {}}
            kubernetes.core.v1.ConfigMap("map", metadata=metadata, data={"a": data}, opts=opts)
            kubernetes.core.v1.Secret(
                "secret", metadata={"name": "secret"}, type=kind, string_data={"k": "v"}, opts=opts
            )

        return body

    core = world.api_server.core()
    first, second = program("1", "Opaque"), program("2", "example.net/other")

    assert set(driver.run("preview", first).values()) == {OpType.CREATE}
    assert set(driver.run("up", first).values()) == {OpType.CREATE}
    assert set(driver.run("preview", first).values()) == {OpType.SAME}
    steps = driver.run("up", second)
    assert steps["map"] == OpType.UPDATE
    assert core.read_namespaced_config_map("map", "default").data == {"a": "2"}
    assert core.read_namespaced_secret("secret", "default").type == "example.net/other"

    core.patch_namespaced_config_map("map", "default", {"data": {"a": "drifted"}})
    driver.run("refresh", second)
    with pytest.raises(automation.CommandError, match="Apply failed with 1 conflict"):
        driver.run("up", second)
    second = program("2", "example.net/other", {"pulumi.com/patchForce": "true"})
    assert driver.run("up", second)["map"] == OpType.UPDATE
    assert core.read_namespaced_config_map("map", "default").data == {"a": "2"}

    core.delete_namespaced_config_map("map", "default")
    driver.run("refresh", second)
    assert driver.run("up", second)["map"] == OpType.CREATE

    driver.run("destroy", second)
    assert "map" not in [item.metadata.name for item in core.list_namespaced_config_map("default").items]


def test_an_object_without_a_name_keeps_the_one_it_was_given(driver: Driver, world: World) -> None:
    def body() -> None:
        pulumi.export("name", kubernetes.core.v1.ConfigMap("Some Map", opts=on_cluster(world)).metadata.name)

    driver.run("up", body)
    name = driver.stack(body).outputs()["name"].value
    assert name.startswith("some-map-")
    assert set(driver.run("up", body).values()) == {OpType.SAME}


def test_a_long_lived_token_is_waited_for_and_secret(driver: Driver, world: World) -> None:
    def body() -> None:
        opts = on_cluster(world)
        account = kubernetes.core.v1.ServiceAccount("bot", metadata={"name": "bot"}, opts=opts)
        token = kubernetes.core.v1.Secret(
            "bot",
            type="kubernetes.io/service-account-token",
            metadata={"name": "bot", "annotations": {"kubernetes.io/service-account.name": account.metadata.name}},
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["data"])),
        )
        pulumi.export("token", token.data.apply(lambda data: data["token"]))

    driver.run("preview", body)
    driver.run("up", body)
    output = driver.stack(body).outputs()["token"]
    assert output.secret
    assert output.value


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"containers": []}, "spec.containers: Required value"),
        ({"containers": [{"name": "A B", "image": "x"}]}, "Invalid value"),
    ],
)
def test_what_the_api_server_refuses_is_told_in_its_words(
    driver: Driver, world: World, spec: dict[str, Any], told: str
) -> None:
    def body() -> None:
        kubernetes.core.v1.Pod("pod", metadata={"name": "pod"}, spec=spec, opts=on_cluster(world))  # type: ignore[arg-type]

    with pytest.raises(automation.CommandError) as caught:
        driver.run("up", body)
    assert "can't apply Pod default/pod" in str(caught.value)
    assert told in str(caught.value)


def test_a_kind_that_the_cluster_does_not_know_is_named(driver: Driver, world: World) -> None:
    def body() -> None:
        kubernetes.apiextensions.CustomResource(
            "odd", api_version="example.net/v1", kind="Odd", metadata={"name": "odd"}, opts=on_cluster(world)
        )

    with pytest.raises(automation.CommandError, match=r"the cluster knows no Odd in example\.net/v1"):
        driver.run("up", body)


def test_two_providers_of_one_package_keep_apart(driver: Driver, world: World) -> None:
    def body() -> None:
        nowhere = pulumi_vault.Provider("nowhere", address="https://127.0.0.1:9", token="none")
        pulumi_vault.Policy("here", name="here", policy=RULES, opts=in_vault(world))
        pulumi_vault.Policy("there", name="there", policy=RULES, opts=pulumi.ResourceOptions(provider=nowhere))

    with pytest.raises(automation.CommandError) as caught:
        driver.run("up", body)
    assert "Vault at https://127.0.0.1:9 can't be reached" in str(caught.value)
    assert "here" in world.vault.client().sys.list_acl_policies()["data"]["keys"]


def test_a_mount_that_exists_is_refused_rather_than_taken_over(driver: Driver, world: World) -> None:
    vault = world.vault.client()
    vault.sys.enable_secrets_engine("kv", path="taken")

    def body() -> None:
        pulumi_vault.Mount("mount", path="taken", type="kv", opts=in_vault(world))

    try:
        with pytest.raises(automation.CommandError, match="sys/mounts/taken exists already"):
            driver.run("up", body)
    finally:
        vault.sys.disable_secrets_engine("taken")


def test_a_value_changed_in_the_store_is_seen_by_refresh_and_put_back(driver: Driver, world: World) -> None:
    def body() -> None:
        opts = in_vault(world)
        mount = pulumi_vault.Mount("kv", path="probe", type="kv", options={"version": "2"}, opts=opts)
        after_mount = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[mount]))
        pulumi_vault.kv.SecretV2(
            "object", mount="probe", name="o", data_json=pulumi.Output.secret('{"k": "declared"}'), opts=after_mount
        )

    driver.run("up", body)
    vault = world.vault.client().secrets.kv.v2
    vault.create_or_update_secret("o", {"k": "other"}, mount_point="probe")
    driver.run("refresh", body)
    assert driver.run("up", body)["object"] == OpType.UPDATE
    answer = vault.read_secret_version("o", mount_point="probe", raise_on_deleted_version=True)
    assert answer["data"]["data"] == {"k": "declared"}


def test_a_password_is_kept_until_its_settings_change(driver: Driver, tmp_path: Any) -> None:
    def program(length: int) -> Program:
        def body() -> None:
            pulumi.export("password", pulumi_random.RandomPassword("p", length=length).result)

        return body

    def password(length: int) -> str:
        driver.run("up", program(length))
        output = driver.stack(program(length)).outputs()["password"]
        assert output.secret
        return output.value

    first = password(20)
    assert password(20) == first
    second = password(24)
    assert second != first
    state = "".join(file.read_text() for file in tmp_path.rglob("*.json"))
    assert first not in state
    assert second not in state
