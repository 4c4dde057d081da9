"""Rules, and the resources that they check."""

import re
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, cast

Options = Mapping[str, Any]
"""A rule's options, which a stack sets beside its level."""

Severity = Literal["low", "medium", "high", "critical"]

_API_VERSION = re.compile(r"/v\d[^:/]*(?=:)")
_LOCAL_PACKAGE = re.compile(r"^azure-native_\w+?_v\d{8}\w*(?=:)")
"""A package of one version of an API, as `pulumi package add azure-native <module> <version>` makes it."""

_FALSE = {"", "0", "f", "false", "n", "no", "off"}
_TRUE = {"1", "on", "t", "true", "y", "yes"}


class Unknown:
    """The type of a value that no preview can know."""


UNKNOWN = Unknown()
"""A value that no preview can know. Rules ignore it; the update checks them again."""


@cache
def _strip_version(type_: str) -> str:
    # Every rule calls it for every resource, and a stack has few types.
    return _LOCAL_PACKAGE.sub("azure-native", _API_VERSION.sub("", type_))


@dataclass(frozen=True)
class Declared:
    """A resource as a program declares it."""

    type: str
    """Its type as its provider spells it."""

    urn: str

    properties: Mapping[str, Any]
    """Its inputs, or its outputs for a rule on the whole stack; `UNKNOWN` for values that a preview does not know."""

    dependencies: Collection[str] = ()
    """The URNs of what it depends on."""

    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Its outputs in the stack's state, with its `id`; empty if it is not read from a state."""

    @property
    def kind(self) -> str:
        """Its type without the version of an API, e.g. `kubernetes:apps:Deployment`."""
        return _strip_version(self.type)

    @property
    def name(self) -> str:
        """Its name in the stack."""
        return self.urn.rpartition("::")[2]

    def at(self, *path: str) -> Any:
        """Return the property at `path`; `None` if there is none."""
        return at(self.properties, *path)


@dataclass(frozen=True)
class Finding:
    """A resource that breaks a rule, and how."""

    urn: str
    problem: str
    """The rest of a sentence that begins with the resource's name, without any secret's value."""


@dataclass(frozen=True)
class Rule:
    """A requirement on every stack."""

    name: str
    """Its name in levels and reports."""

    summary: str
    """The requirement, as a sentence."""

    reason: str
    """The risk if it is not met."""

    fix: str
    """How to meet it."""

    source: str
    """The documentation that it comes from, by title."""

    severity: Severity

    kinds: Container[str]
    """The kinds of resource that it checks."""

    level: Literal["mandatory", "advisory"] = field(default="mandatory", kw_only=True)
    """Its level unless a stack sets another."""

    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """The options that a stack may set, each as a JSON schema with a default."""


@dataclass(frozen=True)
class ResourceRule(Rule):
    """A rule on single resources, checked before each is created."""

    check: Callable[[Declared, Options], Iterable[str]] = field(kw_only=True)
    """A function that lists the problems of a resource."""

    def list_findings(self, resources: Iterable[Declared], options: Options | None = None) -> list[Finding]:
        """List the problems of every resource that it checks."""
        chosen = {name: schema["default"] for name, schema in self.options.items()} | dict(options or {})
        checked = (resource for resource in resources if resource.kind in self.kinds)
        return [Finding(resource.urn, problem) for resource in checked for problem in self.check(resource, chosen)]


@dataclass(frozen=True)
class StackRule(Rule):
    """A rule on all resources together, checked once all are declared."""

    check: Callable[[Sequence[Declared]], Iterable[Finding]] = field(kw_only=True)
    """A function that lists the problems of a stack."""

    def list_findings(self, resources: Iterable[Declared], options: Options | None = None) -> list[Finding]:
        """List the problems of a stack."""
        del options
        return list(self.check([resource for resource in resources if resource.kind in self.kinds]))


def at(value: Any, *path: str) -> Any:
    """Return what is at `path` below `value`; `None` if nothing is, `UNKNOWN` if that is not known yet."""
    for step in path:
        if value is UNKNOWN:
            return UNKNOWN
        if not isinstance(value, Mapping):
            return None
        value = cast("Mapping[str, Any]", value).get(step)
    return value


def listed(value: Any) -> list[Any]:
    """List the known entries of `value`; none if it is no list."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return [entry for entry in cast("Sequence[Any]", value) if entry is not UNKNOWN]


def is_true(value: Any) -> bool:
    """Return whether a value is true, in any spelling of Go, YAML or a chart.

    (Go docs: "strconv.ParseBool")
    """
    return value is True or _normalize(value) in _TRUE


def may_be_true(value: Any) -> bool:
    """Return whether a value is known, and not false in every spelling."""
    return value is not UNKNOWN and value is not None and value is not False and _normalize(value) not in _FALSE


def _normalize(value: Any) -> str:
    # The engine has no integers.
    return f"{value:g}" if isinstance(value, int | float) else str(value).strip().lower()


def lacks(value: Any, *allowed: object) -> bool:
    """Return whether `value` is known, and none of `allowed`."""
    return value is not UNKNOWN and value not in allowed


def is_filled(value: Any) -> bool:
    """Return whether a value is unknown, or set and not empty."""
    return value is UNKNOWN or (value is not None and value not in ("", [], {}))


@dataclass(frozen=True)
class KindsOf(Container[str]):
    """The kinds of some packages, except some, and those of other packages."""

    packages: tuple[str, ...]
    """Their names."""

    without: Collection[str] = ()
    """Kinds that are excluded."""

    beside: Collection[str] = ()
    """Kinds of other packages that are included."""

    def __contains__(self, kind: object) -> bool:
        if not isinstance(kind, str):
            return False
        return kind in self.beside or (kind.partition(":")[0] in self.packages and kind not in self.without)
