"""Samples of a few of many names, at a cost that doesn't grow with the number of names."""

from collections.abc import Collection, Iterable
from hashlib import sha256


class Sampler:
    """Names of which each caller draws a few: different ones for each caller, and the same each time.

    The names are shuffled once, and a caller takes those that follow its own start. So each name is drawn by as many
    callers as any other, and a draw costs the same whether there are a hundred names or a thousand.
    """

    def __init__(self, names: Iterable[str]) -> None:
        """
        :param names: The names; duplicates count once.
        """
        self._ring = sorted(set(names), key=_compute_digest)

    def draw(self, whose: str, most: int, without: Collection[str] = ()) -> list[str]:
        """Draw names, sorted: as many as there are, up to `most`.

        :param whose: The caller.
        :param most: How many at most.
        :param without: Names that the caller must not draw; the test for membership must be cheap.
        """
        drawn: list[str] = []
        start = int.from_bytes(_compute_digest(whose)) % len(self._ring) if self._ring else 0
        for step in range(len(self._ring)):
            if len(drawn) == most:
                break
            name = self._ring[(start + step) % len(self._ring)]
            if name not in without:
                drawn.append(name)
        return sorted(drawn)


def _compute_digest(text: str) -> bytes:
    return sha256(text.encode()).digest()
