"""YAML inside a string is read as it was written, by Go too."""

import yaml
from hypothesis import given
from hypothesis import strategies as st

from strongroom.components.yaml import format_yaml
from strongroom.ops.pulumi.go_yaml import load_yaml
from tests.support.soak import bounded

SURPRISES = st.sampled_from(
    [
        *("1e3", "0x1F", "0o17", "0b1", "0644", "08", "1_000", "+5", "-0", "1.", ".5", "1:30", "2027-01-01", "=", "<<"),
        *("on", "No", "y", "N", "yes", "TRUE", "null", "Null", "~", "---", "...", "-", "--", "-1e3", ".inf", ".NaN"),
        *("0" * 32, "12345678901234567890123456789e12", "1e400", "18446744073709551616", "0_7", "- a", "a: b", "# a"),
        *("a\u2028b", "a\x85b", "\ufeffa", " a", "a ", "a\tb", "'", '"', "\\", "%a", "@a", "`a", "a\r\nb", "&a", "*a"),
    ]
)
PRINTED = st.characters(exclude_categories=["Cs"])


@bounded(25)
@given(st.dictionaries(st.text("abc", min_size=1), SURPRISES | st.text(PRINTED, max_size=12), max_size=3))
def test_text_is_read_as_it_was_written_by_python_and_by_go(value: dict[str, str]) -> None:
    written = format_yaml(value)

    assert yaml.safe_load(written) == value
    assert load_yaml(written) == value


@bounded(25)
@given(st.lists(SURPRISES | st.text(PRINTED, max_size=12), max_size=3))
def test_yaml_within_yaml_is_read_as_it_was_written(values: list[str]) -> None:
    outer = load_yaml(format_yaml({"array": [format_yaml({"name": value}) for value in values]}))

    assert [load_yaml(inner)["name"] for inner in outer["array"]] == values
