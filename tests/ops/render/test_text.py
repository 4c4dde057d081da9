"""Manifests as YAML."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from strongroom.ops.render.text import of_yaml, to_yaml

OBJECTS = "array:\n  - |\n    objectName: db-pass\n    objectType: secret\n"


def manifest(**parameters: object) -> dict[str, object]:
    return {"spec": {"parameters": parameters}, "metadata": {"name": "orders"}, "kind": "Class", "apiVersion": "v1"}


@given(st.dictionaries(st.text(), st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(" \n:#-'\"yn0"))))
def test_any_string_comes_back_as_it_was(parameters: dict[str, str]) -> None:
    written = to_yaml(manifest(**{"p": parameters}))

    for read in (yaml.safe_load(written), *of_yaml(written)):
        assert read["spec"]["parameters"]["p"] == parameters


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_values_of_any_type_keep_it(value: object) -> None:
    assert of_yaml(to_yaml(manifest(p=value))) == [manifest(p=value)]


@pytest.mark.parametrize(
    "text",
    ["y", "N", "on", "No", "true", "null", "~", "", "1e3", "0o17", "1_000", "1:30", "2026-11-25", ".5", "<<", "="],
)
def test_a_string_that_some_reader_takes_for_something_else_is_quoted(text: str) -> None:
    assert f'p: "{text}"\n' in to_yaml(manifest(p=text))


@pytest.mark.parametrize(
    "text", ["busybox:1.36", "kubernetes.io/service-account-token", "/mnt/secrets-store", "yes-no"]
)
def test_a_string_that_nobody_mistakes_is_plain(text: str) -> None:
    assert f"p: {text}\n" in to_yaml(manifest(p=text))


def test_a_string_of_several_lines_is_a_block() -> None:
    assert to_yaml(manifest(objects=OBJECTS)).endswith(
        "    objects: |\n      array:\n        - |\n          objectName: db-pass\n          objectType: secret\n"
    )


def test_keys_come_in_one_order_and_nothing_is_an_alias() -> None:
    shared = ["a"]
    written = to_yaml(manifest(b=shared, a=shared))

    assert written == to_yaml(manifest(a=shared, b=shared))
    assert written.startswith("apiVersion: v1\nkind: Class\nmetadata:\n  name: orders\nspec:\n")
    assert "&" not in written


@pytest.mark.parametrize(
    ("text", "value"),
    [("2026-11-25", "2026-11-25"), ("1:30", "1:30"), ("y", True), ("0644", 420), ("1e3", 1000.0), ("=", "=")],
)
def test_what_charts_write_is_read_as_kubernetes_reads_it(text: str, value: object) -> None:
    assert of_yaml(f"---\n# Source: a\n---\nv: {text}\n---\n") == [{"v": value}]
