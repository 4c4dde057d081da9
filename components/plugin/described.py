"""What code says of itself: the texts beside attributes and parameters."""

import ast
import inspect
import re
import textwrap
from functools import cache
from itertools import pairwise

_PARAMETER = re.compile(r":param (\w+): (.*?)(?=\n\s*:|\Z)", re.DOTALL)


@cache
def of_attributes(cls: type) -> dict[str, str]:
    """The texts below the attributes of a class, and of those that it inherits from."""
    found: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(each)))
        except (OSError, TypeError):
            continue  # it is not written in Python
        body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
        for statement, following in pairwise(body):
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                match following:
                    case ast.Expr(value=ast.Constant(value=str(text))):
                        found[statement.target.id] = inspect.cleandoc(text)
                    case _:
                        pass
    return found


def of_parameters(cls: type) -> dict[str, str]:
    """What the constructor's docstring says of its parameters."""
    text = inspect.cleandoc(cls.__init__.__doc__ or "")
    return {match[1]: " ".join(match[2].split()) for match in _PARAMETER.finditer(text)}
