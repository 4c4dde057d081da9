"""Asking doctor, and what it must say."""

from ops.doctor.diagnosis import Diagnosis, chosen, diagnose
from ops.stack import DeployedStack

EXCHANGE = "api://AzureADTokenExchange"


def seen(stack: DeployedStack, workload: str) -> Diagnosis:
    return diagnose("local", stack, chosen(stack, workload))


def stops(found: Diagnosis, link: str, *told: str) -> None:
    """`found` is broken at `link` and nowhere else, and says what was seen and how to mend it."""
    names = [each.name for each in found.links if each.name != "events"]
    at = names.index(link)
    assert found.broken is not None, found.links
    assert found.broken.name == link, found.broken
    assert {each.state for each in found.links[:at]} <= {"ok", "warned"}, found.links
    assert {each.seen for each in found.links[at + 1 : len(names)]} <= {f"{link} is broken"}
    assert found.broken.fix
    for text in told:
        assert text in f"{found.broken.seen} | {found.broken.fix}"


def whole(found: Diagnosis) -> bool:
    return all(link.state == "ok" for link in found.links)
