"""Texts for property tests, drawn at once: `st.from_regex` draws each character by itself, for ten times as long."""

from string import ascii_letters, ascii_lowercase, digits

from hypothesis import strategies as st

WORD = f"{ascii_letters}{digits}_-"
"""What most names begin with."""


def texts(first: str, others: str, most: int) -> st.SearchStrategy[str]:
    """Draw a character of `first`, and up to `most` of `others` behind it."""
    return st.builds(str.__add__, st.sampled_from(first), st.text(others, max_size=most))


def labels() -> st.SearchStrategy[str]:
    """Draw a DNS label. (RFC 1123)"""
    ends = ascii_lowercase + digits
    return st.sampled_from(ends) | st.builds("{}{}{}".format, *_between(ends, f"-{ends}", 61))


def paths() -> st.SearchStrategy[str]:
    """Draw one segment of a path, or two."""
    first, second = texts(WORD, f"{WORD}.", 12), texts(WORD, f"{WORD}.", 8)
    return first | st.builds("{}/{}".format, first, second)


def _between(ends: str, inner: str, most: int) -> tuple[st.SearchStrategy[str], ...]:
    return st.sampled_from(ends), st.text(inner, max_size=most), st.sampled_from(ends)
