"""What code says of itself: the texts beside attributes and parameters."""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

_PARAMETER = re.compile(r":param (\w+): (.*?)(?=\n\s*:|\Z)", re.DOTALL)


@cache
def read_attribute_docs(cls: type) -> dict[str, str]:
    """Read the texts below the attributes of a class, and of those that it inherits from."""
    found: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        found |= _read_texts(each.__module__).get(each.__qualname__, {})
    return found


@cache
def _read_texts(module: str) -> dict[str, dict[str, str]]:
    """Read the texts below the attributes of all classes of a module, by their qualified names."""
    try:
        # A module is parsed once for all its classes: `inspect.getsource` of a class parses it for each.
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (KeyError, OSError, TypeError):
        return {}  # it is not written in Python
    return {name: _read_class_texts(definition) for name, definition in _list_classes(tree, "")}


def _list_classes(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.ClassDef]]:
    """List the classes that are defined below `node`, at any depth, with their qualified names."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.ClassDef():
                yield prefix + child.name, child
                yield from _list_classes(child, f"{prefix}{child.name}.")
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _list_classes(child, f"{prefix}{child.name}.<locals>.")
            case ast.stmt():
                yield from _list_classes(child, prefix)
            case _:
                pass


def _read_class_texts(definition: ast.ClassDef) -> dict[str, str]:
    found: dict[str, str] = {}
    for statement, following in pairwise(definition.body):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            match following:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    found[statement.target.id] = inspect.cleandoc(text)
                case _:
                    pass
    return found


def read_parameter_docs(cls: type) -> dict[str, str]:
    """Read what the constructor's docstring says of its parameters."""
    text = inspect.cleandoc(cls.__init__.__doc__ or "")
    return {match[1]: " ".join(match[2].split()) for match in _PARAMETER.finditer(text)}
