"""Charts as files, and values against their schemas."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.components.errors import ChartError
from strongroom.components.helm.chart_file import check_values, deep_merge, load_chart, read_chart
from strongroom.components.helm.charts import CHARTS, Chart
from strongroom.components.helm.release import PlannedRelease, declare_release, list_release_issues
from tests.support.recording import Declare

RELEASE = "kubernetes:helm.sh/v3:Release"
SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {
        "replicas": {"type": "integer", "minimum": 1},
        "mode": {"enum": ["on", "off"]},
        "image": {"type": "object", "additionalProperties": False, "properties": {"tag": {"type": "string"}}},
    },
    "required": ["mode"],
}
DEFAULTS = "replicas: 1\nmode: 'on'\nimage: {tag: v1}\n"
CANARY = "canary-2b7f"


def chart_at(place: Path, *, name: str = "small", version: str = "1.2.3", schema: Any = SCHEMA) -> str:
    place.mkdir()
    (place / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: {version}\n")
    (place / "values.yaml").write_text(DEFAULTS)
    if schema is not None:
        (place / "values.schema.json").write_text(json.dumps(schema))
    return str(place)


def packed(directory: str, target: Path, *, folder: str = "small") -> str:
    with tarfile.open(target, "w:gz") as archive:
        archive.add(directory, folder)
    return str(target)


def chart(path: str, **other: Any) -> Chart:
    return Chart(name="small", repository="https://charts.example.net", version="1.2.3", path=path, **other)


def test_every_chart_is_pinned_by_repository_version_and_where_there_is_one_digest() -> None:
    assert set(CHARTS) == {"secrets-store-csi-driver", "csi-secrets-store-provider-azure", "vault", "akv2k8s"}
    assert all(chart.repository.startswith("https://") and chart.version for chart in CHARTS.values())
    assert [name for name, chart in CHARTS.items() if len(chart.digest or "") != 64] == ["akv2k8s"]


def test_a_directory_and_an_archive_are_the_same_chart(tmp_path: Path) -> None:
    directory = chart_at(tmp_path / "small")
    of_directory, of_archive = read_chart(directory), read_chart(packed(directory, tmp_path / "small.tgz"))

    assert of_directory.schema == of_archive.schema == SCHEMA
    assert of_archive.defaults["image"] == {"tag": "v1"}
    assert (of_archive.name, of_archive.version) == ("small", "1.2.3")
    assert of_directory.digest is None
    assert len(of_archive.digest or "") == 64


def test_a_bundled_charts_schema_is_not_taken_for_its_own(tmp_path: Path) -> None:
    directory = chart_at(tmp_path / "small", schema=None)
    chart_at(tmp_path / "small" / "charts")

    assert read_chart(packed(directory, tmp_path / "small.tgz")).schema is None


@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x1f\x8b"])
def test_what_is_no_chart_is_reported(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "small.tgz").write_bytes(content)

    with pytest.raises(ChartError, match="is no chart"):
        read_chart(str(tmp_path / "small.tgz"))
    with pytest.raises(ChartError, match="can't be read"):
        read_chart(str(tmp_path / "nowhere.tgz"))


def test_an_archive_of_another_kind_is_no_chart(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "small.tgz", "w:gz") as archive:
        member = tarfile.TarInfo("small/values.yaml")
        member.size = 2
        archive.addfile(member, io.BytesIO(b"{}"))

    with pytest.raises(ChartError, match="is no chart"):
        read_chart(str(tmp_path / "small.tgz"))


def test_a_path_must_be_the_chart_that_it_replaces(tmp_path: Path) -> None:
    directory = chart_at(tmp_path / "small", version="2.0.0")

    with pytest.raises(ChartError, match=r"is small 2\.0\.0, not small 1\.2\.3"):
        load_chart(chart(directory))


def test_an_archive_must_have_the_digest_that_is_pinned(tmp_path: Path) -> None:
    archive = packed(chart_at(tmp_path / "small"), tmp_path / "small.tgz")
    digest = read_chart(archive).digest

    assert load_chart(chart(archive, digest=digest))
    with pytest.raises(ChartError, match=f"has the SHA-256 {digest}, not {'0' * 64}"):
        load_chart(chart(archive, digest="0" * 64))


@pytest.mark.parametrize(
    ("values", "reported"),
    [
        ({}, []),
        ({"replicas": 3, "image": {"tag": "v2"}}, []),
        ({"replicas": "three"}, ["replicas must be of type integer"]),
        ({"replicas": 0}, ["replicas breaks the rule minimum: 1"]),
        ({"mode": CANARY}, ["mode must be one of on, off"]),
        ({"mode": None}, ["the top level lacks a required key, of mode"]),
        ({"image": {"pull": CANARY}}, ["image has a key that the chart doesn't know; it knows tag"]),
        (
            {"image": {"tag": 1}, "replicas": CANARY},
            ["image.tag must be of type string", "replicas must be of type integer"],
        ),
    ],
)
def test_values_are_held_against_the_schema_over_the_charts_defaults(
    tmp_path: Path, values: dict[str, Any], reported: list[str]
) -> None:
    found = check_values(read_chart(chart_at(tmp_path / "small")), values)

    assert found == reported
    assert CANARY not in str(found)


@pytest.mark.parametrize(
    "schema", [{"type": 5}, {"properties": {"mode": {"$ref": "https://schemas.example.net/elsewhere.json"}}}]
)
def test_a_schema_that_cannot_be_used_is_reported_and_nothing_is_fetched(tmp_path: Path, schema: Any) -> None:
    with pytest.raises(ChartError, match=r"small 1\.2\.3 has a schema that can't be used"):
        check_values(read_chart(chart_at(tmp_path / "small", schema=schema)), {})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=8,
)
MAPPINGS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


@given(MAPPINGS, MAPPINGS)
def test_what_is_laid_over_wins_and_the_rest_stays(below: dict[str, Any], above: dict[str, Any]) -> None:
    made = deep_merge(below, above)

    assert set(made) == {*below, *above}
    assert deep_merge(made, above) == made
    assert all(made[key] == value for key, value in above.items() if not isinstance(value, dict))
    assert all(made[key] == value for key, value in below.items() if key not in above)


def test_null_over_a_default_takes_it_away() -> None:
    assert deep_merge({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, removing=True) == {"a": {"c": 2}}


def test_a_release_with_values_that_do_not_fit_is_never_declared(declare: Declare, tmp_path: Path) -> None:
    small = chart(chart_at(tmp_path / "small"), values={"replicas": "two"})
    planned = PlannedRelease("mine", small, "default", {"mode": "off"})

    assert list_release_issues(planned) == ["replicas must be of type integer"]
    with pytest.raises(ChartError, match="chart small: replicas must be of type integer"):
        declare(lambda: declare_release(planned, pulumi.ResourceOptions()))


def test_a_release_that_somebody_else_makes_ready_is_not_waited_for(declare: Declare) -> None:
    planned = PlannedRelease(
        "mine", Chart(name="small", repository="https://charts.example.net", version="1.2.3"), "default", {}
    )

    def waiting(wait: bool) -> tuple[bool, bool]:
        inputs = declare(lambda: declare_release(planned, pulumi.ResourceOptions(), wait=wait)).one(RELEASE).inputs
        return inputs["atomic"], inputs["skipAwait"]

    assert waiting(True) == (True, False)
    assert waiting(False) == (False, True)


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ({}, {"chart": "small", "version": "1.2.3", "repositoryOpts": {"repo": "https://charts.example.net"}}),
        (
            {"repository": "oci://registry.example.net/charts"},
            {"chart": "oci://registry.example.net/charts/small", "version": "1.2.3"},
        ),
    ],
)
def test_a_chart_comes_from_its_repository_or_a_registry(
    declare: Declare, place: dict[str, str], source: dict[str, Any]
) -> None:
    small = Chart(**{"name": "small", "repository": "https://charts.example.net", "version": "1.2.3", **place})
    inputs = (
        declare(lambda: declare_release(PlannedRelease("mine", small, "x", {}), pulumi.ResourceOptions()))
        .one(RELEASE)
        .inputs
    )

    assert {key: inputs[key] for key in inputs if key in {"chart", "version", "repositoryOpts"}} == source


def test_a_chart_at_a_path_is_installed_from_there_with_the_stacks_own_values_on_top(
    declare: Declare, tmp_path: Path
) -> None:
    small = chart(chart_at(tmp_path / "small"), values={"image": {"tag": "mirror"}})
    planned = PlannedRelease("mine", small, "x", {"mode": "off", "image": {"tag": "v9"}})
    inputs = declare(lambda: declare_release(planned, pulumi.ResourceOptions())).one(RELEASE).inputs

    assert inputs["chart"] == small.path
    assert "version" not in inputs
    assert inputs["values"] == {"mode": "off", "image": {"tag": "mirror"}}
