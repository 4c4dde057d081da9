"""What a stack's own files say: settings, files, charts, guardrails."""

from collections.abc import Iterator

from stacks.faults import Fault, InvalidSettingsError
from stacks.files import read_files
from stacks.installation import Installation
from stacks.settings import Settings

from ..findings import Finding, broken, ok, untried, warned
from ..offline import declare, guardrails


def faulty(name: str, faults: list[Fault], fine: str) -> Iterator[Finding]:
    """A finding for each fault, which says itself how to mend it; or that there is none.

    :param name: The findings' name.
    :param fine: What to tell where there is none.
    """
    for fault in faults:
        yield broken(str(fault), "", name=name)
    if not faults:
        yield ok(fine, name=name)


def declared(stack: str, settings: Settings) -> Iterator[Finding]:
    """Files that settings name, charts that they replace, and what every stack is held to."""
    _, faults = read_files(settings)
    yield from faulty("files", faults, "what the settings name can be read")
    yield from faulty("charts", Installation(settings).faults(), "they are what is pinned, or fit what is sent to them")
    try:
        resources = declare(stack, settings)
    except InvalidSettingsError as error:
        reason = "; ".join(str(fault) for fault in error.faults)
        yield untried(f"nothing can be declared: {reason}", name="guardrails")
        return
    found = guardrails(stack, resources.values())
    for each in found:
        made = broken if each.level == "mandatory" else warned
        says, _, problem = each.message.partition("\n")
        yield made(f"{each.rule}: {problem or says}", f"{says} docs/rules.md says how", name="guardrails")
    if not found:
        yield ok(f"{len(resources)} resources keep to all of them", name="guardrails")
