"""Whose fields an object's are."""

from typing import Any

from sandbox.providers.field_managers import merge_managers

NAME = "pulumi-kubernetes"


def entry(manager: str, operation: str, *fields: str, **more: str) -> dict[str, Any]:
    data = {f"f:{field}": {} for field in fields}
    return {"manager": manager, "operation": operation, "fieldsV1": {"f:data": {".": {}, **data}}, **more}


def test_what_was_created_and_what_was_applied_are_one_managers() -> None:
    before = [entry(NAME, "Update", "a"), entry("somebody", "Update", "b"), entry(NAME, "Apply", "c")]

    assert merge_managers(before, NAME) == [entry(NAME, "Apply", "c", "a"), entry("somebody", "Update", "b")]


def test_kubectls_fields_are_taken_over_and_nobody_elses() -> None:
    others = [entry("gitops", "Apply", "b"), entry("kube-controller-manager", "Update", "c")]

    assert merge_managers([entry("kubectl", "Apply", "a"), *others], NAME) == [entry(NAME, "Apply", "a"), *others]
    assert merge_managers(others, NAME) == others


def test_a_status_stays_whose_it_is() -> None:
    status = entry(NAME, "Update", "a", subresource="status")

    assert merge_managers([status], NAME) == [status]
