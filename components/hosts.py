"""Hosts, addresses and ranges that a user writes, each checked once, where it enters."""

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator

from .field_types import require_match

_LABEL = r"[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?"
_HOST = rf"{_LABEL}(\.{_LABEL})*"
_PRIVATE = [ipaddress.ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]

Host = Annotated[
    str,
    require_match(
        rf"(?=.{{1,253}}$){_HOST}",
        "is not a host name: write it alone, without scheme, port and path, e.g. vault.example.net",
    ),
]
"""A host's name, or an IPv4 address. (RFC 1123)"""

DnsName = Annotated[
    str,
    require_match(rf"(?=.{{1,253}}$)(\*\.)?{_HOST}", "is not a DNS name: use e.g. shop.example.net or *.example.net"),
]
"""A name that a certificate bears. (RFC 6125)"""


def _check_host_and_port(value: str) -> str:
    match = re.fullmatch(rf"{_HOST}:([0-9]{{1,5}})", value)
    if not match or not 1 <= int(match[match.lastindex or 0]) <= 65535:
        raise ValueError("is not a host and a port: write both, without a scheme, e.g. consul.example.net:8501")
    return value


HostAndPort = Annotated[str, AfterValidator(_check_host_and_port)]
"""A host and a port."""


def _check_cidr(value: str) -> str:
    try:
        ipaddress.ip_network(value)
    except ValueError:
        raise ValueError(
            "is not a range of addresses: use an address or CIDR whose bits below the prefix are 0, e.g. 10.1.0.0/16"
        ) from None
    return value


Cidr = Annotated[str, AfterValidator(_check_cidr)]
"""An address, or a CIDR range."""


def _check_public_range(value: str) -> str:
    try:
        found = ipaddress.IPv4Network(value)
    except ValueError:
        raise ValueError(
            "is not an IPv4 range: use an address or CIDR whose bits below the prefix are 0, e.g. 203.0.113.0/24"
        ) from None
    if any(found.overlaps(private) for private in _PRIVATE):
        raise ValueError(
            "is private, and Key Vault's firewall sees public addresses alone: use network.allowedSubnetIds"
        )
    return value


PublicRange = Annotated[str, AfterValidator(_check_public_range)]
"""A public IPv4 address or CIDR range. (Microsoft Learn: "Configure network security for Azure Key Vault")"""
