"""Everything that a stack may say, typed and validated once."""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import pulumi
from pulumi.runtime import config as raw_config
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    SecretStr,
    ValidationError,
)

from components.names import Declaration, DnsLabel, ObjectKey, ObjectPath
from components.unique import unique
from components.vault.auth import Reviewer
from components.workload import Workload

from .crosschecks import crosschecks
from .faults import NAMESPACE, InvalidSettingsError, faults_of

SECRET_KEYS = ("seeds",)
"""Keys whose values are never shown."""

_DURATION = re.compile(r"([1-9][0-9]*)([smh])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


def _seconds(value: object) -> object:
    if isinstance(value, str):
        if not (match := _DURATION.fullmatch(value)):
            raise ValueError('is not a duration: use a number with s, m or h, e.g. "20m"')
        return int(match[1]) * _UNIT_SECONDS[match[2]]
    return value


Seconds = Annotated[int, Field(ge=1), BeforeValidator(_seconds)]
"""A duration: whole seconds, or a number with `s`, `m` or `h`."""


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is not a URL: write it with its scheme, e.g. https://vault.example.net:8200")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username:
        raise ValueError("must be a URL's scheme, host and port alone, e.g. https://vault.example.net:8200")
    return value.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]
"""A server's URL: scheme, host, port."""


class KvMount(Declaration):
    """The KV version 2 engine that holds the workloads' secrets."""

    path: ObjectPath = "secret"
    """Where it is mounted."""

    create: bool = False
    """Mount it. Left out, the engine exists, and so do the objects that `seeds` doesn't name."""


class KubernetesAuthSettings(Declaration):
    """The Kubernetes auth method that workloads log in by."""

    path: ObjectPath = "kubernetes"
    """Where it is mounted; a path of its own for each cluster that shares a Vault."""

    create: bool = True
    """Mount and configure it; false where it exists and is configured."""

    kubernetes_host: Address | None = None
    """URL of the API server, as Vault reaches it; the kubeconfig's where it is left out."""

    kubernetes_ca_certificate: str | None = None
    """File with the CA of the API server's certificate; the kubeconfig's where it is left out."""

    reviewer: Reviewer = "service-account"
    """Whose token reviews clients' tokens: `service-account` (made for it) for a Vault outside the cluster,
    `in-cluster` for one inside, `client` for the client's own."""


class VaultSettings(Declaration):
    """A HashiCorp Vault that exists: self-managed or HCP."""

    kind: Literal["vault"]
    """Which store: `vault`."""

    address: Address
    """Vault's URL, as this program and the CSI provider reach it. The token comes from VAULT_TOKEN."""

    namespace: str | None = None
    """Vault Enterprise's or HCP's namespace."""

    ca_certificate: str | None = None
    """File with the CA of Vault's certificate; the system's CAs where it is left out."""

    provider_ca_path: str | None = None
    """Path of that CA inside the CSI provider's pods, where Strongroom does not install the provider."""

    tls_server_name: str | None = None
    """The name that Vault's certificate bears, where it is not the address's."""

    mount: KvMount = KvMount()
    """The KV version 2 engine."""

    auth: KubernetesAuthSettings = KubernetesAuthSettings()
    """The auth method."""

    audience: Annotated[str, Field(min_length=1)] = "vault"
    """Audience of the workloads' service account tokens."""

    token_ttl: Seconds = 1200
    """Life of a workload's Vault token."""

    token_max_ttl: Seconds = 3600
    """Its longest life, with renewals."""


class KubernetesSettings(Declaration):
    """The cluster that the workloads run on."""

    kubeconfig: str | None = None
    """File with the kubeconfig; KUBECONFIG or ~/.kube/config where it is left out."""

    context: str | None = None
    """The kubeconfig's context; its current one where it is left out."""

    install: Literal["helm", "addon", "existing"] = "existing"
    """Who owns the cluster's one CSI driver: Strongroom (`helm`), AKS (`addon`) or somebody else (`existing`)."""

    rotation_poll_interval: Annotated[str, Field(pattern=r"^[1-9][0-9]*[smh]$")] = "2m"
    """How old a mounted secret may be before it is read again; for `install: helm`."""

    existing_namespaces: tuple[DnsLabel, ...] = ("default",)
    """Namespaces that exist already; every other one is created."""

    wait_for_rollout: bool = True
    """Whether an update waits until the pods are ready."""


class Generated(Declaration):
    """A value that is generated once and kept in the stack's encrypted state."""

    length: Annotated[int, Field(ge=16, le=1024)] = 32
    """Characters."""

    special: bool = True
    """Whether punctuation is among the characters."""


class _Generate(Declaration):
    generate: Generated


def _seed(value: object) -> SecretStr | Generated:
    if isinstance(value, str) and value:
        return SecretStr(value)
    if isinstance(value, Mapping):
        return _Generate.model_validate(value).generate
    raise ValueError("has no value: set one with `pulumi config set --secret --path`, or let {generate: {}} make one")


Seed = Annotated[SecretStr | Generated, PlainValidator(_seed)]
"""A value that the stack writes: a config secret, or `{generate: {length: 32}}`."""


class Settings(Declaration):
    """A stack."""

    backend: VaultSettings
    """The store."""

    workloads: Annotated[tuple[Workload, ...], unique("namespace", "name", what="the name and namespace")]
    """The workloads and the secrets that each may read."""

    kubernetes: KubernetesSettings = KubernetesSettings()
    """The cluster."""

    seeds: Mapping[ObjectPath, Annotated[Mapping[ObjectKey, Seed], Field(min_length=1)]] = {}
    """Values that the stack itself writes to the store: object, key, value."""


def parse(raw: Mapping[str, Any], *, stack: str, seeds_are_secret: bool = True) -> Settings:
    """The settings in `raw`, which is a stack's configuration below `strongroom:`.

    :param stack: The stack's name: `http://` is for stacks named `local` or `local-…` alone.
    :param seeds_are_secret: Whether the configuration keeps `seeds` encrypted.
    :raises InvalidSettingsError: With every fault that was found.
    """
    faults = crosschecks(raw, stack=stack, seeds_are_secret=seeds_are_secret)
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        faults = [*faults_of(error, Settings, SECRET_KEYS), *faults]
        raise InvalidSettingsError(stack, faults) from None
    if faults:
        raise InvalidSettingsError(stack, faults)
    return settings


def of_stack() -> Settings:
    """The settings of the stack that runs.

    :raises InvalidSettingsError: With every fault that was found.
    """
    stack = pulumi.get_stack()
    raw: dict[str, Any] = {}
    values: dict[str, Any] = {**raw_config.get_config_env(), **raw_config.CONFIG.get()}
    for full_key, value in values.items():
        namespace, _, key = full_key.partition(":")
        if namespace != NAMESPACE:
            continue
        try:
            raw[key] = json.loads(value)
        except ValueError:
            raw[key] = value
    return parse(raw, stack=stack, seeds_are_secret=raw_config.is_config_secret(f"{NAMESPACE}:seeds"))
