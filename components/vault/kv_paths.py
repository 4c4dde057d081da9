"""Paths of KV engines, and names that can't be meant as objects of one, without loading a provider."""

import re
from typing import Annotated

from pydantic import AfterValidator

from ..field_types import Declaration, Switch, check_object_path
from ..paths import MADE_AT_EACH_READ

_CERTIFICATE = re.compile(
    r"(?P<engine>pki|ssh)(?:[-_.0-9][^/]*)?/(?:issue|sign|sign-verbatim|cert|issuer)/[^/]+(?:/.*)?"
)
_KEY = re.compile(
    r"(?P<engine>transit|totp)(?:[-_.0-9][^/]*)?/(?:keys|export|encrypt|decrypt|datakey|code)/[^/]+(?:/.*)?"
)
_DATABASES = {"database", "databases", "db", "mysql", "mariadb", "postgres", "postgresql"}
_VAULTS_OWN = ("sys", "auth", "cubbyhole")


def check_kv_object(name: str, mount: str) -> str | None:
    """Return why `name` can't be meant as an object of the KV engine at `mount`, as the end of a sentence.

    (Vault docs: "KV secrets engine - version 2 (API)", "Database secrets engine (API)", "PKI secrets engine (API)")
    """
    first, _, rest = name.partition("/")
    if not rest:
        return None
    within = name.removeprefix(f"{mount}/")
    start, _, below = within.partition("/")
    if start in {"data", "metadata"} and below:
        return (
            f"is a path of Vault's API, to which {mount}/{start}/ belongs already: write the object as `vault kv get "
            f"-mount={mount}` takes it, {below}"
        )
    holds = f"and object names an object of the KV engine {mount!r}"
    if first in _VAULTS_OWN or name.startswith("identity/oidc/"):
        return f"is a path of Vault's own below {first}/, {holds}: nothing of the former can be mounted"
    if match := MADE_AT_EACH_READ.fullmatch(name):
        made, instead = "credentials that are made at each read", "keep a static user's there"
        if match["engine"] in _DATABASES:
            instead = f"declare them in the workload's databases, or {instead}"
    elif match := _CERTIFICATE.fullmatch(name):
        made, instead = "a certificate that is made at each request", "keep an issued one there"
    elif match := _KEY.fullmatch(name):
        made, instead = "a key's use", "keep what is to be mounted there"
    else:
        return None
    return f"is a path of the engine {match['engine']!r}, {made}, {holds}: {instead}, under a name of its own"


def _check_engine_path(value: str) -> str:
    if value.split("/", maxsplit=1)[0] in {"sys", "auth", "identity", "cubbyhole"}:
        raise ValueError("is Vault's own: mount the engine at another path, e.g. secret")
    return check_object_path(value)


EnginePath = Annotated[str, AfterValidator(_check_engine_path)]
"""Where an engine may be mounted. (Vault docs: "/sys/mounts")"""


class KvMount(Declaration):
    """The KV version 2 engine that holds the workloads' secrets."""

    path: EnginePath = "secret"
    """Where it is mounted."""

    create: Switch = False
    """Mount it. If omitted, the engine exists, and so do the objects that `seeds` doesn't name."""
