"""The files of a render, in a directory that others may have files in too."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from ..errors import OpsError

_PARTIAL = ".partial"


@dataclass(frozen=True)
class RenderedFile:
    """A file, and what became of it."""

    path: str
    """Within the directory."""

    done: Literal["written", "unchanged", "removed"]


def write(directory: Path, stack: str, files: Mapping[PurePosixPath, str]) -> list[RenderedFile]:
    """Make `files` all that this stack has in `directory`: those that it no longer has are removed, and what isn't its
    own stays as it is. Each is written at once or not at all, and only where it differs.

    :param files: YAML, by place.
    :raises OpsError: Somebody else's file is in a place, or the directory can't be written.
    """
    mark = f"# rendered by strongroom from the stack {stack}: change its settings instead\n"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        root = directory.resolve()
        own = set(_own(root, mark))
        foreign = [
            str(path)
            for path in files
            if (root / path).parent.resolve() != (root / path).parent
            or (os.path.lexists(root / path) and root / path not in own)
        ]
        if foreign:
            raise OpsError(
                f"{directory} has files that the stack {stack!r} didn't render in its places: {', '.join(foreign)}. "
                "Move them, or render to another directory"
            )
        done = [_written(root, path, mark + text) for path, text in files.items()]
        stale = sorted(own - {root / path for path in files})
        for file in stale:
            _remove(root, file)
    except OSError as error:
        raise OpsError(f"{directory} can't be written: {error.strerror or type(error).__name__}") from None
    removed = [RenderedFile(file.relative_to(root).as_posix(), "removed") for file in stale]
    return sorted([*done, *removed], key=lambda file: file.path)


def _own(root: Path, mark: str) -> Iterator[Path]:
    for folder, _, names in os.walk(root):
        for name in names:
            file = Path(folder) / name
            if file.suffix in {".yaml", _PARTIAL} and not file.is_symlink() and file.is_file() and _begins(file, mark):
                yield file


def _begins(file: Path, mark: str) -> bool:
    begin = mark.encode()
    with file.open("rb") as opened:
        return opened.read(len(begin)) == begin


def _written(root: Path, path: PurePosixPath, text: str) -> RenderedFile:
    file = root / path
    if file.is_file() and file.read_bytes() == text.encode():
        return RenderedFile(str(path), "unchanged")
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}{_PARTIAL}")
    partial.write_text(text, encoding="utf-8", newline="\n")
    partial.replace(file)
    return RenderedFile(str(path), "written")


def _remove(root: Path, file: Path) -> None:
    file.unlink(missing_ok=True)
    for folder in file.parents:
        if folder == root or any(folder.iterdir()):
            break
        folder.rmdir()
