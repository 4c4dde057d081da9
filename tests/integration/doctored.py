"""Asking doctor, and what it must say."""

from strongroom.ops.doctor.diagnosis import Diagnosis, diagnose, find_workload
from strongroom.ops.findings import Finding
from strongroom.ops.pulumi.stack import DeployedStack

EXCHANGE = "api://AzureADTokenExchange"


def seen(stack: DeployedStack, workload: str) -> Diagnosis:
    return diagnose("local", stack, find_workload(stack, workload))


def stops(found: Diagnosis, link: str, *reported: str) -> None:
    """`found` is broken at `link` and nowhere else, and says what was seen and how to mend it."""
    assert [each.name for each in found.checks if each.state == "failed"] == [link], found.checks
    assert found.first_failed is not None
    untried = {each.seen for each in found.checks if each.state == "skipped" and each.name != "mount"}
    assert untried <= {f"{link} failed", "none of its objects was read: see above"}, found.checks
    assert found.first_failed.fix
    for text in reported:
        assert text in f"{found.first_failed.seen} | {found.first_failed.fix}"


def goes_on(found: Diagnosis, *links: str) -> None:
    """Links that do not need the broken one are looked at all the same."""
    assert {each.name: each.state for each in found.checks if each.name in links} == dict.fromkeys(links, "ok")


def faults(found: Diagnosis) -> list[Finding]:
    """What is not ok; without a kubelet no pod becomes ready, and mounts are not tried."""
    return [each for each in found.checks if each.state != "ok" and (each.name, each.state) != ("mount", "skipped")]


def whole(found: Diagnosis) -> bool:
    return not faults(found)
