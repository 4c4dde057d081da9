"""Rules of what a stack keeps in an Azure Key Vault."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic import TypeAdapter

from strongroom.components.azure.objects import name_vault_object
from strongroom.components.durations import Moment

from ..errors import Location, ValidationIssue
from ..settings.raw import as_mapping, is_generator, is_text, list_secrets

Raw = Mapping[str, Any]

_DAYS = {"Y": 365, "M": 30, "W": 7, "D": 1}
_MOMENT: TypeAdapter[Any] = TypeAdapter(Moment)
_SIGNING = {"sign", "verify"}


def check_contents(backend: Raw, seeds: Raw, raw: Raw) -> Iterator[ValidationIssue]:
    """Check the objects of the vault, which `backend` declares, against each other.

    :param seeds: The values that the stack writes.
    :param raw: The stack's configuration.
    """
    yield from _check_names(backend, seeds)
    yield from _check_attributes(backend, seeds)
    for own, entry in as_mapping(backend.get("keys")).items():
        yield from _check_key(("backend", "keys", own), as_mapping(entry))
    for own, entry in as_mapping(backend.get("certificates")).items():
        yield from _check_certificate(("backend", "certificates", own), as_mapping(entry))
    yield from _check_exportable(as_mapping(backend.get("certificates")), raw)


def list_seeds(seeds: Raw) -> Iterator[tuple[str, str | None]]:
    """List the object and key of each value that the stack writes; the key is `None` if an object has one value."""
    for name, values in seeds.items():
        if is_text(values) or is_generator(values):
            yield name, None
        else:
            yield from ((name, key) for key in as_mapping(values))


def locate_seed(name: str, key: str | None) -> Location:
    """Return the location of the value of an object and key."""
    return ("seeds", name, key) if key else ("seeds", name)


def _check_names(backend: Raw, seeds: Raw) -> Iterator[ValidationIssue]:
    """Check that names differ in more than case; a certificate is a secret and a key too.

    (Microsoft Learn: "About Azure Key Vault certificates")
    """
    written = {name_vault_object(name, key).lower(): locate_seed(name, key) for name, key in list_seeds(seeds)}
    certificates: dict[str, str] = {}
    for collection in ("certificates", "keys"):
        known: dict[str, str] = {}
        for own in as_mapping(backend.get(collection)):
            first = known.setdefault(own.lower(), own)
            if first != own:
                yield ValidationIssue(
                    ("backend", collection, own),
                    f"{own!r} is the same as {first!r} in the vault, whose names ignore case: rename one",
                )
            elif collection == "keys" and own.lower() in certificates:
                certificate = certificates[own.lower()]
                yield ValidationIssue(
                    ("backend", "keys", own),
                    f"This key would overwrite the key of the certificate {certificate!r}: rename one",
                )
            elif collection == "certificates" and own.lower() in written:
                yield ValidationIssue(
                    written[own.lower()],
                    f"This seed would overwrite the private key of the certificate {own!r}: rename one",
                )
        certificates = known if collection == "certificates" else certificates


def _check_attributes(backend: Raw, seeds: Raw) -> Iterator[ValidationIssue]:
    written = {name_vault_object(name, key) for name, key in list_seeds(seeds)}
    for own, entry in as_mapping(backend.get("secrets")).items():
        if own not in written:
            known = ", ".join(sorted(written)) or "none"
            yield ValidationIssue(("backend", "secrets", own), f"{own!r} is no secret that seeds writes: use {known}")
        first, last = as_mapping(entry).get("notBefore"), as_mapping(entry).get("expires")
        if (
            isinstance(first, str)
            and isinstance(last, str)
            and _MOMENT.validate_python(last) <= _MOMENT.validate_python(first)
        ):
            yield ValidationIssue(("backend", "secrets", own, "expires"), f"{last!r} is not after notBefore, {first!r}")


def _check_key(place: Location, key: Raw) -> Iterator[ValidationIssue]:
    type_ = key.get("type", "RSA")
    ec = str(type_).startswith("EC")
    wrong = "size" if ec else "curve"
    if isinstance(type_, str) and key.get(wrong) is not None:
        yield ValidationIssue((*place, wrong), f"This setting is not allowed with type {type_!r}")
    operations = key.get("operations")
    named = {str(each) for each in cast("list[object]", operations)} if isinstance(operations, list) else set[str]()
    if ec and (others := sorted(named - _SIGNING)):
        yield ValidationIssue(
            (*place, "operations"),
            f"{', '.join(others)} is not possible: a key of type {type_!r} can only sign and verify",
        )
    rotate, expire = key.get("rotateAfter"), key.get("expiresAfter")
    if expire is not None and rotate is None:
        yield ValidationIssue((*place, "rotateAfter"), "This setting is required with expiresAfter")
    if isinstance(rotate, str) and _count_days(rotate) < 7:
        yield ValidationIssue((*place, "rotateAfter"), f"{rotate!r} is too short: use 7 days (P7D) or more")
    if isinstance(expire, str) and _count_days(expire) < 28:
        yield ValidationIssue((*place, "expiresAfter"), f"{expire!r} is too short: use 28 days (P28D) or more")
    elif isinstance(rotate, str) and isinstance(expire, str) and _count_days(expire) < _count_days(rotate) + 7:
        yield ValidationIssue(
            (*place, "expiresAfter"), f"{expire!r} must be 7 days or more longer than rotateAfter, {rotate!r}"
        )


def _count_days(duration: str) -> int:
    return sum(int(count) * _DAYS[unit] for count, unit in re.findall(r"([0-9]+)([YMWD])", duration))


def _check_certificate(place: Location, certificate: Raw) -> Iterator[ValidationIssue]:
    type_ = certificate.get("keyType", "RSA")
    if str(type_).startswith("EC") and certificate.get("keySize") is not None:
        yield ValidationIssue((*place, "keySize"), f"This setting is not allowed with keyType {type_!r}")
    months, before = certificate.get("validityMonths", 12), certificate.get("renewBeforeDays", 30)
    # (Azure Key Vault REST: "Create Certificate", on days_before_expiry)
    if isinstance(months, int) and isinstance(before, int) and before > 27 * months:
        yield ValidationIssue(
            (*place, "renewBeforeDays"),
            f"{before} must be {27 * months} or less, 27 for each month of validityMonths, {months}",
        )


def _check_exportable(certificates: Raw, raw: Raw) -> Iterator[ValidationIssue]:
    kept = {own.lower() for own, entry in certificates.items() if as_mapping(entry).get("exportable") is False}
    for location, secret in list_secrets(raw):
        name = secret.get("object")
        if isinstance(name, str) and name.lower() in kept and secret.get("type", "secret") == "secret":
            yield ValidationIssue(
                location,
                f"This secret is the private key of the certificate {name!r}, which never leaves the vault: set "
                f"exportable: true in backend.certificates.{name}, or use type: cert for the public half",
            )
