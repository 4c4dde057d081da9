"""What a rule is."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

Options = Mapping[str, Any]
"""What a stack's levels say to a rule besides its level."""

Severity = Literal["low", "medium", "high", "critical"]

_API_VERSION = re.compile(r"/v\d[^:/]*(?=:)")


class Unknown:
    """A value that no preview can know."""


UNKNOWN = Unknown()
"""The value that no preview can know. A rule says nothing of it: the update tries the rule again."""


@dataclass(frozen=True)
class Declared:
    """A resource, as a program declares it."""

    type: str
    """Its type as its provider spells it."""

    urn: str

    properties: Mapping[str, Any]
    """Its inputs, or its outputs where all of a stack is looked at; `UNKNOWN` where a preview knows none."""

    dependencies: Collection[str] = ()
    """The URNs of what it depends on."""

    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What its provider told of it, with its `id`, where a stack's state is read; empty elsewhere."""

    @property
    def kind(self) -> str:
        """Its type without the version of an API, e.g. `kubernetes:apps:Deployment`."""
        return _API_VERSION.sub("", self.type)

    @property
    def name(self) -> str:
        """Its name in the stack."""
        return self.urn.rpartition("::")[2]

    def at(self, *path: str) -> Any:
        """What is at `path`; `None` where nothing is."""
        return at(self.properties, *path)


@dataclass(frozen=True)
class Finding:
    """A resource that breaks a rule, and in what way."""

    urn: str
    problem: str
    """What it is or has, as a sentence without its subject; never a secret's value."""


@dataclass(frozen=True)
class Rule:
    """One thing that every stack must keep to."""

    name: str
    """As levels and reports spell it."""

    says: str
    """What must hold, as a sentence."""

    reason: str
    """What happens where it doesn't."""

    fix: str
    """What to do about it."""

    source: str
    """Where it comes from: a documentation page by its title."""

    severity: Severity

    kinds: Collection[str]
    """The kinds of resource that it is about."""

    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """What a stack may set, each as a JSON schema with a default."""


@dataclass(frozen=True)
class ResourceRule(Rule):
    """A rule that a resource keeps to by itself: it stops the resource before it is made."""

    check: Callable[[Declared, Options], Iterable[str]] = field(kw_only=True)
    """The problems of a resource."""

    def findings(self, resources: Iterable[Declared], options: Options | None = None) -> list[Finding]:
        """The problems of every resource that it is about."""
        chosen = {name: schema["default"] for name, schema in self.options.items()} | dict(options or {})
        about = (resource for resource in resources if resource.kind in self.kinds)
        return [Finding(resource.urn, problem) for resource in about for problem in self.check(resource, chosen)]


@dataclass(frozen=True)
class StackRule(Rule):
    """A rule that resources keep to together: it is tried once all of them are declared."""

    check: Callable[[Sequence[Declared]], Iterable[Finding]] = field(kw_only=True)
    """The problems of a stack."""

    def findings(self, resources: Iterable[Declared], options: Options | None = None) -> list[Finding]:
        """The problems of a stack."""
        del options
        return list(self.check([resource for resource in resources if resource.kind in self.kinds]))


def at(value: Any, *path: str) -> Any:
    """What is at `path` below `value`; `None` where nothing is, `UNKNOWN` where that can't be known."""
    for step in path:
        if value is UNKNOWN:
            return UNKNOWN
        if not isinstance(value, Mapping):
            return None
        value = cast("Mapping[str, Any]", value).get(step)
    return value


def listed(value: Any) -> list[Any]:
    """The known entries of a list; none where there is no list."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return [entry for entry in cast("Sequence[Any]", value) if entry is not UNKNOWN]


def is_true(value: Any) -> bool:
    """Whether a value is true, as a boolean or as the text that parameters and charts have."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def lacks(value: Any, *allowed: object) -> bool:
    """Whether `value` is known, and none of `allowed`."""
    return value is not UNKNOWN and value not in allowed
