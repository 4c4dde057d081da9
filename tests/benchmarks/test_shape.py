"""What both sides are measured with."""

import pytest

from benchmarks import shape


@pytest.mark.parametrize("count", [1, 30, 1_000, 2_000])
def test_a_workload_is_tried_with_as_many_others_however_many_there_are(count: int) -> None:
    found = shape.tried(count)

    assert len(found) == count
    assert {len(each["neighbours"]) for each in found} == {min(4, count - 1)}
    assert {len(each["others"]) for each in found} == {min(16, len(shape.teams(count)) - 1)}
    assert all(each["workload"] not in each["neighbours"] for each in found)
    assert all(each["workload"][0] not in each["others"] for each in found)
