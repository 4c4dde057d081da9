"""What a workload reads at other paths of Vault than those of the stack's engine."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from .certificates import is_issue_path
from .cross_checks import Location, cross_check
from .field_types import Declaration, FileName, ObjectKey, check_object_path

NO_PATHS = "This setting is allowed with backend 'vault' only: list objects of Key Vault in secrets"
"""The error of a workload with paths on Key Vault."""

MADE_AT_EACH_READ = re.compile(
    r"(?P<engine>databases?|db|mysql|mariadb|postgres(?:ql)?|mongodb|mssql|oracle|redis|cassandra|elasticsearch|snowflake"
    r"|aws|azure|gcp|alicloud|consul|nomad|rabbitmq|terraform|kubernetes|ldap|openldap|ad|ssh)(?:[-_.0-9][^/]*)?/"
    r"(?:creds|static-creds?|sts|token|roleset|library)/[^/]+(?:/.*)?"
)
"""Paths at which engines make credentials, by the names that engines have."""

_VERSIONED = re.compile(r".+/data/.+")
_VAULTS_OWN = {"auth", "cubbyhole", "identity", "sys"}


def is_versioned_path(path: str) -> bool:
    """Return whether `path` is of an object of KV version 2, whose keys are a level further down in the response.

    (Vault docs: "KV secrets engine - version 2 (API)")
    """
    return _VERSIONED.fullmatch(path) is not None


def is_made_at_each_read(path: str) -> bool:
    """Return whether an engine makes other credentials at each read of `path`."""
    return MADE_AT_EACH_READ.fullmatch(path) is not None and "/static-cred" not in path


def _check_path(value: str) -> str:
    first, _, rest = check_object_path(value).partition("/")
    if not rest or first in _VAULTS_OWN:
        raise ValueError(
            "is no path of a secrets engine: write it as `vault read` takes it, with the engine's, e.g. legacy/db-pass"
        )
    if is_issue_path(value):
        raise ValueError("is a path that nothing can be read at: declare what it issues in the workload's certificates")
    return value


class VaultPath(Declaration):
    """What is read at a path of Vault: an object of KV version 1, of another engine, or what an engine makes there."""

    path: Annotated[str, AfterValidator(_check_path)]
    """The path, with that of its engine, as `vault read` takes it: `legacy/db-pass`. An object of KV version 2 in
    another engine than `backend.mount` has `data` after the engine: `payments/data/db-pass`."""

    files: Annotated[Mapping[ObjectKey, FileName], Field(min_length=1)]
    """The keys of the response that are needed, each with the file that it becomes, below the workload's mount path."""

    @cross_check
    def _check_files(self) -> Iterator[tuple[Location, str]]:
        first: dict[str, str] = {}
        for key, file in self.files.items():
            if file in first:
                yield ("files", key), f"{file!r} is the file of {first[file]} too: each needs its own"
            first.setdefault(file, key)


def find_own_engine(path: str, engines: Iterable[tuple[str, str]]) -> str | None:
    """Return why `path` is no other path, as the end of a sentence; `None` if it is one.

    :param engines: The paths of the stack's own engines, each with what to declare instead.
    """
    for mount, instead in engines:
        if path.startswith(f"{mount}/"):
            return f"is of the stack's own engine {mount!r}: declare it in the workload's {instead}"
    return None
