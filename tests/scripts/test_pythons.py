"""Which Pythons `make soak` tries."""

import sys

from scripts.python_version import NEWEST, OLDEST
from scripts.pythons import choose, find_pythons


def test_the_oldest_and_the_newest_are_tried_and_a_single_one_once() -> None:
    assert choose([(3, 13, 0), (3, 9, 18), (3, 12, 1)]) == [(3, 9, 18), (3, 13, 0)]
    assert choose([(3, 12, 1)]) == [(3, 12, 1)]


def test_this_python_is_found_and_none_that_is_not_supported() -> None:
    found = find_pythons()

    assert sys.version_info[:3] in found
    assert all(OLDEST <= version[:2] <= NEWEST for version in found)
