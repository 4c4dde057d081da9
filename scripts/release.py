"""What a release consists of, made from a commit: `python -m scripts.release v0.1.0 dist`."""

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from .uv import ROOT

_VERSION = re.compile(r'^VERSION = "([^"]+)"$', re.MULTILINE)
_BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


class ReleaseError(Exception):
    """The commit can't be released under the tag."""


def check_tag(tag: str, root: Path = ROOT) -> str:
    """Return the version that a tag releases.

    :param tag: The tag, e.g. `v0.1.0`.
    :param root: The project's files at that tag.
    :raises ReleaseError: The code has another version.
    """
    (version,) = _VERSION.findall((root / "components" / "plugin" / "provider.py").read_text())
    if tag != f"v{version}":
        raise ReleaseError(
            f"the tag {tag} is not the version {version} of components/plugin/provider.py: tag the commit v{version}, "
            "or change VERSION first"
        )
    return version


def read_notes(version: str, root: Path = ROOT) -> str:
    """Return what the changelog says of a version.

    :param version: The version.
    :param root: The project's files.
    :raises ReleaseError: It has no dated section for it.
    """
    changelog = (root / "CHANGELOG.md").read_text()
    heading = rf"^## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)\n(.*?)(?=^## |\Z)"
    found = re.search(heading, changelog, re.DOTALL | re.MULTILINE)
    if not found:
        raise ReleaseError(f"CHANGELOG.md has no section '## {version} (YYYY-MM-DD)': add it, with the date")
    return found[1].strip() + "\n"


def export(to: Path) -> None:
    """Write the files of the commit, and nothing else that lies in the checkout.

    :param to: An empty directory.
    """
    archive = to / "source.tar"
    subprocess.run(["git", "archive", "--output", str(archive), "HEAD"], cwd=ROOT, check=True)
    with tarfile.open(archive) as packed:
        packed.extractall(to, filter="data")
    archive.unlink()


def build(version: str, source: Path, dist: Path) -> None:
    """Make the wheel, and the archive of the plugin's directory.

    :param version: Their version.
    :param source: The project's files.
    :param dist: Where to.
    :raises ReleaseError: The wheel has another version.
    """
    subprocess.run([sys.executable, "-c", _BUILD, str(dist)], cwd=source, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = dist.glob("*.whl")
    if not wheel.name.startswith(f"strongroom-{version}-"):
        raise ReleaseError(f"the wheel {wheel.name} has not the version {version}: see [tool.setuptools.dynamic]")
    archive = ["git", "archive", "--format=tar.gz", "--output", str(dist / f"strongroom-plugin-{version}.tar.gz")]
    subprocess.run([*archive, "HEAD", "components", "LICENSE"], cwd=ROOT, check=True)


def write_sbom(source: Path, dist: Path) -> None:
    """List all parts of an installation with Azure, as CycloneDX.

    :param source: The project's files.
    :param dist: Where to.
    """
    lock = source / "components" / "requirements-azure.txt"
    command = [str(Path(sys.executable).with_name("cyclonedx-py")), "requirements", str(lock)]
    command += ["--pyproject", str(source / "pyproject.toml"), "--mc-type", "library", "--output-reproducible"]
    command += ["--output-file", str(dist / "strongroom.cdx.json")]
    subprocess.run(command, check=True)


def write_checksums(dist: Path) -> None:
    """Write SHA256SUMS over the other files.

    :param dist: Their directory.
    """
    files = sorted(dist.iterdir())
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (dist / "SHA256SUMS").write_text("".join(lines))


def main() -> None:
    """Make a release's files; a tag that is refused is one line and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m scripts.release", description=__doc__)
    parser.add_argument("tag", help="the tag, e.g. v0.1.0")
    parser.add_argument("dist", type=Path, help="an empty directory, or one to make")
    parser.add_argument("--notes", type=Path, help="a file for what the changelog says of it")
    arguments = parser.parse_args()
    dist: Path = arguments.dist.absolute()
    dist.mkdir(parents=True, exist_ok=True)
    committed = ["git", "log", "-1", "--format=%ct", "HEAD"]
    moment = subprocess.run(committed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    os.environ.setdefault("SOURCE_DATE_EPOCH", moment)
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory)
        export(source)
        try:
            version = check_tag(arguments.tag, source)
            notes = read_notes(version, source)
            build(version, source, dist)
        except ReleaseError as error:
            raise SystemExit(f"error: {error}") from None
        write_sbom(source, dist)
    write_checksums(dist)
    if arguments.notes:
        arguments.notes.write_text(notes)


if __name__ == "__main__":
    main()
