"""What the site needs that the pages, as GitHub shows them, don't have."""

import posixpath
import re
from typing import Any

_FENCE = re.compile(r"^[ \t]*(`{3,}).*?^[ \t]*\1[ \t]*$", re.DOTALL | re.MULTILINE)
_OUT = re.compile(r"(\]\()((?:\.\./)+[^)#\s]+)")


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """Link to the repository what is not below docs/, and have Markdown read inside of `<details>`.

    :param markdown: The page's text.
    :param page: The page.
    :param config: The site's configuration.
    """
    folder = posixpath.dirname(page.file.src_uri)

    def link(found: re.Match[str]) -> str:
        place = posixpath.normpath(posixpath.join("docs", folder, found[2]))
        return found[0] if place.startswith("docs/") else f"{found[1]}{config.repo_url}/blob/main/{place}"

    parts = list(_split(markdown))
    return "".join(
        part if is_code else _OUT.sub(link, part).replace("<details>", "<details markdown>") for part, is_code in parts
    )


def _split(text: str) -> Any:
    end = 0
    for fence in _FENCE.finditer(text):
        yield text[end : fence.start()], False
        yield fence[0], True
        end = fence.end()
    yield text[end:], False
