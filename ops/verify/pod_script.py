"""The script that looks at a workload's files and variables in its container, and what it prints."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_SCRIPT = r"""
salt=$1 root=$2 mount=$3
shift 3
for tool in cat find id sha256sum stat; do command -v "$tool" >/dev/null || exit 127; done
cd "$root/" || exit 1
echo "user $(id -u)"
if cd "$root$mount" 2>/dev/null; then
  find -L . -name '..?*' -prune -o -type f -print | while IFS= read -r file; do
    sum=-
    if cat "$file" >/dev/null 2>&1; then sum=$({ printf %s "$salt"; cat "$file"; } | sha256sum); fi
    echo "file $(stat -L -c '%a %u' "$file") ${sum%% *} ${file#./}"
  done
fi
for name; do
  case $name in /*)
    sum=-
    if cat "$root$name" >/dev/null 2>&1; then sum=$({ printf %s "$salt"; cat "$root$name"; } | sha256sum); fi
    echo "kept ${sum%% *} $name"
    continue
  esac
  eval "value=\${$name-} is_set=\${$name+yes}"
  sum=-
  if [ "$is_set" ]; then sum=$(printf %s "$salt$value" | sha256sum); fi
  echo "kept ${sum%% *} $name"
done
"""
"""Values stay in the shell, whose `printf` is its own: no process has one among its arguments. The digests are of no
use to others, since each run has its own salt. The driver's own entries begin with `..`: links lead to them."""


@dataclass(frozen=True)
class SeenFile:
    """A file, as a container sees it."""

    mode: int
    owner: int

    digest: str | None
    """`None` if the container's user can't read it."""


@dataclass(frozen=True)
class Seen:
    """What a container sees."""

    user: int
    """The user that looked."""

    files: Mapping[str, SeenFile]
    """The files below the mount path."""

    kept: Mapping[str, str | None]
    """Digests of variables and of files at paths of their own, `None` for one that is not there."""


def build_command(salt: str, mount_path: str, kept: Sequence[str], *, root: str = "") -> list[str]:
    """Build the command that looks.

    :param salt: What each digest begins with; not secret, but never used twice.
    :param kept: Variables, and absolute paths of files.
    :param root: Where the container's file system is, if not at `/`.
    """
    return ["sh", "-c", _SCRIPT, "strongroom", salt, root, mount_path, *kept]


def compute_digest(salt: str, value: bytes) -> str:
    """Compute the digest that the script prints of a value."""
    return hashlib.sha256(salt.encode() + value).hexdigest()


def matches(salt: str, value: bytes, digest: str | None) -> bool:
    """Return whether a digest that the script printed is of this value."""
    return digest is not None and hmac.compare_digest(compute_digest(salt, value), digest)


def parse(output: str) -> Seen:
    """Parse what the script prints.

    :raises ValueError: It is something else.
    """
    user: int | None = None
    files: dict[str, SeenFile] = {}
    kept: dict[str, str | None] = {}
    for line in output.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "user":
            user = int(rest)
        elif kind == "file":
            mode, owner, digest, name = rest.split(" ", 3)
            files[name] = SeenFile(int(mode, 8), int(owner), None if digest == "-" else digest)
        elif kind == "kept":
            digest, _, name = rest.partition(" ")
            kept[name] = None if digest == "-" else digest
    if user is None:
        raise ValueError("no user")
    return Seen(user, files, kept)
