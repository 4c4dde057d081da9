"""Which pods and ReplicaSets are a workload's."""

from types import SimpleNamespace
from typing import Any

from strongroom.ops.cluster.selection import list_pods, list_replica_sets
from strongroom.ops.pulumi.stack import DeployedWorkload


def workload(**fields: Any) -> DeployedWorkload:
    return DeployedWorkload.model_construct(
        **{"name": "orders", "namespace": "shop", "service_account": "orders", "secret_provider_class": "orders"},
        **fields,
    )


def spec(account: str, provider_class: str | None) -> Any:
    csi = SimpleNamespace(driver="secrets-store.csi.k8s.io", volume_attributes={"secretProviderClass": provider_class})
    volumes = [SimpleNamespace(csi=None), SimpleNamespace(csi=csi if provider_class else None)]
    return SimpleNamespace(service_account_name=account, volumes=volumes)


def replica_set(*given: Any) -> Any:
    return SimpleNamespace(spec=SimpleNamespace(template=SimpleNamespace(spec=spec(*given))))


class Api:
    """The pods and ReplicaSets of a namespace, and how they were asked for."""

    def __init__(self, *items: Any) -> None:
        self.items = items
        self.asked: list[Any] = []

    def list_namespaced_pod(self, namespace: str, **selector: str) -> Any:
        self.asked.append((namespace, selector))
        return self

    list_namespaced_replica_set = list_namespaced_pod


def test_own_pods_are_selected_by_their_label() -> None:
    api: Any = Api("pod")

    assert list_pods(api, workload()) == list_replica_sets(api, workload()) == ["pod"]
    label = "app.kubernetes.io/name=orders"
    assert api.asked == [
        ("shop", {"field_selector": None, "label_selector": label}),
        ("shop", {"label_selector": label}),
    ]


def test_pods_of_others_are_those_that_run_as_its_account_with_its_class() -> None:
    mine, other = SimpleNamespace(spec=spec("orders", "orders")), SimpleNamespace(spec=spec("orders", "refunds"))
    api: Any = Api(mine, other, SimpleNamespace(spec=spec("orders", None)))

    assert list_pods(api, workload(pod={})) == [mine]
    assert api.asked == [("shop", {"field_selector": "spec.serviceAccountName=orders", "label_selector": None})]
    assert list_pods(api, workload(pod={}, delivery="agent-injector")) == list(api.items)


def test_replica_sets_of_others_are_found_by_their_template() -> None:
    mine = replica_set("orders", "orders")
    api: Any = Api(mine, replica_set("default", "orders"), replica_set("orders", None))

    assert list_replica_sets(api, workload(pod={})) == [mine]
    assert api.asked == [("shop", {"label_selector": None})]
