"""Reports of who can read what, from a stack's resources."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from unicodedata import category
from urllib.parse import urlsplit

from strongroom.policy.rules import Declared
from strongroom.policy.rules.kinds.azure import CERTIFICATE, KEY, SECRET
from strongroom.policy.rules.kinds.vault import OBJECT

from ..grants import list_granted
from ..grants.copies import COPY
from ..grants.grant import ORDER, Step, get_known_text

NOBODY = "nobody"
"""Holder of a secret that nothing opens."""

_VAULT_KINDS: Mapping[str, tuple[str, str, str]] = {
    SECRET: ("secret", "secrets", "secretName"),
    KEY: ("key", "keys", "keyName"),
}
_WRITTEN = {OBJECT, SECRET}
"""Kinds of resources that `seeds` declares."""

_UNSEEN = {"Cc", "Cf", "Cn", "Cs"}
"""Categories of control characters and invisible ones."""


@dataclass(frozen=True)
class Access:
    """An access to a secret by one path."""

    who: str
    """The holder: a service account, as `namespace/name`, or another principal."""

    may: tuple[str, ...]
    """Allowed operations, in the order of `ORDER`."""

    what: str
    """The secret, or the place that holds several."""

    wide: bool
    """Whether it opens more than one secret, or unknown ones."""

    covers: tuple[str, ...]
    """Secrets of the stack that a wide access opens."""

    path: tuple[Step, ...]
    """Steps from the holder to the secret."""

    @property
    def by(self) -> str:
        """The steps between, formatted."""
        return ", ".join(map(str, self.path[1:-1]))

    @property
    def unknown(self) -> bool:
        """Whether what it opens is unknown."""
        return self.path[-1].kind == "unknown"

    @property
    def copied(self) -> bool:
        """Whether it is by a copy in etcd."""
        return self.path[1].kind == COPY

    def may_open(self, secrets: Collection[str]) -> bool:
        """Return whether it is wide and may open one of `secrets`; of an empty collection, any."""
        return self.wide and (self.unknown or not secrets or not set(secrets).isdisjoint(self.covers))


@dataclass(frozen=True)
class Report:
    """Who can read what in a stack."""

    stack: str
    accesses: tuple[Access, ...]

    secrets: tuple[str, ...]
    """Every single secret that something opens or that the stack writes."""

    shown: str = "everything that the stack grants"
    """Title of the filter: a filtered page is no evidence of the rest."""

    def filter(self, secret: str | None, who: str | None) -> "Report":
        """Filter the report by parts of names, ignoring case.

        A wide access stays if it opens such a secret, or if the stack has no such secret; a pattern of holders stays
        too.

        :param secret: Part of a secret's name; if omitted, every secret.
        :param who: Part of a holder's name; if omitted, every holder.
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

    def list_unopened(self) -> list[str]:
        """List the secrets that nobody reads."""
        return [secret for secret, accesses in self.group_by_secret() if not accesses]

    def format_summary(self) -> str:
        """Format a summary in one line."""
        holders = {each.who for each in self.accesses}
        copied = {each.who for each in self.accesses if each.copied}
        parts = [f"{len(self.secrets)} secrets, opened to {len(holders)}"]
        if copied:
            parts[0] += f" ({len(copied)} by copies in etcd)"
        if unopened := self.list_unopened():
            parts.append(f"{len(unopened)} that nobody reads")
        if wide := sum(each.wide for each in self.accesses):
            parts.append(f"{wide} ways open more than one secret, or unknown ones")
        return "; ".join(parts)

    def group_by_secret(self) -> Iterator[tuple[str, list[Access]]]:
        """Group accesses by secret, then by place that holds several."""
        for secret in self.secrets:
            yield secret, [each for each in self.accesses if secret == each.what or secret in each.covers]
        for place in sorted({each.what for each in self.accesses if each.wide}):
            yield place, [each for each in self.accesses if each.what == place]

    def group_by_holder(self) -> Iterator[tuple[str, list[Access]]]:
        """Group accesses by holder."""
        for who in dict.fromkeys(each.who for each in self.accesses):
            yield who, [each for each in self.accesses if each.who == who]


def build_report(stack: str, resources: Collection[Declared]) -> Report:
    """Build the report of a stack's resources."""
    found: dict[tuple[tuple[Step, ...], str], list[str]] = defaultdict(list)
    wide: dict[str, bool] = {}
    known = dict(_list_written(resources))
    opening = list_granted(resources)
    for each in opening:
        found[tuple(map(_make_visible, each.path)), each.pattern].append(each.may)
        wide[each.pattern] = each.wide
        if not each.wide:
            known.setdefault(each.pattern, _format_target(each.path[-1]))
    openers = {each.pattern: each for each in opening if each.wide and each.path[-1].kind != "unknown"}
    covers = {
        pattern: tuple(sorted({name for address, name in known.items() if opener.opens(address)}))
        for pattern, opener in openers.items()
    }
    accesses = [
        Access(
            str(path[0]),
            tuple(sorted(set(may), key=_get_rank)),
            _format_target(path[-1]),
            wide[pattern],
            () if path[-1].kind == "unknown" else covers.get(pattern, ()),
            path,
        )
        for (path, pattern), may in found.items()
    ]
    return Report(
        make_visible(stack),
        tuple(sorted(accesses, key=lambda each: (each.path[0].kind != "service account", each.path, each.may))),
        tuple(sorted(set(known.values()))),
    )


def list_unread(resources: Collection[Declared]) -> list[str]:
    """List the values that a stack writes and no workload reads: a removed workload leaves them in `seeds`."""
    opening = [each for each in list_granted(resources) if each.may in {"read", "administer"}]
    written = _list_written([each for each in resources if each.kind in _WRITTEN])
    return sorted({name for address, name in written if not any(each.opens(address) for each in opening)})


def _get_rank(may: str) -> tuple[int, str]:
    return (ORDER.index(may) if may in ORDER else len(ORDER), may)


def _format_target(last: Step) -> str:
    step = _make_visible(last)
    return f"{step} of {step.detail}" if step.detail else str(step)


def _make_visible(step: Step) -> Step:
    return Step(make_visible(step.kind), make_visible(step.name), make_visible(step.detail))


def make_visible(text: str) -> str:
    """Replace the control and invisible characters of `text`: names of groups may have any."""
    return "".join("\ufffd" if category(letter) in _UNSEEN else letter for letter in text)


def _list_written(resources: Iterable[Declared]) -> Iterator[tuple[str, str]]:
    """List the secrets that the stack writes: their addresses and names."""
    for resource in resources:
        if resource.kind == OBJECT:
            path = f"{resource.at('mount')}/data/{resource.at('name')}"
            yield f"vault:/{path}", path
        elif resource.kind in _VAULT_KINDS:
            one, kind, named = _VAULT_KINDS[resource.kind]
            yield _format_object(one, kind, str(resource.at(named)), str(resource.at("vaultName")))
        elif resource.kind == CERTIFICATE:
            vault = (urlsplit(get_known_text(resource.at("vaultUrl")) or "").hostname or "").partition(".")[0]
            for one, kind in (("certificate", "certificates"), ("secret", "secrets"), ("key", "keys")):
                yield _format_object(one, kind, str(resource.at("name")), vault)


def _format_object(one: str, kind: str, name: str, vault: str) -> tuple[str, str]:
    return f"azure:/{vault}/{kind}/{name}".lower(), _format_target(Step(one, name, vault))
