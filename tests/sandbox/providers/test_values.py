"""Values across the provider protocol."""

from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from sandbox.providers.values import UNKNOWN, Secret, decode, encode, known, plain, secret_like

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4) | inner.map(Secret)
    ),
    max_leaves=15,
)


@given(st.dictionaries(st.text(max_size=5), JSON))
def test_values_come_back_as_they_went(properties: dict[str, Any]) -> None:
    assert decode(encode(properties)) == properties


@given(st.dictionaries(st.text(max_size=5), JSON))
def test_marks_put_on_plain_values_are_the_ones_that_were_taken_off(properties: dict[str, Any]) -> None:
    assert plain(secret_like(plain(properties), properties)) == plain(properties)
    assert encode(secret_like(plain(properties), properties)) == encode(_outermost(properties))


def _outermost(value: Any) -> Any:
    if isinstance(value, Secret):
        return Secret(plain(value))
    if isinstance(value, dict):
        return {key: _outermost(item) for key, item in value.items()}
    return [_outermost(item) for item in value] if isinstance(value, list) else value


def test_an_unknown_is_found_wherever_it_is() -> None:
    assert not known({"a": [Secret({"b": UNKNOWN})]})
    assert known({"a": [Secret({"b": "c"})]})


def test_a_secret_does_not_show_itself() -> None:
    assert "hunter2" not in repr({"password": Secret("hunter2")})


def test_an_asset_is_refused() -> None:
    struct = struct_pb2.Struct()
    struct.update({"file": {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", "text": "x"}})
    with pytest.raises(ValueError, match="assets"):
        decode(struct)
