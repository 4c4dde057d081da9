"""What a release consists of."""

import hashlib
from pathlib import Path

import pytest

from scripts.release import ReleaseError, check_tag, read_notes, write_checksums
from strongroom.components.plugin.provider import VERSION


def test_a_tag_releases_the_version_of_the_code() -> None:
    assert check_tag(f"v{VERSION}") == VERSION


@pytest.mark.parametrize("tag", ["v9.9.9", VERSION, f"v{VERSION}-rc1", "main", ""])
def test_another_tag_is_refused(tag: str) -> None:
    with pytest.raises(ReleaseError, match=f"the tag {tag} is not the version {VERSION}"):
        check_tag(tag)


def test_the_notes_are_the_changelogs_section_alone(tmp_path: Path) -> None:
    sections = {"Unreleased": "- Soon.", "0.2.0 (2027-01-31)": "- New.\n- More.", "0.1.0 (2026-11-28)": "- Old."}
    text = "# Changelog\n\n" + "\n\n".join(f"## {heading}\n\n{entries}" for heading, entries in sections.items())
    (tmp_path / "CHANGELOG.md").write_text(text)

    assert read_notes("0.2.0", tmp_path) == "- New.\n- More.\n"
    assert read_notes("0.1.0", tmp_path) == "- Old.\n"


@pytest.mark.parametrize(
    "heading", ["## 0.2.0 (unreleased)", "## 0.2.0", "## 0.2.01 (2027-01-31)", "## 0x2.0 (2027-01-31)"]
)
def test_a_version_without_a_dated_section_is_refused(tmp_path: Path, heading: str) -> None:
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n{heading}\n\n- New.\n")

    with pytest.raises(ReleaseError, match=r"no section '## 0\.2\.0 \(YYYY-MM-DD\)'"):
        read_notes("0.2.0", tmp_path)


def test_checksums_are_as_sha256sum_checks_them(tmp_path: Path) -> None:
    for name in ("b.whl", "a.tar.gz"):
        (tmp_path / name).write_text(name)

    write_checksums(tmp_path)

    assert (tmp_path / "SHA256SUMS").read_text().splitlines() == [
        f"{hashlib.sha256(name.encode()).hexdigest()}  {name}" for name in ("a.tar.gz", "b.whl")
    ]
