"""Rules that span several settings, on a raw configuration, so that they are reported with all other errors."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from strongroom.components.helm.charts import SECRETS_STORE_CSI_DRIVER
from strongroom.components.rotation import check_poll_interval

from ..errors import ValidationIssue
from ..settings.raw import as_mapping, is_generator
from .azure import check_azure
from .delivery import check_deliveries
from .service_accounts import check_service_accounts
from .vault import check_vault


def cross_check(raw: Mapping[str, Any], *, stack: str) -> list[ValidationIssue]:
    """Check the settings in `raw`, a stack's configuration below `strongroom:`, against each other.

    :param stack: The stack's name.
    """
    kind = as_mapping(raw.get("backend")).get("kind")
    own = {"vault": check_vault, "azure-key-vault": check_azure}
    return [
        *(own[kind](raw, stack) if isinstance(kind, str) and kind in own else ()),
        *check_deliveries(raw),
        *check_service_accounts(raw),
        *_check_install_keys(as_mapping(raw.get("kubernetes"))),
        *_check_aks(as_mapping(as_mapping(raw.get("kubernetes")).get("aks"))),
        *_check_chart_source(as_mapping(raw.get("charts"))),
        *_check_poll_interval(as_mapping(raw.get("charts"))),
    ]


def _check_install_keys(kubernetes: Mapping[str, Any]) -> Iterator[ValidationIssue]:
    install = kubernetes.get("install", "existing")
    for key in ("providers", "audiences"):
        if kubernetes.get(key) and install in {"addon", "existing"}:
            yield ValidationIssue(
                ("kubernetes", key), f"This setting is allowed with install 'helm' only, and install is {install!r}"
            )


def _check_aks(aks: Mapping[str, Any]) -> Iterator[ValidationIssue]:
    if aks.get("create", False) is not False:
        return
    for key in ("location", "kubernetesVersion", "nodes", "vmSize", "zones", "subnetId"):
        if aks.get(key) is not None:
            yield ValidationIssue(
                ("kubernetes", "aks", key),
                "This setting is allowed with create: true only: an existing cluster is not changed",
            )


def _check_chart_source(charts: Mapping[str, Any]) -> Iterator[ValidationIssue]:
    for name, chart in charts.items():
        if as_mapping(chart).get("path") is not None and as_mapping(chart).get("repository") is not None:
            yield ValidationIssue(
                ("charts", name, "repository"), "This setting and path both locate the chart: keep one of them"
            )


def _check_poll_interval(charts: Mapping[str, Any]) -> Iterator[ValidationIssue]:
    interval = as_mapping(as_mapping(charts.get(SECRETS_STORE_CSI_DRIVER.name)).get("values")).get(
        "rotationPollInterval"
    )
    if isinstance(interval, str) and (problem := check_poll_interval(interval)):
        yield ValidationIssue(
            ("charts", SECRETS_STORE_CSI_DRIVER.name, "values", "rotationPollInterval"), f"{interval!r} {problem}"
        )


def check_plaintext_secrets(raw: Mapping[str, Any], secret_keys: Collection[str]) -> Iterator[ValidationIssue]:
    """Check that no secret is in plaintext in the stack's file.

    :param secret_keys: The keys that the configuration keeps encrypted.
    """
    message = (
        "The value is in plaintext in the stack's file: set it with `pulumi config set --secret --path`, "
        "and rotate it, since it was readable"
    )
    if "clientSecret" not in secret_keys and isinstance(raw.get("clientSecret"), str):
        yield ValidationIssue(("clientSecret",), message)
    if "credentials" not in secret_keys:
        for name, value in as_mapping(raw.get("credentials")).items():
            if isinstance(value, str) and value:
                yield ValidationIssue(("credentials", name), message)
    if "seeds" in secret_keys:
        return
    for name, values in as_mapping(raw.get("seeds")).items():
        if isinstance(values, str) and values:
            yield ValidationIssue(("seeds", name), message)
        for key, value in as_mapping(values).items() if not is_generator(values) else ():
            if isinstance(value, str) and value:
                yield ValidationIssue(("seeds", name, key), message)
