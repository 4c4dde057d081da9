"""What is wrong with the pods that a workload declares, found before anything is made."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import pulumi_kubernetes as kubernetes

from ..cross_checks import Location
from ..workload import Workload
from .controllers import CONTROLLERS, build_controller_spec
from .pod_parts import PodParts
from .pod_security import list_violations
from .pod_template import (
    build_labels,
    build_pod_spec,
    list_conflicting_fields,
    list_container_names,
    list_init_names,
)
from .sdk_fields import check_fields, find_missing

_OWNED = {
    "template": "use this workload's template",
    "replicas": "use this workload's replicas",
    "selector": "it finds this workload's own pods",
    "manualSelector": "it finds this workload's own pods",
}


def list_pod_issues(workload: Workload) -> Iterator[tuple[Location, str]]:
    """List what is wrong with a workload's controller and its pods' template.

    Each is a place that begins with the workload's setting, and a sentence without its full stop.
    """
    issues = [*_check_controller(workload), *_check_template(workload)]
    yield from issues or _check_whole(workload)


def _check_controller(workload: Workload) -> Iterator[tuple[Location, str]]:
    if not workload.controller:
        return
    if workload.kind == "Pod":
        yield ("controller",), "This setting needs a controller, and a bare Pod has none: use another kind, or omit it"
        return
    yield from check_fields(workload.controller, _find_model(workload.kind), ("controller",))
    place: tuple[str, ...] = ("jobTemplate", "spec") if workload.kind == "CronJob" else ()
    found: object = workload.controller
    for step in place:
        found = cast("Mapping[str, object]", found).get(step) if isinstance(found, Mapping) else None
    for name in sorted(_OWNED.keys() & set(cast("Mapping[str, object]", found) if isinstance(found, Mapping) else ())):
        yield ("controller", *place, name), f"This field belongs to Strongroom: {_OWNED[name]}"


def _check_template(workload: Workload) -> Iterator[tuple[Location, str]]:
    model = kubernetes.core.v1.PodTemplateSpecArgs
    issues = list(check_fields(workload.template, model, ("template",)))
    yield from issues
    if not issues:
        for location, message in list_conflicting_fields(workload):
            yield ("template", *location), message


def _check_whole(workload: Workload) -> Iterator[tuple[Location, str]]:
    """Check the whole of what is declared, once each part is right by itself."""
    names = list_container_names(workload)
    for number, name in enumerate(workload.mounts or ()):
        if names and name not in names:
            yield ("mounts", number), f"{name!r} is no container of this workload: it has {', '.join(names)}"
    if workload.delivery.kind == "agent-injector" and not set(workload.mounts or names).difference(
        list_init_names(workload)
    ):
        yield ("mounts",), "The agent injector needs a container besides init containers that gets the secrets: add one"
    pod = build_pod_spec(workload, PodParts())
    template = {"metadata": {"labels": build_labels(workload)}, "spec": pod}
    spec = template if workload.kind == "Pod" else build_controller_spec(workload, template)
    model: Any = kubernetes.core.v1.PodTemplateSpecArgs if workload.kind == "Pod" else _find_model(workload.kind)
    for path in find_missing(spec, model):
        _, within, below = f".{path}".partition(".template.")
        setting = "template" if within else "controller"
        if workload.containers or not within:
            yield (setting,), f"A {workload.kind} needs {setting}.{below or path}: add it"
    if unmet := list(list_violations(pod, workload.pod_security)):
        yield (
            ("template",),
            f"The {workload.pod_security} Pod Security Standard forbids this template: {'; '.join(unmet)}. Change it, "
            "or set podSecurity to 'baseline' or 'privileged'",
        )


def _find_model(kind: str) -> Any:
    group, name = CONTROLLERS[kind]
    return getattr(getattr(kubernetes, group).v1, f"{name}Args")
