"""What counts as a difference between what was deployed and what is found, and how it is shown."""

from typing import Any

import pytest

from strongroom.ops.pulumi.state import HIDDEN
from strongroom.ops.verify.difference import Difference, compare


def shown(expected: Any, found: Any, known: Any = None) -> list[str]:
    return [str(each) for each in compare(expected, found, known)]


def test_a_difference_names_field_expected_found_and_owner() -> None:
    assert str(Difference(("spec", "[orders]", "image"), "a", "b", "kubectl-edit")) == (
        'spec[orders].image: expected "a", found "b" (by kubectl-edit)'
    )


@pytest.mark.parametrize(("expected", "found"), [({}, None), ([], None), (None, {}), ("", None), ({"a": []}, {})])
def test_what_is_empty_and_what_is_absent_are_the_same(expected: Any, found: Any) -> None:
    assert shown(expected, found, {}) == []


@pytest.mark.parametrize(("expected", "found"), [(False, None), (0, 1), (True, False), (None, True), ("a", "b")])
def test_what_is_off_is_not_what_is_absent(expected: Any, found: Any) -> None:
    assert len(shown({"a": expected}, {"a": found}, {})) == 1


def test_an_addition_counts_unless_it_is_known_with_its_value() -> None:
    known = {"dnsPolicy": {"ClusterFirst"}}

    assert shown({}, {"dnsPolicy": "ClusterFirst"}, known) == []
    assert shown({}, {"dnsPolicy": "Default"}, known) == ['dnsPolicy: expected nothing, found "Default"']
    assert shown({}, {"hostPID": True}, known) == ["hostPID: expected nothing, found true"]
    assert shown({}, {"hostPID": True}) == []
    assert shown({}, {"keys": ["data"]}, {"keys": {0}}) == ['keys[0]: expected nothing, found "data"']


def test_items_of_a_list_are_known_by_their_names() -> None:
    expected = [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]

    assert shown(expected, [*reversed(expected)], {}) == []
    assert shown(expected, [*expected, {"name": "c"}], {}) == ['[c]: expected nothing, found "c"']
    assert shown(expected, expected[:1], {}) == ['[b]: expected "b", found nothing']


def test_what_the_state_keeps_encrypted_is_not_compared() -> None:
    assert shown({"token": HIDDEN}, {"token": "other"}, {}) == []


def test_what_somebody_may_have_put_there_as_a_secret_is_not_shown() -> None:
    reported = shown([{"name": "A", "value": "x"}], [{"name": "A", "value": "canary"}], {})
    added = shown({"env": []}, {"env": [{"name": "B", "value": "canary"}]}, {})

    assert reported == ["[A].value: expected something, found something"]
    assert added == ['env[B]: expected nothing, found "B"']


@pytest.mark.parametrize("found", ["text", 5, ["list"], None])
def test_another_kind_of_value_is_a_difference_and_no_error(found: Any) -> None:
    assert len(shown({"spec": {"a": 1}}, {"spec": found}, {})) == 1
