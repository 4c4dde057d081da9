"""The policy pack: the engine starts it with every preview and update that names it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError
from rules import RULES, UNKNOWN, Declared, Finding, ResourceRule, StackRule


def _build_policy(rule: ResourceRule | StackRule) -> Policy:
    arguments: dict[str, Any] = {
        "name": rule.name,
        "description": rule.summary,
        "severity": Severity(rule.severity),
        "remediation_steps": rule.fix,
        "enforcement_level": EnforcementLevel(rule.level),
        "config_schema": PolicyConfigSchema({name: dict(schema) for name, schema in rule.options.items()}),
    }
    if isinstance(rule, StackRule):
        return StackValidationPolicy(validate=_validate_stack(rule), **arguments)
    return ResourceValidationPolicy(validate=_validate_resource(rule), **arguments)


def _validate_resource(rule: ResourceRule) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        declared = Declared(args.resource_type, args.urn, _replace_unknown(args.props))
        for finding in rule.list_findings([declared], args.get_config()):
            report(_format_report(rule, finding), finding.urn)

    return validate


def _validate_stack(rule: StackRule) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        declared = [
            Declared(
                each.resource_type, each.urn, _replace_unknown(each.props), {other.urn for other in each.dependencies}
            )
            for each in args.resources
        ]
        for finding in rule.list_findings(declared):
            report(_format_report(rule, finding), finding.urn)

    return validate


def _format_report(rule: ResourceRule | StackRule, finding: Finding) -> str:
    name = finding.urn.rpartition("::")[2]
    return f"{name} {finding.problem}.\nWhy: {rule.reason}\nFix: {rule.fix}\n({rule.source})"


def _replace_unknown(value: Any) -> Any:
    """Replace the SDK's proxies, which raise for unknown values, by `UNKNOWN`."""
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, Any]", value)
        return {key: _read_entry(mapping, key) for key in mapping}
    if isinstance(value, Sequence) and not isinstance(value, str):
        entries = cast("Sequence[Any]", value)
        return [_read_entry(entries, index) for index in range(len(entries))]
    return value


def _read_entry(container: Any, key: Any) -> Any:
    try:
        return _replace_unknown(container[key])
    except UnknownValueError:
        return UNKNOWN


PolicyPack("strongroom", [_build_policy(rule) for rule in RULES], enforcement_level=EnforcementLevel.MANDATORY)
