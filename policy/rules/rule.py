"""What a rule is."""

import re
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, cast

Options = Mapping[str, Any]
"""What a stack's levels say to a rule besides its level."""

Severity = Literal["low", "medium", "high", "critical"]

_API_VERSION = re.compile(r"/v\d[^:/]*(?=:)")
_LOCAL_PACKAGE = re.compile(r"^azure-native_\w+?_v\d{8}\w*(?=:)")
"""A package of one version of an API, as `pulumi package add azure-native <module> <version>` makes it."""

_FALSE = {"", "0", "f", "false", "n", "no", "off"}
_TRUE = {"1", "on", "t", "true", "y", "yes"}


class Unknown:
    """A value that no preview can know."""


UNKNOWN = Unknown()
"""The value that no preview can know. A rule says nothing of it: the update tries the rule again."""


@cache
def _kind(type_: str) -> str:
    # Every rule asks it of every resource, and a stack has few types.
    return _LOCAL_PACKAGE.sub("azure-native", _API_VERSION.sub("", type_))


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
        return _kind(self.type)

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

    kinds: Container[str]
    """The kinds of resource that it is about."""

    level: Literal["mandatory", "advisory"] = field(default="mandatory", kw_only=True)
    """How strict it is where a stack's levels say nothing of it."""

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
    """Whether a value is true, in any spelling that Go, YAML or a chart takes for it. (Go docs: "strconv.ParseBool")"""
    return value is True or _folded(value) in _TRUE


def may_be_true(value: Any) -> bool:
    """Whether a value is known, and not one that everybody takes for false."""
    return value is not UNKNOWN and value is not None and value is not False and _folded(value) not in _FALSE


def _folded(value: Any) -> str:
    # The engine has no integers.
    return f"{value:g}" if isinstance(value, int | float) else str(value).strip().lower()


def lacks(value: Any, *allowed: object) -> bool:
    """Whether `value` is known, and none of `allowed`."""
    return value is not UNKNOWN and value not in allowed


def filled(value: Any) -> bool:
    """Whether a value is unknown, or is there and not empty."""
    return value is UNKNOWN or (value is not None and value not in ("", [], {}))


@dataclass(frozen=True)
class KindsOf(Container[str]):
    """All kinds of some packages, without some and beside others."""

    packages: tuple[str, ...]
    """Their names."""

    without: Collection[str] = ()
    """Kinds that are left alone."""

    beside: Collection[str] = ()
    """Kinds of other packages."""

    def __contains__(self, kind: object) -> bool:
        if not isinstance(kind, str):
            return False
        return kind in self.beside or (kind.partition(":")[0] in self.packages and kind not in self.without)
