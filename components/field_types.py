"""The names a user writes, each checked once, where it enters."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    Strict,
    ValidationError,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, ErrorDetails, PydanticKnownError

from .cross_checks import Location, list_conflicts
from .errors import InvalidArgumentsError

SECRET = "secret"  # noqa: S105 - a mark, and no value
"""It holds a secret: `Annotated[..., SECRET]`."""

_OBJECT_SEGMENT = re.compile(r"[A-Za-z0-9_.-]+")
_CAMEL = re.compile(r"\b[a-z]+[A-Z]\w*")
_PRINCIPAL = re.compile(r"[a-z0-9][a-z0-9._@-]{0,127}")


if TYPE_CHECKING:
    _DeclarationType = type(BaseModel)
else:

    class _DeclarationType(type(BaseModel)):
        """The type of declarations: a program that makes one gets Strongroom's own error."""

        def __call__(cls, *args: Any, **fields: Any) -> Any:
            try:
                made = super().__call__(*args, **fields)
            except ValidationError as error:
                raise _refuse(cls, [_format_problem(cls, each) for each in error.errors(include_url=False)]) from None
            if problems := [_format_conflict(cls, *each) for each in list_conflicts(made)]:
                raise _refuse(cls, problems)
            return made


class Declaration(BaseModel, metaclass=_DeclarationType):
    """What a user declares: immutable, spelled in camel case in stack files, unknown keys refused.

    :raises InvalidArgumentsError: A program gives it what a stack file is refused.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        defer_build=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Leave out what holds a secret."""
        fields = type(self).model_fields
        return [(name, value) for name, value in super().__repr_args__() if SECRET not in fields[name or ""].metadata]


class _AsTuple:
    """Takes any list or tuple, and keeps it as a tuple, which nobody changes."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(tuple[get_args(source)[0], ...])


T = TypeVar("T")

ListOf = Annotated[Sequence[T], _AsTuple()]
"""A list of values."""


def _refuse(model: type[BaseModel], problems: Sequence[str]) -> InvalidArgumentsError:
    return InvalidArgumentsError("\n  ".join([f"{model.__name__} has invalid arguments:", *problems]))


def _format_conflict(model: type[BaseModel], location: Location, message: str) -> str:
    """Format what is wrong between arguments, by Python's names."""
    names = _list_names(model)
    text = _CAMEL.sub(lambda key: names.get(key[0], key[0]), message.replace("This setting", "This argument"))
    return _format_problem(model, {"type": "conflict", "loc": location, "msg": text, "input": None})


@cache
def _list_names(model: type[BaseModel]) -> dict[str, str]:
    """List Python's names of the fields of a model and of those below it, by the names in stack files."""
    found: dict[str, str] = {}
    for name, field in model.model_fields.items():
        for inner in list_models(field.annotation):
            found |= _list_names(inner)
        found[field.alias or name] = name
    return found


def _format_problem(model: type[BaseModel], details: ErrorDetails) -> str:
    """Format what is wrong with one argument, by Python's names, without a value that is secret."""
    path, hidden, models = "", False, [model]
    for step in details["loc"]:
        fields = {
            key: (name, field)
            for each in models
            for name, field in each.model_fields.items()
            for key in (name, field.alias)
        }
        if step in fields:
            name, field = fields[step]
            path, hidden, models = (
                f"{path}.{name}",
                hidden or SECRET in field.metadata or not field.repr,
                list(list_models(field.annotation)),
            )
        elif isinstance(step, int):
            path += f"[{step}]"
        elif not str(step).startswith("function-") and not any(
            step in {each.__name__, getattr(each.model_fields.get("kind"), "default", None)} for each in models
        ):
            path += f"[{step!r}]"
    value: object = details["input"]
    given = "" if hidden or details["type"] == "missing" or not isinstance(value, str | int | float) else f"{value!r} "
    problem = details["msg"].removeprefix("Value error, ")
    return f"{path.removeprefix('.')}: {given}{problem}" if path else problem


def list_models(annotation: Any) -> Iterator[type[BaseModel]]:
    """List the models that an annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from list_models(argument)


def _check_whole(value: object) -> object:
    if isinstance(value, bool | str):
        raise PydanticKnownError("int_type")
    return value


Whole = Annotated[int, BeforeValidator(_check_whole)]
"""A whole number: neither text that looks like one nor a switch, which pydantic would take for one."""

Switch = Annotated[bool, Strict()]
"""`true` or `false`: no text that says as much, since YAML's versions differ on `on` and `no`."""


def require_match(pattern: str, message: str) -> AfterValidator:
    """Build a validator of text that must match all of `pattern`.

    :param message: The message for any other value, as the end of a sentence: what is allowed, with an example.
    """
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(message)
        return value

    return AfterValidator(check)


def check_object_path(value: str) -> str:
    """Return `value`, if it names one object of a store and nothing else.

    Policies are derived from it, so whatever a policy could read as a pattern (`*`, `+`, `{{`) or a server could
    resolve to another place (`..`, `%2f`, a leading `/`) is a `ValueError`.
    (Vault docs: "Policies", on globs and templates)
    """
    segments = value.split("/")
    if len(value) > 512 or any(
        segment in {".", ".."} or not _OBJECT_SEGMENT.fullmatch(segment) for segment in segments
    ):
        raise ValueError(
            "is not a legal object name: use at most 512 letters, digits, '-', '_' and '.', with single '/' between "
            "segments; '.' and '..' as segments, wildcards and '%' escapes are refused"
        )
    return value


def check_name(what: str, value: str, legal: Callable[[str], str] = check_object_path) -> str:
    """Return `value`, which a component's user gave as the name of `what`.

    :param legal: What it must be.
    :raises ValueError: It isn't that, with `what` and the value in the message.
    """
    try:
        return legal(value)
    except ValueError as error:
        raise ValueError(f"{what} {value!r} {error}") from None


def check_principal(value: str) -> str:
    """Return `value`, if it names one person or machine to an auth method, and is one segment of a path.

    :raises ValueError: It isn't.
    """
    if not _PRINCIPAL.fullmatch(value):
        raise ValueError(
            "is not a legal name: use 1 to 128 lower-case letters, digits, '-', '_', '.' and '@', with a letter or "
            "digit first; Vault knows no others"
        )
    return value


def _check_mount_path(value: str) -> str:
    if not re.fullmatch(r"(/[A-Za-z0-9_.@-]+)+/?", value) or {".", ".."} & set(value.split("/")):
        raise ValueError(
            "is not a mount path: use an absolute path of letters, digits, '-', '_', '.' and '@', without '..', "
            "e.g. /mnt/secrets-store"
        )
    return value


DnsLabel = Annotated[
    str,
    require_match(
        r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
        "is not a legal Kubernetes name: use 1 to 63 lower-case letters, digits and '-', "
        "with a letter or digit at both ends",
    ),
]
"""A Kubernetes name as RFC 1123 has it. (Kubernetes docs: "Object Names and IDs")"""

FileName = Annotated[
    str,
    require_match(
        r"\.dockerconfigjson|[A-Za-z0-9_-][A-Za-z0-9._-]{0,252}",
        "is not a legal file name: use 1 to 253 letters, digits, '-', '_' and '.', not a '.' first, and no '/'",
    ),
]
"""A file in the mount, and so a legal key of a Kubernetes Secret, one of whose types has `.dockerconfigjson`.
(Kubernetes docs: "Secrets")"""

FilePath = Annotated[
    str,
    require_match(
        r"\.dockerconfigjson|(?!.{254})[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*",
        "is not a legal file name: use 1 to 253 letters, digits, '-', '_' and '.', with single '/' after directories, "
        "and not a '.' first in any part",
    ),
]
"""A file in the mount, or in a directory of it."""

LabelName = Annotated[
    str,
    require_match(
        r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?",
        "is not the name of a label: use 1 to 63 letters, digits, '-', '_' and '.', with a letter or digit at both "
        "ends, after a domain and '/' if it has one",
    ),
]
"""The name of a label or an annotation. (Kubernetes docs: "Labels and Selectors")"""

LabelValue = Annotated[
    str,
    require_match(
        r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?",
        "is not the value of a label: use at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both "
        "ends",
    ),
]
"""The value of a label."""

ObjectPath = Annotated[str, AfterValidator(check_object_path)]
"""One object in the store."""

ObjectKey = Annotated[
    str, require_match(r"[A-Za-z0-9_.-]{1,255}", "is not a legal key: use 1 to 255 letters, digits, '-', '_' and '.'")
]
"""One key of an object that has several."""

FieldPath = Annotated[
    str,
    require_match(
        r"(?!.{256})[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*",
        "is no field of a JSON value: use its names, of letters, digits, '-' and '_', with '.' between them, e.g. "
        "db.password",
    ),
]
"""One field of a JSON value, by the names that lead to it."""

EnvironmentVariable = Annotated[
    str,
    require_match(
        r"[A-Za-z_][A-Za-z0-9_]*",
        "is not a legal environment variable: use letters, digits and '_', not a digit first, e.g. DB_PASSWORD",
    ),
]
"""A container's environment variable. (Kubernetes docs: "Define Environment Variables for a Container")"""

FilePermission = Annotated[
    str,
    require_match(r"0[0-7]{3}", 'is not a file permission: use a quoted octal number of four digits, e.g. "0644"'),
]
"""An octal file permission, as a string."""

MountPath = Annotated[str, AfterValidator(_check_mount_path)]
"""An absolute path in a container."""

LocalFile = Annotated[
    str, require_match(r"[^\x00-\x1f]+", "is not the name of a file: write the file's path, and not what is in it")
]
"""A file on the machine that runs the program."""

AbsolutePath = Annotated[
    str,
    require_match(r"/[^\x00-\x1f]+", "is not an absolute path: begin with '/', e.g. /etc/kubernetes/akscustom.json"),
]
"""A file on another machine, or in a container."""

ImageName = Annotated[
    str,
    require_match(
        r"[A-Za-z0-9][A-Za-z0-9_.:/@-]{0,510}",
        "is not an image: write its name as a registry has it, e.g. registry.example.net/shop/orders:1.2",
    ),
]
"""A container image. (OCI distribution specification: "Pulling manifests")"""

Text = Annotated[
    str,
    require_match(
        r"\S(.*\S)?", "is no text of one line: it must not be empty, and have no space at an end and no line break"
    ),
]
"""A line of text that says something."""
