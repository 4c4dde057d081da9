"""The components' own check of the restricted standard, beside the policy pack's."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from strongroom.components.kubernetes.pod_security import list_violations
from strongroom.policy.rules import Declared
from strongroom.policy.rules.restricted import check_restricted

SWITCH = some.sampled_from([None, True, False])
CONTEXT = some.fixed_dictionaries(
    {},
    optional={
        "allowPrivilegeEscalation": SWITCH,
        "capabilities": some.fixed_dictionaries(
            {},
            optional={
                "add": some.lists(some.sampled_from(["NET_BIND_SERVICE", "CHOWN", "SYS_ADMIN"]), max_size=2),
                "drop": some.lists(some.sampled_from(["ALL", "KILL"]), max_size=2),
            },
        ),
        "privileged": SWITCH,
        "procMount": some.sampled_from(["Default", "Unmasked"]),
        "runAsNonRoot": SWITCH,
        "runAsUser": some.sampled_from([0, 1000]),
        "seccompProfile": some.sampled_from(["RuntimeDefault", "Localhost", "Unconfined"]).map(
            lambda one: {"type": one}
        ),
    },
)
CONTAINER = some.fixed_dictionaries(
    {"name": some.just("app")},
    optional={
        "ports": some.lists(
            some.sampled_from([{"containerPort": 80}, {"containerPort": 80, "hostPort": 80}]), max_size=1
        ),
        "securityContext": CONTEXT,
    },
)
VOLUME = some.sampled_from(["emptyDir", "csi", "hostPath", "nfs"]).map(lambda kind: {"name": "a", kind: {}})
POD = some.fixed_dictionaries(
    {"containers": some.lists(CONTAINER, min_size=1, max_size=2)},
    optional={
        "hostIPC": SWITCH,
        "hostNetwork": SWITCH,
        "initContainers": some.lists(CONTAINER, max_size=1),
        "securityContext": some.fixed_dictionaries(
            {},
            optional={
                "runAsNonRoot": SWITCH,
                "runAsUser": some.sampled_from([0, 1000]),
                "seccompProfile": some.just({"type": "RuntimeDefault"}),
                "sysctls": some.just([{"name": "kernel.msgmax", "value": "1"}]),
            },
        ),
        "volumes": some.lists(VOLUME, max_size=2),
    },
)


@given(POD)
def test_the_component_and_the_policy_pack_agree_on_what_is_restricted(spec: dict[str, Any]) -> None:
    pod = Declared("kubernetes:core:Pod", "orders", {"spec": spec})

    assert bool(list(list_violations(spec, "restricted"))) == bool(list(check_restricted(pod, {})))


@given(POD)
def test_each_level_forbids_what_a_weaker_one_does(spec: dict[str, Any]) -> None:
    restricted, baseline, privileged = (
        list(list_violations(spec, level)) for level in ("restricted", "baseline", "privileged")
    )

    assert privileged == []
    assert not baseline or restricted
