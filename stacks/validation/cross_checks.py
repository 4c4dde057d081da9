"""Rules that span several settings, on what is valid of them, so that they are reported with all other errors."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from strongroom.components.cross_checks import Location, list_conflicts, skip_invalid
from strongroom.components.workload import ONE_IMAGE, Workload

from ..errors import ValidationIssue
from ..settings.azure import AzureKeyVaultSettings
from ..settings.raw import as_mapping, is_generator
from ..settings.root import Settings
from .attachments import check_attachments
from .azure import check_azure
from .delivery import check_deliveries
from .secrets import list_workloads
from .service_accounts import check_service_accounts
from .vault import check_vault


def cross_check(settings: Settings, *, stack: str) -> list[ValidationIssue]:
    """Check settings against each other, of which those without a valid value are absent.

    :param stack: The stack's name.
    """
    return [
        *(ValidationIssue(location, message) for location, message in list_conflicts(settings)),
        *(issue for each in list_workloads(settings) for issue in _check_image(*each)),
        *_check_backend(settings, stack),
        *check_deliveries(settings),
        *check_service_accounts(settings),
        *check_attachments(settings),
    ]


@skip_invalid
def _check_backend(settings: Settings, stack: str) -> Iterator[ValidationIssue]:
    if isinstance(settings.backend, AzureKeyVaultSettings):
        yield from check_azure(settings, settings.backend)
    else:
        yield from check_vault(settings, settings.backend, stack)


@skip_invalid
def _check_image(location: Location, workload: Workload) -> Iterator[ValidationIssue]:
    if workload.has_own_pods and workload.image is None and workload.images is None:
        yield ValidationIssue(location, ONE_IMAGE)


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
