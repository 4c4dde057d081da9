"""Official downloads, taken only when the checksum fits that is pinned in the repository."""

import hashlib
import http.client
import io
import tarfile
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from .catalogue import Release
from .errors import ToolError

_PATIENCE = 5.0
"""Seconds without an answer after which a site counts as out of reach."""


class OutOfReachError(Exception):
    """The site can't be reached from here."""


def download(name: str, release: Release, checksum: str, target: Path, environment: Mapping[str, str]) -> None:
    """Put the official program of the tool `name` at `target`.

    :param checksum: The SHA-256 sum that is pinned for the download. Never one of the download's own host: who
        changes the one there changes the other.
    :param environment: Names the proxies to go through.
    :raises OutOfReachError: The site can't be reached, or the connection was cut.
    :raises ToolError: What came is not what was pinned.
    """
    content = _get(release.url, environment)
    if (found := hashlib.sha256(content).hexdigest()) != checksum:
        raise ToolError(
            f"{name}: the download from {release.url} has the SHA-256 sum {found}, and {checksum} is pinned in "
            "sandbox/tools/checksums.txt; nothing was installed. Find out why before you run again"
        )
    target.write_bytes(_member(content, release))
    target.chmod(0o755)


def published_checksum(name: str, release: Release, environment: Mapping[str, str]) -> str:
    """Return the SHA-256 sum that is published for a download, once the download has it.

    :param environment: Names the proxies to go through.
    :raises OutOfReachError: The site, or its checksums, can't be reached.
    :raises ToolError: The download has another, or none is published.
    """
    published = _expected(release, _get(release.checksums, environment).decode(errors="replace"))
    if hashlib.sha256(_get(release.url, environment)).hexdigest() != published:
        raise ToolError(
            f"{name}: the download from {release.url} has not the checksum published at {release.checksums}"
        )
    return published


def _get(url: str, environment: Mapping[str, str]) -> bytes:
    named = {scheme: f"{scheme}_proxy" for scheme in ("http", "https")}
    proxies = {
        scheme: proxy
        for scheme, name in named.items()
        if (proxy := environment.get(name) or environment.get(name.upper()))
    }
    opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxies))
    try:
        with opener.open(url, timeout=_PATIENCE) as response:
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
