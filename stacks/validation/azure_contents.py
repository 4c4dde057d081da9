"""Rules of what a stack keeps in an Azure Key Vault."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic import TypeAdapter

from strongroom.components.azure.objects import object_name
from strongroom.components.durations import Moment

from ..errors import Fault, Location
from ..settings.raw import is_generator, is_text, mapping, secrets

Raw = Mapping[str, Any]

_DAYS = {"Y": 365, "M": 30, "W": 7, "D": 1}
_MOMENT: TypeAdapter[Any] = TypeAdapter(Moment)
_SIGNING = {"sign", "verify"}


def contents(backend: Raw, seeds: Raw, raw: Raw) -> Iterator[Fault]:
    """What is wrong between the keys of `backend` that describe objects of the vault.

    :param seeds: The values that the stack writes.
    :param raw: The stack's configuration.
    """
    yield from _one_name(backend, seeds)
    yield from _attributes(backend, seeds)
    for own, entry in mapping(backend.get("keys")).items():
        yield from _key(("backend", "keys", own), mapping(entry))
    for own, entry in mapping(backend.get("certificates")).items():
        yield from _certificate(("backend", "certificates", own), mapping(entry))
    yield from _kept_private(mapping(backend.get("certificates")), raw)


def seeded(seeds: Raw) -> Iterator[tuple[str, str | None]]:
    """Object and key of each value that the stack writes; no key where an object has one value."""
    for name, values in seeds.items():
        if is_text(values) or is_generator(values):
            yield name, None
        else:
            yield from ((name, key) for key in mapping(values))


def place_of(name: str, key: str | None) -> Location:
    """Where the value of an object and key is written."""
    return ("seeds", name, key) if key else ("seeds", name)


def _one_name(backend: Raw, seeds: Raw) -> Iterator[Fault]:
    """A vault's names differ in more than capitals, and a certificate is a secret and a key too.
    (Microsoft Learn: "About Azure Key Vault certificates")"""
    written = {object_name(name, key).lower(): place_of(name, key) for name, key in seeded(seeds)}
    certificates: dict[str, str] = {}
    for collection in ("certificates", "keys"):
        known: dict[str, str] = {}
        for own in mapping(backend.get(collection)):
            first = known.setdefault(own.lower(), own)
            if first != own:
                yield Fault(
                    ("backend", collection, own), f"is {first!r} to the vault, which knows no capitals: rename one"
                )
            elif collection == "keys" and own.lower() in certificates:
                certificate = certificates[own.lower()]
                yield Fault(
                    ("backend", "keys", own), f"would overwrite the key of the certificate {certificate!r}: rename one"
                )
            elif collection == "certificates" and own.lower() in written:
                yield Fault(
                    written[own.lower()], f"would overwrite the private half of the certificate {own!r}: rename one"
                )
        certificates = known if collection == "certificates" else certificates


def _attributes(backend: Raw, seeds: Raw) -> Iterator[Fault]:
    written = {object_name(name, key) for name, key in seeded(seeds)}
    for own, entry in mapping(backend.get("secrets")).items():
        if own not in written:
            known = ", ".join(sorted(written)) or "none"
            yield Fault(("backend", "secrets", own), f"is no secret that seeds writes: those are {known}")
        first, last = mapping(entry).get("notBefore"), mapping(entry).get("expires")
        if (
            isinstance(first, str)
            and isinstance(last, str)
            and _MOMENT.validate_python(last) <= _MOMENT.validate_python(first)
        ):
            yield Fault(("backend", "secrets", own, "expires"), f"{last!r} is not after notBefore, {first!r}")


def _key(place: Location, key: Raw) -> Iterator[Fault]:
    type_ = key.get("type", "RSA")
    ec = str(type_).startswith("EC")
    wrong = "size" if ec else "curve"
    if isinstance(type_, str) and key.get(wrong) is not None:
        yield Fault((*place, wrong), f"doesn't go with type {type_!r}")
    operations = key.get("operations")
    named = {str(each) for each in cast("list[object]", operations)} if isinstance(operations, list) else set[str]()
    if ec and (others := sorted(named - _SIGNING)):
        yield Fault((*place, "operations"), f"{', '.join(others)}: a key of type {type_!r} can sign and verify alone")
    rotate, expire = key.get("rotateAfter"), key.get("expiresAfter")
    if expire is not None and rotate is None:
        yield Fault((*place, "rotateAfter"), "is required with expiresAfter")
    if isinstance(rotate, str) and _days(rotate) < 7:
        yield Fault((*place, "rotateAfter"), f"{rotate!r} is too short: Key Vault rotates after 7 days (P7D) or more")
    if isinstance(expire, str) and _days(expire) < 28:
        yield Fault((*place, "expiresAfter"), f"{expire!r} is too short: a version lives for 28 days (P28D) or more")
    elif isinstance(rotate, str) and isinstance(expire, str) and _days(expire) < _days(rotate) + 7:
        yield Fault((*place, "expiresAfter"), f"{expire!r} must be 7 days or more longer than rotateAfter, {rotate!r}")


def _days(duration: str) -> int:
    return sum(int(count) * _DAYS[unit] for count, unit in re.findall(r"([0-9]+)([YMWD])", duration))


def _certificate(place: Location, certificate: Raw) -> Iterator[Fault]:
    type_ = certificate.get("keyType", "RSA")
    if str(type_).startswith("EC") and certificate.get("keySize") is not None:
        yield Fault((*place, "keySize"), f"doesn't go with keyType {type_!r}")
    months, before = certificate.get("validityMonths", 12), certificate.get("renewBeforeDays", 30)
    # (Azure Key Vault REST: "Create Certificate", on days_before_expiry)
    if isinstance(months, int) and isinstance(before, int) and before > 27 * months:
        yield Fault(
            (*place, "renewBeforeDays"),
            f"{before} must be {27 * months} or less, 27 for each month of validityMonths, {months}",
        )


def _kept_private(certificates: Raw, raw: Raw) -> Iterator[Fault]:
    kept = {own.lower() for own, entry in certificates.items() if mapping(entry).get("exportable") is False}
    for location, secret in secrets(raw):
        name = secret.get("object")
        if isinstance(name, str) and name.lower() in kept and secret.get("type", "secret") == "secret":
            yield Fault(
                location,
                f"reads the private key of the certificate {name!r}, which never leaves the vault: set exportable: "
                f"true in backend.certificates.{name}, or read the public half by type: cert",
            )
