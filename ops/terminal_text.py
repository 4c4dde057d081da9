"""Texts of others, made fit for a terminal."""

import re


def make_printable(text: str) -> str:
    """Replace what isn't shown as a character by its escape, e.g. `\\x1b`; line ends and tabs stay.

    A name or a server's response can thus neither move the cursor, change colours or titles, nor turn the direction
    of what follows. (Unicode: "Unicode Technical Report #36: Unicode Security Considerations")
    """
    if text.isprintable():
        return text
    return re.sub(r"[^ -~\n\t]", _escape, text)


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
