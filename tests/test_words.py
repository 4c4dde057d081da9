"""The words of a private language, which the product does without."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ("components", "stacks", "ops", "policy", "strongroom", "docs", "template", "examples", "*.md", "__main__.py")
OTHERS = (":!docs/reports", ":!tests", ":!*.svg", ":!*.lock", ":!*/package-lock.json")

INSTEAD = {
    "told": "reported, or the error",
    "said": "reported, or the response",
    "whoever": "the user, the caller or the operator",
    "left.out": "if omitted, or defaults to",
    "laid over": "merged",
    "misfit": "a name that begins with check_",
    "custody": "key store",
    "borrowed": "existing",
    "strangers?": "foreign or unmanaged",
    "ails": "diagnosis",
    "sifted": "masked",
    "prey|disguises": "patterns, encodings",
    "mend(s|ed)?": "fix or repair",
    "patience": "timeout, or a retry's policy",
    "doors?": "login",
    "lets? in": "allow",
    "lonely": "a name that begins with check_",
    "passed.over": "skipped",
    "losses": "impact",
    "faults?": "error, or issue",
    "hunters?": "scanner",
    "stand-ins?|stand_ins?": "fake provider",
    "tied": "federated",
    "unfit|undeliverable": "a name that says what is wrong with it",
    "(a|the|its) reach": "network, pattern, or whatever is reached",
}
"""Words, as patterns, each with what the field says."""

WORDS_OF_TESTS = "[Tt]old|World|[Ww]hoever|[Ll]eft.out|[Ss]tand-ins?|Hunter|Journey"
"""Those that tests and the sandbox do without, too."""

_STAYS = {
    "components/vault/bootstrap/component.py": '_KEY_STORE = "custody"',
    "CHANGELOG.md": (
        "- **`backend.bootstrap.custody` is now `backend.bootstrap.keyStore`",
        "- **`render --json` has `omitted`, not `left_out`.",
    ),
    "docs/architecture.md": "| `tests/` | the same tree again;",
    "docs/reliability.md": (
        "| A generated secret is never generated again",
        "| A run that is cut short",
        "| No user of a database that can log in",
    ),
}
"""Beginnings of lines with a word that can't go: states of users, the upgrade notes, or names of files have it."""


def find_words(pattern: str) -> Iterator[str]:
    """Find the lines of the product with a word, each with its file."""
    command = ["git", "grep", "-n", "-I", "-i", "-w", "-E", pattern, "--", *PRODUCT, *OTHERS]
    for line in subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.splitlines():
        path, _, text = line.split(":", 2)
        if path not in _STAYS or not text.strip().startswith(_STAYS[path]):
            yield line


def find_parts(pattern: str) -> Iterator[str]:
    """Find the names in the product's code with a word among others, as in `_read_told`."""
    command = ["git", "grep", "-n", "-I", "-i", "-o", "-w", "-P", rf"\w*(?<![^\W_])({pattern})(?![^\W_])\w*", "--"]
    paths = ("components/*.py", "stacks/*.py", "ops/*.py", "policy/*.py", "strongroom/*.py")
    found = subprocess.run([*command, *paths], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    yield from (line for line in found.splitlines() if "_" in line.rsplit(":", 1)[1])


@pytest.mark.parametrize("word", INSTEAD)
def test_the_product_speaks_the_fields_words(word: str) -> None:
    found = [*find_words(f"({word})"), *find_parts(word)]

    assert not found, f"use {INSTEAD[word]} for these:\n" + "\n".join(found)


def test_tests_and_sandbox_do_without_the_oldest_of_them() -> None:
    command = ["git", "grep", "-n", "-I", "-w", "-E", WORDS_OF_TESTS, "--", "sandbox/*.py", "benchmarks", "tests/*.py"]
    command += [f":!{path}" for path in ("tests/test_words.py", "tests/docs/test_guides.py")]

    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout == ""
