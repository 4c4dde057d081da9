"""Official downloads, taken only when their published checksum fits."""

import hashlib
import http.client
import io
import tarfile
import urllib.request
import zipfile
from pathlib import Path, PurePosixPath

from .catalogue import Release
from .errors import ToolError

_PATIENCE = 5.0
"""Seconds without an answer after which a site counts as out of reach."""


class OutOfReachError(Exception):
    """The site can't be reached from here."""


def download(name: str, release: Release, target: Path) -> None:
    """Put the official program of the tool `name` at `target`.

    :raises OutOfReachError: The site, or its checksums, can't be reached, or the connection was cut.
    :raises ToolError: What came is not what was published.
    """
    expected = _expected(release, _get(release.checksums).decode(errors="replace"))
    content = _get(release.url)
    if hashlib.sha256(content).hexdigest() != expected:
        raise ToolError(
            f"{name}: the download from {release.url} has not the checksum that is published at "
            f"{release.checksums}; nothing was installed. Find out why before you run again"
        )
    target.write_bytes(_member(content, release))
    target.chmod(0o755)


def _get(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE) as response:  # noqa: S310 - the catalogue's own URLs
            return response.read()
    except (OSError, http.client.HTTPException) as error:
        raise OutOfReachError(f"{url}: {error}") from None


def _expected(release: Release, published: str) -> str:
    name = PurePosixPath(release.url).name
    for line in published.splitlines():
        fields = line.split()
        if len(fields) == 1 or (len(fields) == 2 and PurePosixPath(fields[1].lstrip("*")).name == name):
            return fields[0]
    raise ToolError(f"{release.checksums} publishes no checksum for {name}")


def _member(content: bytes, release: Release) -> bytes:
    if release.member is None:
        return content
    try:
        if release.url.endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                return archive.read(release.member)
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            found = archive.extractfile(release.member)
            if found is not None:
                return found.read()
    except KeyError:
        pass
    raise ToolError(f"{release.url} holds no program at {release.member}")
