"""Errors that programs catch."""

import inspect

from strongroom import errors


def list_tree(cls: type[BaseException], depth: int = 0) -> list[tuple[str, int]]:
    below = [each for each in cls.__subclasses__() if each.__name__ in errors.__all__]
    return [(cls.__name__, depth), *(line for each in below for line in list_tree(each, depth + 1))]


def test_every_error_is_public_and_has_one_base() -> None:
    assert all(issubclass(getattr(errors, name), errors.StrongroomError) for name in errors.__all__)


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = [
        (line[4:].lstrip("│├└─ ").split()[0], (len(line) - len(line[4:].lstrip("│├└─ "))) // 4 - 1)
        for line in (inspect.getdoc(errors) or "").splitlines()
        if line.startswith("    ")
    ]

    assert sorted(drawn) == sorted(list_tree(errors.StrongroomError))
