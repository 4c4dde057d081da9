"""What the kubernetes stand-in waits for by a program's own word."""

from typing import Any

import pytest

from sandbox.providers.kubernetes import _is_settled


def pod(**annotations: str) -> dict[str, Any]:
    return {"kind": "Pod", "metadata": {"uid": "7", "annotations": annotations}, "status": {"phase": "Pending"}}


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        (None, False),
        ("jsonpath={.metadata.uid}", True),
        ("jsonpath={.metadata.absent}", False),
        ("jsonpath={.metadata.uid.below}", False),
        ("jsonpath={.status.phase}=Pending", True),
        ("jsonpath={.status.phase}=Running", False),
    ],
)
def test_a_pod_that_is_not_ready_is_waited_for_unless_something_else_is(condition: str | None, met: bool) -> None:
    assert _is_settled(pod(**{"pulumi.com/waitFor": condition} if condition else {})) is met
