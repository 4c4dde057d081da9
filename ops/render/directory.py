"""Rendered files, in a directory that may have other files too."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from ..errors import OpsError

_PARTIAL = ".partial"


@dataclass(frozen=True)
class RenderedFile:
    """A file, with what was done to it."""

    path: str
    """Within the directory."""

    done: Literal["written", "unchanged", "removed"]


def write_files(directory: Path, stack: str, files: Mapping[PurePosixPath, str]) -> list[RenderedFile]:
    """Write `files` into `directory`, and remove this stack's other files; foreign files stay unchanged.

    Each file is written atomically, and only if it differs.

    :param files: YAML, by place.
    :raises OpsError: A foreign file is in a place, or the directory can't be written.
    """
    mark = f"# rendered by strongroom from the stack {stack}: change its settings instead\n"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        root = directory.resolve()
        own = set(_list_own(root, mark))
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
        done = [_write_file(root, path, mark + text) for path, text in files.items()]
        stale = sorted(own - {root / path for path in files})
        for file in stale:
            _remove(root, file)
    except OSError as error:
        raise OpsError(f"{directory} can't be written: {error.strerror or type(error).__name__}") from None
    removed = [RenderedFile(file.relative_to(root).as_posix(), "removed") for file in stale]
    return sorted([*done, *removed], key=lambda file: file.path)


def _list_own(root: Path, mark: str) -> Iterator[Path]:
    for folder, _, names in os.walk(root):
        for name in names:
            file = Path(folder) / name
            if (
                file.suffix in {".yaml", _PARTIAL}
                and not file.is_symlink()
                and file.is_file()
                and _starts_with(file, mark)
            ):
                yield file


def _starts_with(file: Path, mark: str) -> bool:
    begin = mark.encode()
    with file.open("rb") as opened:
        return opened.read(len(begin)) == begin


def _write_file(root: Path, path: PurePosixPath, text: str) -> RenderedFile:
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
