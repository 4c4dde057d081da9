"""What a mutant is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """A small fault that somebody could make, and the test that notices it."""

    id: str
    """Its name, e.g. `vault-policy-lists`."""

    file: str
    """The file that is changed, within the project."""

    before: str
    """What is there now; it occurs once in the file."""

    after: str
    """What takes its place."""

    breaks: str
    """What would happen to a user, in one sentence."""

    test: str
    """Node id of the cheapest test that must fail."""

    def apply(self, text: str) -> str:
        """Return the file's text with the fault in it.

        :raises ValueError: `before` doesn't occur exactly once, or nothing would change.
        """
        found = text.count(self.before)
        if found != 1 or self.before == self.after:
            raise ValueError(
                f"Mutant {self.id}: {self.before!r} occurs {found} times in {self.file}, and must occur once and be "
                "changed: correct `before` and `after` in tests/mutants/catalogue"
            )
        return text.replace(self.before, self.after)
