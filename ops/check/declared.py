"""Checks of a stack's own files: settings, files, charts, guardrails."""

from collections.abc import Iterator, Mapping

from strongroom.components.workload import describe_shared_accounts
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


def report_issues(name: str, issues: list[ValidationIssue], fine: str) -> Iterator[Finding]:
    """Report a failed finding for each issue, whose text has its fix; or one that is ok.

    :param name: The findings' name.
    :param fine: The text if there is no issue.
    """
    for issue in issues:
        yield Finding.failed(str(issue), "", name=name)
    if not issues:
        yield Finding.ok(fine, name=name)


def try_declare(stack: str, settings: Settings) -> dict[str, Declared] | InvalidSettingsError:
    """Declare the resources of `settings`, by URN; or return the error."""
    try:
        return declare(stack, settings)
    except InvalidSettingsError as error:
        return error


def check_declared(
    stack: str, settings: Settings, resources: Mapping[str, Declared] | InvalidSettingsError
) -> Iterator[Finding]:
    """Check the files and charts of the settings, and the guardrails.

    :param resources: The declared resources, as `try_declare` returns them.
    """
    _, issues = read_files(settings)
    yield from report_issues("files", issues, "all files in the settings can be read")
    yield from report_issues(
        "charts", Installation(settings).list_issues(), "they are the pinned ones, or accept the values"
    )
    for warning in describe_shared_accounts(settings.workloads):
        account, _, fix = warning.partition(". ")
        yield Finding.warning(account, fix, name="service accounts")
    if isinstance(resources, InvalidSettingsError):
        reason = " ".join(str(issue) for issue in resources.issues)
        yield Finding.skipped(f"nothing can be declared: {reason}", name="guardrails")
        return
    for name in list_unread(resources.values()):
        yield Finding.warning(
            f"{name} is written, but no workload reads it", "remove it from seeds, or declare it", name="seeds"
        )
    found = find_violations(stack, resources.values())
    for each in found:
        made = Finding.failed if each.level == "mandatory" else Finding.warning
        text, _, problem = each.message.partition("\n")
        yield made(f"{each.rule}: {problem or text}", _format_fix(stack, each), name="guardrails")
    if not found:
        yield Finding.ok(f"{len(resources)} resources violate none", name="guardrails")


def _format_fix(stack: str, found: Violation) -> str:
    rule = _RULES.get(found.rule)
    fix = f"{rule.fix} " if rule else f"{found.message.partition(chr(10))[0]} "
    return f"{fix}Its level and options: policy/levels/{stack}.json; every rule: docs/rules.md"
