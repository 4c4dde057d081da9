"""What an input looks like in any language, and how it becomes what a component takes."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, cast

import pulumi
from pulumi.errors import InputPropertyErrorDetails
from pydantic import BaseModel, ValidationError
from typing_extensions import override

from ..cross_checks import list_conflicts

Model = TypeVar("Model", bound=BaseModel)

Issues = list[InputPropertyErrorDetails]
"""What is wrong with inputs, by path."""


def add_issue(issues: Issues, path: str, reason: str) -> None:
    """Note what is wrong at `path`."""
    issues.append({"property_path": path, "reason": reason})


class Shape(ABC):
    """The type of a value, in the schema and in Python."""

    @property
    def plain(self) -> bool:
        """Whether all of it must be known before anything is made: a component decides by it what it makes."""
        return True

    @abstractmethod
    def build_spec(self) -> dict[str, Any]:
        """Build its type as the schema has it."""

    @abstractmethod
    def read(self, value: Any, path: str, issues: Issues) -> Any:
        """Return what the component takes for `value`; its errors are added to `issues`."""


def _check_known(value: Any, path: str, issues: Issues) -> bool:
    if isinstance(value, pulumi.Output) or type(value).__name__ == "Unknown":
        add_issue(issues, path, "must be known before anything is made: it can't be the output of another resource")
        return False
    return True


@dataclass
class Primitive(Shape):
    """A string, a number or a switch."""

    name: str
    """`string`, `integer`, `number` or `boolean`."""

    python: tuple[type, ...]

    @override
    def build_spec(self) -> dict[str, Any]:
        return {"type": self.name}

    @override
    def read(self, value: Any, path: str, issues: Issues) -> Any:
        if not _check_known(value, path, issues):
            return None
        if self.name == "integer" and isinstance(value, float) and value.is_integer():
            return int(value)
        if not isinstance(value, self.python) or (isinstance(value, bool) and self.name != "boolean"):
            add_issue(issues, path, f"must be of type {self.name}")
            return None
        return value


class Anything(Shape):
    """A value of any type."""

    @property
    @override
    def plain(self) -> bool:
        return False

    @override
    def build_spec(self) -> dict[str, Any]:
        return {"$ref": "pulumi.json#/Any"}

    @override
    def read(self, value: Any, path: str, issues: Issues) -> Any:
        return value


class Moment(Primitive):
    """A point in time."""

    def __init__(self) -> None:
        super().__init__("string", (str,))

    @override
    def read(self, value: Any, path: str, issues: Issues) -> Any:
        text = super().read(value, path, issues)
        try:
            return None if text is None else datetime.fromisoformat(text)
        except ValueError:
            add_issue(issues, path, "must be a date and time by ISO 8601, e.g. 2030-01-31T00:00:00Z")
            return None


@dataclass
class Choice(Shape):
    """One of several words."""

    token: str
    words: Sequence[str]
    description: str

    make: Callable[[str], Any] = str

    @override
    def build_spec(self) -> dict[str, Any]:
        return {"$ref": f"#/types/{self.token}"}

    @override
    def read(self, value: Any, path: str, issues: Issues) -> Any:
        if not _check_known(value, path, issues):
            return None
        if value not in self.words:
            add_issue(issues, path, f"must be one of {', '.join(self.words)}")
            return None
        return self.make(value)


@dataclass
class Several(Shape):
    """A list."""

    item: Shape

    @property
    @override
    def plain(self) -> bool:
        return self.item.plain

    @override
    def build_spec(self) -> dict[str, Any]:
        return {"type": "array", "items": _build_inner(self.item)}

    @override
    def read(self, value: Any, path: str, issues: Issues) -> Any:
        if not _check_known(value, path, issues):
            return None
        if not isinstance(value, list | tuple):
            add_issue(issues, path, "must be a list")
            return None
        entries = cast("Sequence[Any]", value)
        return [self.item.read(entry, f"{path}[{index}]", issues) for index, entry in enumerate(entries)]


@dataclass
class Named(Shape):
    """Values by name."""

    item: Shape

    @property
    @override
    def plain(self) -> bool:
        return self.item.plain

    @override
    def build_spec(self) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": _build_inner(self.item)}

    @override
    def read(self, value: Any, path: str, issues: Issues) -> Any:
        if not _check_known(value, path, issues):
            return None
        if not isinstance(value, Mapping):
            add_issue(issues, path, "must be a mapping of names to values")
            return None
        entries = cast("Mapping[str, Any]", value)
        return {name: self.item.read(entry, f'{path}["{name}"]', issues) for name, entry in entries.items()}


@dataclass
class Later(Shape):
    """A value that may be another resource's output."""

    item: Shape

    @property
    @override
    def plain(self) -> bool:
        return False

    @override
    def build_spec(self) -> dict[str, Any]:
        return self.item.build_spec()

    @override
    def read(self, value: Any, path: str, issues: Issues) -> Any:
        if isinstance(value, pulumi.Output) or type(value).__name__ == "Unknown":
            return cast("Any", value)
        return self.item.read(value, path, issues)


@dataclass
class Field:
    """One field of an object."""

    name: str
    """As Python spells it."""

    shape: Shape
    description: str
    required: bool
    default: Any = None
    """Where it is a string, a number or a switch."""

    secret: bool = False

    filled: bool = False
    """Whether Python must be given `None` if it is omitted."""


@dataclass
class Fields(Shape):
    """An object, built by a class from its fields."""

    token: str
    cls: type[Any]
    description: str
    constant: Mapping[str, str] = field(default_factory=dict[str, str])
    """What tells it apart from its alternatives."""

    fields: dict[str, Field] = field(default_factory=dict[str, Field])
    """By the name that other languages use."""

    @property
    @override
    def plain(self) -> bool:
        return all(each.shape.plain or _is_document(each.shape) for each in self.fields.values())

    @override
    def build_spec(self) -> dict[str, Any]:
        return {"$ref": f"#/types/{self.token}"}

    @override
    def read(self, value: Any, path: str, issues: Issues) -> Any:
        if not _check_known(value, path, issues):
            return None
        if not isinstance(value, Mapping):
            add_issue(issues, path, "must be an object")
            return None
        given = {key: entry for key, entry in cast("Mapping[str, Any]", value).items() if entry is not None}
        for key in self.constant.keys() - self.fields.keys():
            given.pop(key, None)
        before = len(issues)
        model = self.cls if issubclass(self.cls, BaseModel) else None
        if model and self.plain:
            documents = {key for key, each in self.fields.items() if _is_document(each.shape)}
            _check_known_throughout({key: given[key] for key in given.keys() - documents}, path, issues)
            arguments = given
        else:
            arguments = read_fields(self.fields, given, path, issues)
        if len(issues) > before:
            return None
        return build_model(model, self.fields, arguments, path, issues) if model else self.cls(**arguments)


@dataclass
class Component(Shape):
    """Another component of this provider."""

    tokens: Sequence[str]

    @property
    @override
    def plain(self) -> bool:
        return False

    @override
    def build_spec(self) -> dict[str, Any]:
        references: list[dict[str, Any]] = [{"$ref": f"#/resources/{token}"} for token in self.tokens]
        return references[0] if len(references) == 1 else {"oneOf": references}

    @override
    def read(self, value: Any, path: str, issues: Issues) -> Any:
        names = " or ".join(token.rpartition(":")[2] for token in self.tokens)
        if type(value).__name__ not in {token.rpartition(":")[2] for token in self.tokens}:
            add_issue(issues, path, f"must be of type {names}, made by this program with the same provider")
            return None
        return value


@dataclass
class Either(Shape):
    """One of several."""

    choices: Sequence[Shape]

    @property
    @override
    def plain(self) -> bool:
        return all(choice.plain for choice in self.choices)

    @override
    def build_spec(self) -> dict[str, Any]:
        return {"oneOf": [_build_inner(choice) for choice in self.choices]}

    @override
    def read(self, value: Any, path: str, issues: Issues) -> Any:
        objects = [choice for choice in self.choices if isinstance(choice, Fields)]
        if isinstance(value, Mapping) and objects:
            written = cast("Mapping[str, Any]", value)
            for choice in objects:
                if all(written.get(key) == word for key, word in choice.constant.items()):
                    return choice.read(written, path, issues)
            words = ", ".join(word for choice in objects for word in choice.constant.values())
            add_issue(issues, f"{path}.{next(iter(objects[0].constant))}", f"must be one of {words}")
            return None
        others: list[Shape] = [
            choice for choice in self.choices if isinstance(choice, Choice) and value in choice.words
        ]
        others += [choice for choice in self.choices if not isinstance(choice, Fields)]
        return (others or objects)[0].read(value, path, issues)


def read_fields(fields: Mapping[str, Field], given: Mapping[str, Any], path: str, issues: Issues) -> dict[str, Any]:
    """Return what is given, by Python's names; what is missing or unknown is added to `issues`."""
    below = f"{path}." if path else ""
    for key in given.keys() - fields.keys():
        add_issue(issues, f"{below}{key}", f"is no input; there are {', '.join(fields)}")
    for key, each in fields.items():
        if each.required and given.get(key) is None:
            add_issue(issues, f"{below}{key}", "is required and missing")
    return {
        each.name: None if given.get(key) is None else each.shape.read(given[key], f"{below}{key}", issues)
        for key, each in fields.items()
        if given.get(key) is not None or each.filled
    }


def build_model(
    model: type[Model], fields: Mapping[str, Field], values: Mapping[str, Any], path: str, issues: Issues
) -> Model | None:
    """Return a model with `values`; what it refuses is noted in `issues`, by the names that other languages use."""
    made: Model | None = None
    try:
        made = model.model_validate(dict(values))
    except ValidationError as error:
        found = [(each["loc"], each["msg"].removeprefix("Value error, ")) for each in error.errors(include_url=False)]
    else:
        found = list(list_conflicts(made))
    names = {each.name: key for key, each in fields.items()}
    for location, message in found:
        first, *rest = location or ("",)
        steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in (names.get(str(first), first), *rest)]
        add_issue(issues, f"{path}{''.join(steps)}".strip("."), message)
    return None if found else made


def _build_inner(shape: Shape) -> dict[str, Any]:
    return {**shape.build_spec(), "plain": True} if shape.plain else shape.build_spec()


def _is_document(shape: Shape) -> bool:
    """Return whether a shape is a document of another API, in which any value may be an output: its model checks it."""
    return isinstance(shape, Named) and isinstance(shape.item, Anything)


def _check_known_throughout(value: Any, path: str, issues: Issues) -> None:
    if isinstance(value, Mapping):
        for key, entry in cast("Mapping[str, Any]", value).items():
            _check_known_throughout(entry, f"{path}.{key}", issues)
    elif isinstance(value, list):
        for index, entry in enumerate(cast("list[Any]", value)):
            _check_known_throughout(entry, f"{path}[{index}]", issues)
    else:
        _check_known(value, path, issues)
