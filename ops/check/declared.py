"""What a stack's own files say: settings, files, charts, guardrails."""

from collections.abc import Iterator, Mapping

from strongroom.policy.rules import RULES, Declared
from strongroom.stacks.errors import InvalidSettingsError, ValidationIssue
from strongroom.stacks.provision.files import read_files
from strongroom.stacks.provision.installation import Installation
from strongroom.stacks.settings.root import Settings

from ..access.report import list_unread
from ..findings import Finding
from ..preview.events import Violation
from ..preview.guardrails import find_violations
from ..pulumi.declare import declare

_RULES = {rule.name: rule for rule in RULES}


def faulty(name: str, issues: list[ValidationIssue], fine: str) -> Iterator[Finding]:
    """A finding for each issue, which says itself how to mend it; or that there is none.

    :param name: The findings' name.
    :param fine: What to tell where there is none.
    """
    for issue in issues:
        yield Finding.failed(str(issue), "", name=name)
    if not issues:
        yield Finding.ok(fine, name=name)


def try_declare(stack: str, settings: Settings) -> dict[str, Declared] | InvalidSettingsError:
    """List what `settings` declare, by URN; or why that can't be found out."""
    try:
        return declare(stack, settings)
    except InvalidSettingsError as error:
        return error


def declared(
    stack: str, settings: Settings, resources: Mapping[str, Declared] | InvalidSettingsError
) -> Iterator[Finding]:
    """Files that settings name, charts that they replace, and what every stack is held to.

    :param resources: What the settings declare, as `try_declare` gives it.
    """
    _, issues = read_files(settings)
    yield from faulty("files", issues, "what the settings name can be read")
    yield from faulty("charts", Installation(settings).faults(), "they are what is pinned, or fit what is sent to them")
    if isinstance(resources, InvalidSettingsError):
        reason = " ".join(str(issue) for issue in resources.issues)
        yield Finding.skipped(f"nothing can be declared: {reason}", name="guardrails")
        return
    for name in list_unread(resources.values()):
        yield Finding.warning(
            f"{name} is written, and nobody reads it", "remove it from seeds, or declare it", name="seeds"
        )
    found = find_violations(stack, resources.values())
    for each in found:
        made = Finding.failed if each.level == "mandatory" else Finding.warning
        says, _, problem = each.message.partition("\n")
        yield made(f"{each.rule}: {problem or says}", _fix(stack, each), name="guardrails")
    if not found:
        yield Finding.ok(f"{len(resources)} resources keep to all of them", name="guardrails")


def _fix(stack: str, found: Violation) -> str:
    rule = _RULES.get(found.rule)
    fix = f"{rule.fix} " if rule else f"{found.message.partition(chr(10))[0]} "
    return f"{fix}Its level and options: policy/levels/{stack}.json; every rule: docs/rules.md"
