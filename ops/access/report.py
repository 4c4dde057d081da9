"""Who can read what, as a stack's resources say."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from unicodedata import category
from urllib.parse import urlsplit

from strongroom.policy.rules import Declared

from ..grants import granted
from ..grants.copies import COPY
from ..grants.grant import ORDER, Step, readable

NOBODY = "nobody"
"""Who reads a secret that nothing opens."""

_VAULT_KINDS: Mapping[str, tuple[str, str, str]] = {
    "azure-native:keyvault:Secret": ("secret", "secrets", "secretName"),
    "azure-native:keyvault:Key": ("key", "keys", "keyName"),
}
_WRITTEN = {"vault:kv/secretV2:SecretV2", "azure-native:keyvault:Secret"}
"""The kinds of what `seeds` becomes."""

_UNSEEN = {"Cc", "Cf", "Cn", "Cs"}
"""Categories of characters that control, or that nobody sees."""

_CERTIFICATE = "pulumi-python:dynamic/strongroom:Certificate"


@dataclass(frozen=True)
class Access:
    """Somebody can do something with a secret, by one path."""

    who: str
    """A service account, as `namespace/name`, or what else it is."""

    may: tuple[str, ...]
    """What they may do, in the order of `ORDER`."""

    what: str
    """The secret, or the place that holds several."""

    wide: bool
    """Whether it opens more than one secret, or what can't be told."""

    covers: tuple[str, ...]
    """Of what is wide: the secrets that the stack knows of and that it opens."""

    path: tuple[Step, ...]
    """Each step from who to what."""

    @property
    def by(self) -> str:
        """The steps between, in words."""
        return ", ".join(map(str, self.path[1:-1]))

    @property
    def unknown(self) -> bool:
        """Whether what it opens can't be told."""
        return self.path[-1].kind == "unknown"

    @property
    def copied(self) -> bool:
        """Whether it is by a copy in etcd."""
        return self.path[1].kind == COPY

    def may_open(self, secrets: Collection[str]) -> bool:
        """Whether it is wide and opens one of `secrets`, as far as can be told; any, where there are none."""
        return self.wide and (self.unknown or not secrets or not set(secrets).isdisjoint(self.covers))


@dataclass(frozen=True)
class Report:
    """Who can read what in a stack."""

    stack: str
    accesses: tuple[Access, ...]

    secrets: tuple[str, ...]
    """Every secret that something opens or that the stack writes, each by itself."""

    shown: str = "everything that the stack grants"
    """What of it this is: a page that was narrowed down is no evidence of the rest."""

    def only(self, secret: str | None, who: str | None) -> "Report":
        """Of it, what concerns secrets and holders whose names contain these, in any case.

        What is wide stays where it opens such a secret, and where the stack knows of no such secret; a pattern of
        holders stays too.

        :param secret: Part of a secret's name; every secret where it is left out.
        :param who: Part of a holder's name; everybody where it is left out.
        """
        part, holder = (secret or "").lower(), (who or "").lower()
        asked = {name for name in self.secrets if part in name.lower()}
        kept = [
            each
            for each in self.accesses
            if (part in each.what.lower() or each.may_open(asked)) and (holder in each.who.lower() or "*" in each.who)
        ]
        reached = {name for each in kept for name in (each.what, *each.covers)}
        asked_for = (("secrets", secret), ("those", who))
        narrowed = [f"{what} with {part!r} in their names" for what, part in asked_for if part is not None]
        return replace(
            self,
            accesses=tuple(kept),
            shown=f"only {' and '.join(narrowed)}" if narrowed else self.shown,
            secrets=tuple(name for name in self.secrets if name in asked and (who is None or name in reached)),
        )

    def unopened(self) -> list[str]:
        """List the secrets that nobody reads."""
        return [secret for secret, accesses in self.readers() if not accesses]

    def summary(self) -> str:
        """Sum the report up in a line."""
        holders = {each.who for each in self.accesses}
        copied = {each.who for each in self.accesses if each.copied}
        parts = [f"{len(self.secrets)} secrets, opened to {len(holders)}"]
        if copied:
            parts[0] += f" ({len(copied)} by copies in etcd)"
        if unopened := self.unopened():
            parts.append(f"{len(unopened)} that nobody reads")
        if wide := sum(each.wide for each in self.accesses):
            parts.append(f"{wide} ways open more than one secret, or what can't be told")
        return "; ".join(parts)

    def readers(self) -> Iterator[tuple[str, list[Access]]]:
        """Each secret with all that opens it, then each place that holds several."""
        for secret in self.secrets:
            yield secret, [each for each in self.accesses if secret == each.what or secret in each.covers]
        for place in sorted({each.what for each in self.accesses if each.wide}):
            yield place, [each for each in self.accesses if each.what == place]

    def holders(self) -> Iterator[tuple[str, list[Access]]]:
        """Each of those who may do something, with all of it."""
        for who in dict.fromkeys(each.who for each in self.accesses):
            yield who, [each for each in self.accesses if each.who == who]


def report(stack: str, resources: Collection[Declared]) -> Report:
    """Who can read what by a stack's resources."""
    found: dict[tuple[tuple[Step, ...], str], list[str]] = defaultdict(list)
    wide: dict[str, bool] = {}
    known = dict(_kept(resources))
    opening = granted(resources)
    for each in opening:
        found[tuple(map(_plain, each.path)), each.reach].append(each.may)
        wide[each.reach] = each.wide
        if not each.wide:
            known.setdefault(each.reach, _what(each.path[-1]))
    openers = {each.reach: each for each in opening if each.wide and each.path[-1].kind != "unknown"}
    covers = {
        reach: tuple(sorted({name for address, name in known.items() if opener.opens(address)}))
        for reach, opener in openers.items()
    }
    accesses = [
        Access(
            str(path[0]),
            tuple(sorted(set(may), key=_rank)),
            _what(path[-1]),
            wide[reach],
            () if path[-1].kind == "unknown" else covers.get(reach, ()),
            path,
        )
        for (path, reach), may in found.items()
    ]
    return Report(
        visible(stack),
        tuple(sorted(accesses, key=lambda each: (each.path[0].kind != "service account", each.path, each.may))),
        tuple(sorted(set(known.values()))),
    )


def list_unread(resources: Collection[Declared]) -> list[str]:
    """List the values that a stack writes and nobody reads: what a removed workload leaves in `seeds`."""
    opening = [each for each in granted(resources) if each.may in {"read", "administer"}]
    written = _kept([each for each in resources if each.kind in _WRITTEN])
    return sorted({name for address, name in written if not any(each.opens(address) for each in opening)})


def _rank(may: str) -> tuple[int, str]:
    return (ORDER.index(may) if may in ORDER else len(ORDER), may)


def _what(last: Step) -> str:
    step = _plain(last)
    return f"{step} of {step.detail}" if step.detail else str(step)


def _plain(step: Step) -> Step:
    return Step(visible(step.kind), visible(step.name), visible(step.detail))


def visible(text: str) -> str:
    """Return `text` without what a terminal, or a page, would take for a command: a directory has any names."""
    return "".join("\ufffd" if category(letter) in _UNSEEN else letter for letter in text)


def _kept(resources: Iterable[Declared]) -> Iterator[tuple[str, str]]:
    """The secrets that the stack writes: their addresses and names."""
    for resource in resources:
        if resource.kind == "vault:kv/secretV2:SecretV2":
            path = f"{resource.at('mount')}/data/{resource.at('name')}"
            yield f"vault:/{path}", path
        elif resource.kind in _VAULT_KINDS:
            one, kind, named = _VAULT_KINDS[resource.kind]
            yield _object(one, kind, str(resource.at(named)), str(resource.at("vaultName")))
        elif resource.kind == _CERTIFICATE:
            vault = (urlsplit(readable(resource.at("vaultUrl")) or "").hostname or "").partition(".")[0]
            for one, kind in (("certificate", "certificates"), ("secret", "secrets"), ("key", "keys")):
                yield _object(one, kind, str(resource.at("name")), vault)


def _object(one: str, kind: str, name: str, vault: str) -> tuple[str, str]:
    return f"azure:/{vault}/{kind}/{name}".lower(), _what(Step(one, name, vault))
