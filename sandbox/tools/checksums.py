"""The checksums of official downloads, pinned in the repository."""

import re
from collections.abc import Mapping
from pathlib import Path

PINNED = Path(__file__).with_suffix(".txt")

_LINE = re.compile(r"(?P<sum>[0-9a-f]{64})  (?P<url>https://\S+)")


def read_checksums(file: Path = PINNED) -> Mapping[str, str]:
    """Map the URLs of downloads to their SHA-256 sums.

    :param file: Lines as `sha256sum` writes them, with a URL for the name; comments begin with `#`.
    :raises ValueError: A line is neither, or a URL is there twice.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None or match["url"] in found:
            raise ValueError(
                f"{file.name}, line {number}: write one SHA-256 sum, two spaces and a URL that is there once"
            )
        found[match["url"]] = match["sum"]
    return found
