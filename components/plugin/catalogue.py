"""The components, read off their constructors."""

import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, dataclass, is_dataclass
from datetime import datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pulumi
from pydantic import AwareDatetime, BaseModel
from pydantic.alias_generators import to_camel, to_pascal
from pydantic.fields import FieldInfo
from typing_extensions import is_protocol

from ..field_types import SECRET
from ..seeds import Generate
from . import described
from .shapes import Anything, Choice, Component, Either, Field, Fields, Later, Moment, Named, Primitive, Several, Shape

PACKAGE = "strongroom"

_PRIMITIVES = {
    str: Primitive("string", (str,)),
    bool: Primitive("boolean", (bool,)),
    int: Primitive("integer", (int,)),
    float: Primitive("number", (int, float)),
}
_PULUMIS_OWN = {"self", "name", "opts"}


class UnspeakableError(Exception):
    """A constructor takes what no other language can say."""


@dataclass
class Described:
    """A component."""

    cls: type[pulumi.ComponentResource]
    description: str
    inputs: Mapping[str, Field]
    """By the name that other languages use."""

    outputs: Mapping[str, Field]
    """By the name that other languages use."""

    args: type[BaseModel] | None = None
    """The model of its arguments; `None` where each is a parameter of the constructor."""


def format_token(name: str) -> str:
    """Format a name in the package."""
    return f"{PACKAGE}:index:{name}"


class Catalogue:
    """All public components, and the types that their inputs are made of."""

    def __init__(self, public: Mapping[str, Any]) -> None:
        """Index the package's classes.

        :param public: What the package offers, by name.
        :raises UnspeakableError: A constructor takes what no other language can say.
        """
        self._public = public
        self.types: dict[str, Fields | Choice] = {}
        self.components: dict[str, Described] = {}
        for name, item in sorted(public.items()):
            if isinstance(item, type) and issubclass(item, pulumi.ComponentResource):
                self.components[format_token(name)] = self._describe_component(item)

    def _describe_component(self, cls: type[pulumi.ComponentResource]) -> Described:
        args = _find_args(cls)
        inputs = self._read_model_fields(args, cls) if args else self._read_parameters(cls)
        return Described(cls, inspect.cleandoc(cls.__doc__ or ""), inputs, self._read_outputs(cls), args)

    def _read_parameters(self, cls: type) -> dict[str, Field]:
        texts, hints = described.read_parameter_docs(cls), _read_hints(cls.__init__)
        found: dict[str, Field] = {}
        for name, parameter in inspect.signature(cls.__init__).parameters.items():
            if name in _PULUMIS_OWN or _is_resource(hints[name]):
                continue
            default = MISSING if parameter.default is inspect.Parameter.empty else parameter.default
            found[to_camel(name)] = self._build_field(cls, name, hints[name], texts.get(name, ""), default=default)
        return found

    def _read_model_fields(self, model: type[BaseModel], owner: type) -> dict[str, Field]:
        """
        :param owner: The class whose name begins those of the model's choices.
        """
        texts = described.read_attribute_docs(model)
        return {
            field.alias or name: self._build_field(owner, name, hint, texts.get(name, ""), default=_read_default(field))
            for name, field in model.model_fields.items()
            if not _is_resource(hint := _read_annotation(field))
        }

    def _read_outputs(self, cls: type) -> dict[str, Field]:
        texts = described.read_attribute_docs(cls)
        found: dict[str, Field] = {}
        for name, hint in inspect.get_annotations(cls).items():
            if name in texts:
                shape = self._build_output_shape(hint)
                if shape is not None:
                    secret = SECRET in getattr(hint, "__metadata__", ())
                    found[to_camel(name)] = Field(name, shape, texts[name], True, secret=secret)
        return found

    def _build_output_shape(self, hint: Any) -> Shape | None:
        """Return `None` for what only Python can use."""
        hint = _strip_marks(hint)
        if get_origin(hint) is pulumi.Output:
            hint = get_args(hint)[0]
        alternatives = [each for each in _list_alternatives(hint) if each in _PRIMITIVES]
        if alternatives:
            return _PRIMITIVES[alternatives[0]]
        if get_origin(hint) is list and get_args(hint)[0] in _PRIMITIVES:
            return Several(Later(_PRIMITIVES[get_args(hint)[0]]))
        if hint == Sequence[Any]:
            return Several(Anything())
        if hint == Mapping[str, str]:
            return Named(_PRIMITIVES[str])
        if get_origin(hint) is Literal:
            return _PRIMITIVES[str]
        return None

    def _build_field(self, owner: type, name: str, hint: Any, text: str, *, default: Any) -> Field:
        """
        :param default: `MISSING` for what is required.
        """
        secret = SECRET in getattr(hint, "__metadata__", ()) or Generate in _list_alternatives(hint)
        shape = self._build_shape(hint, f"{owner.__name__}{to_pascal(name)}", text)
        value = default.value if isinstance(default, Enum) else default
        texts = value if isinstance(value, str | bool | int | float) else None
        nullable = NoneType in _list_alternatives(_strip_marks(hint))
        return Field(name, shape, text, default is MISSING and not nullable, texts, secret, filled=default is MISSING)

    def _build_shape(self, hint: Any, name: str, text: str) -> Shape:
        """Find the shape of an annotation.

        :param hint: The annotation.
        :param name: What to call a choice in it.
        :param text: What to say of it.
        """
        alternatives = [each for each in _list_alternatives(_strip_marks(hint)) if each is not NoneType]
        later = any(get_origin(each) is pulumi.Output for each in alternatives)
        shapes = [
            self._build_one_shape(each, name, text)
            for each in alternatives
            if get_origin(each) not in {pulumi.Output, Awaitable}
        ]
        if later:
            shapes[0] = Later(shapes[0])
        if not shapes:
            raise UnspeakableError(f"{name}: {hint}")
        return shapes[0] if len(shapes) == 1 else Either(self._distinguish(shapes))

    def _build_one_shape(self, hint: Any, name: str, text: str) -> Shape:
        origin, arguments = get_origin(hint), get_args(hint)
        if hint in _PRIMITIVES:
            return _PRIMITIVES[hint]
        if hint is Any:
            return Anything()
        if hint in {datetime, AwareDatetime}:
            return Moment()
        if origin is Literal and all(type(word) is int for word in arguments):
            return _PRIMITIVES[int]
        if origin is Literal:
            return self._build_choice(name, [str(word) for word in arguments], text)
        if origin in {tuple, list, Sequence, Collection}:
            return Several(self._build_shape(arguments[0], name, text))
        if origin in {dict, Mapping}:
            return Named(self._build_shape(arguments[1], name, text))
        if isinstance(hint, type) and issubclass(hint, Enum):
            return self._build_choice(hint.__name__, [str(each.value) for each in hint], text, hint)
        if isinstance(hint, type) and issubclass(hint, pulumi.ComponentResource):
            return Component([format_token(hint.__name__)])
        if isinstance(hint, type) and is_protocol(hint):
            return self._find_fitting(hint)
        if isinstance(hint, type) and (is_dataclass(hint) or issubclass(hint, BaseModel)):
            return self._build_object(hint)
        raise UnspeakableError(f"{name}: {hint}")

    def _build_choice(self, name: str, words: list[str], text: str, make: Callable[[str], Any] = str) -> Choice:
        choice = Choice(format_token(name), words, text, make)
        self.types[choice.token] = choice
        return choice

    def _build_object(self, cls: type[Any]) -> Fields:
        known = self.types.get(format_token(cls.__name__))
        if isinstance(known, Fields):
            if known.cls is not cls:
                raise UnspeakableError(f"{cls.__module__} and {known.cls.__module__} both have a {cls.__name__}")
            return known
        found = Fields(format_token(cls.__name__), cls, inspect.cleandoc(cls.__doc__ or ""))
        self.types[found.token] = found
        is_model = issubclass(cls, BaseModel)
        found.fields = self._read_model_fields(cls, cls) if is_model else self._read_parameters(cls)
        return found

    def _find_fitting(self, protocol: type) -> Shape:
        """Whatever public class has what a protocol asks for."""
        asked = [name for name in vars(protocol) if inspect.isfunction(vars(protocol)[name]) and name[0] != "_"]
        fitting = [
            item
            for _, item in sorted(self._public.items())
            if isinstance(item, type) and not is_protocol(item) and all(hasattr(item, name) for name in asked)
        ]
        if all(issubclass(each, pulumi.ComponentResource) for each in fitting):
            return Component([format_token(each.__name__) for each in fitting])
        return Either(self._distinguish([self._build_object(each) for each in fitting]))

    def _distinguish(self, shapes: list[Shape]) -> list[Shape]:
        """Give objects a field that says which they are, if there are several."""
        objects = [shape for shape in shapes if isinstance(shape, Fields)]
        if len(objects) > 1:
            for each in objects:
                mode = getattr(each.cls, "mode", None)
                each.constant = {"kind": mode if isinstance(mode, str) else each.cls.__name__}
        return shapes


def _read_default(field: FieldInfo) -> Any:
    return MISSING if field.is_required() else field.default


def _read_annotation(field: FieldInfo) -> Any:
    """Return a field's annotation with the marks in it, which pydantic keeps apart."""
    return Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation


def _find_args(cls: type) -> type[BaseModel] | None:
    """Return the model of a component's arguments, where its constructor takes one."""
    args = _read_hints(cls.__init__).get("args")
    return args if isinstance(args, type) and issubclass(args, BaseModel) else None


def _read_hints(item: Any) -> dict[str, Any]:
    # The SDK's Input[…] holds a text that names Output[T].
    return get_type_hints(item, localns={"Output": pulumi.Output, "T": Any}, include_extras=True)


def _strip_marks(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _list_alternatives(hint: Any) -> list[Any]:
    if get_origin(hint) in {Union, UnionType}:
        return [nested for each in get_args(hint) for nested in _list_alternatives(_strip_marks(each))]
    return [hint]


def _is_resource(hint: Any) -> bool:
    """Return whether only a program in Python can give it: any resource, to depend on or to belong to."""
    bare = _strip_marks(hint)
    return bare is pulumi.Resource or pulumi.Resource in get_args(bare)
