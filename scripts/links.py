"""Links in the project's pages, and pages that its code names: each leads somewhere. Other sites are not asked."""

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_PAGES = ("*.md", ".github/**/*.md", "docs/**/*.md", "examples/*/README.md", "template/*.md", "tests/charts/*.md")
_CODE = ("Makefile", "*.py", "[a-z]*/**/*.py", "stacks/*.yaml", ".github/**/*.yml")

_FENCE = re.compile(r"^([ \t]*)(`{3,}|~{3,}).*?^[ \t]*\2[ \t]*$", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\[[^\]\n]+\]:\s+(\S+)", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
_NAMED = re.compile(r"\bdocs/[\w./-]*\.(?:md|svg)\b")
_SITE = re.compile(r"[a-z][a-z0-9+.-]*:")


def anchor(heading: str) -> str:
    """Return the anchor of a heading, as GitHub and the site make it.

    :param heading: Its text, without the `#`.
    """
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return the anchors of a page; a heading that stands there again has a number behind it.

    :param page: The page.
    """
    found: set[str] = set()
    text = _FENCE.sub("", page.read_text())
    for heading in _HEADING.findall(text):
        name = own = anchor(heading)
        number = 0
        while name in found:
            number += 1
            name = f"{own}-{number}"
        found.add(name)
    return frozenset(found | set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text)))


def check_page(page: Path, root: Path = ROOT) -> Iterator[str]:
    """Describe each link of a page that leads nowhere.

    :param page: The page.
    :param root: The project; a link that leaves it leads nowhere for others.
    """
    text = _blank(_SPAN, _blank(_FENCE, page.read_text()))
    for found in _LINK.finditer(text):
        target = found[1] or found[2]
        if _SITE.match(target):
            continue
        file, _, part = target.partition("#")
        place = (page.parent / file).resolve() if file else page
        if not place.is_relative_to(root) or not place.exists():
            problem = "no such file"
        elif part and place.suffix == ".md" and part not in anchors(place):
            problem = f"{place.relative_to(root)} has no heading #{part}"
        else:
            continue
        line = text.count("\n", 0, found.start(1 if found[1] else 2)) + 1
        yield f"{page.relative_to(root)}:{line}: {target}: {problem}"


def check_code(file: Path, root: Path = ROOT) -> Iterator[str]:
    """Describe each page below docs/ that a file names and that is not there.

    :param file: The file.
    :param root: The project.
    """
    text = file.read_text()
    for found in _NAMED.finditer(text):
        if not (root / found[0]).is_file():
            line = text.count("\n", 0, found.start()) + 1
            yield f"{file.relative_to(root)}:{line}: {found[0]}: no such file"


def check(root: Path = ROOT) -> list[str]:
    """List what leads nowhere.

    :param root: The project.
    """
    pages = [page for pattern in _PAGES for page in sorted(root.glob(pattern))]
    code = [file for pattern in _CODE for file in sorted(root.glob(pattern))]
    return [
        *(problem for page in pages for problem in check_page(page, root)),
        *(problem for file in code for problem in check_code(file, root)),
    ]


def main() -> None:
    """Check the project, and exit with 1 unless every link leads somewhere."""
    problems = check()
    print(*problems, sep="\n", file=sys.stderr)
    raise SystemExit(int(bool(problems)))


def _blank(pattern: re.Pattern[str], text: str) -> str:
    """Empty what is code, and keep its lines."""
    return pattern.sub(lambda found: "\n" * found[0].count("\n"), text)


if __name__ == "__main__":
    main()
