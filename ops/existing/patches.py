"""What a stack's patches run into: objects that are not there, and fields that others manage."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, cast

from strongroom.policy.rules import UNKNOWN, Declared
from strongroom.policy.rules.rule import at, listed

from ..errors import AbsentError, OpsError
from ..findings import Finding
from ..verify.cluster_reader import ClusterReader
from .cluster import PATCH, is_patch, locate
from .identity import derive_key

NAME = "patches"
"""What the findings are called."""

_MANAGER = "pulumi.com/patchFieldManager"
_FORCE = "pulumi.com/patchForce"
_ATTACHMENT = "strongroom/attachment"
"""The annotation of a patch that a workload with `attach` makes."""

_OTHER = "strongroom-check"
"""The field manager of a patch that gets one at random."""

_CONFLICT = "FieldManagerConflict"


def check_patches(reader: ClusterReader, resources: Collection[Declared]) -> Iterator[Finding]:
    """Check by dry runs that the API server would take each patch of an object that is not the stack's own."""
    own = {derive_key(resource) for resource in resources}
    for patch in filter(is_patch, resources):
        if not _sets_nothing(patch) and (key := derive_key(patch)) and (key[0].removesuffix(PATCH), key[1]) not in own:
            yield _check_patch(reader, patch)


def _sets_nothing(patch: Declared) -> bool:
    """Return whether a patch is only there to give up its manager's fields."""
    annotations = patch.at("metadata", "annotations")
    return (
        patch.properties.keys() <= {"apiVersion", "kind", "metadata"}
        and patch.at("metadata", "labels") is None
        and isinstance(annotations, Mapping)
        and all(str(name).startswith("pulumi.com/") for name in cast("Mapping[str, object]", annotations))
    )


def _check_patch(reader: ClusterReader, patch: Declared) -> Finding:
    what, path = locate(patch)
    annotations: Mapping[str, str] = patch.at("metadata", "annotations") or {}
    try:
        reader.get_metadata(what, path)
        status = reader.try_apply(
            what,
            path,
            cast("Mapping[str, Any]", _drop_unknown(patch.properties)),
            annotations.get(_MANAGER, _OTHER),
            force=annotations.get(_FORCE) == "true",
        )
    except AbsentError:
        return Finding.failed(
            f"{patch.name} patches {what}, which the cluster lacks",
            "deploy it first, or correct the patch's name and namespace",
            name=NAME,
        )
    except OpsError as error:
        return Finding.skipped(f"{patch.name}: {error}", name=NAME)
    causes = listed(at(status, "details", "causes"))
    taken = [f"{at(each, 'field')} ({at(each, 'message')})" for each in causes if at(each, "reason") == _CONFLICT]
    is_attachment = _ATTACHMENT in annotations
    if taken:
        return Finding.failed(
            f"{patch.name} sets fields of {what} that others manage: {', '.join(taken)}",
            _advise_on_attachment(taken)
            if is_attachment
            else f'leave them out, have their owner give them up, or take them by the annotation {_FORCE}: "true"',
            name=NAME,
        )
    if at(status, "status") == "Failure":
        # Its message may quote what it refuses.
        wrong = ", ".join(f"{at(each, 'field')} ({at(each, 'reason')})" for each in causes)
        return Finding.failed(
            f"the API server refuses what {patch.name} makes of {what}: {wrong or at(status, 'reason')}",
            "name containers that it has, in attach.containers"
            if is_attachment
            else "correct these fields in the patch",
            name=NAME,
        )
    return Finding.ok(f"{what} takes {patch.name}", name=NAME)


def _advise_on_attachment(taken: Sequence[str]) -> str:
    advice = "have their owner remove them, or set them to what this workload needs, e.g. in a chart's values"
    if any(each.partition(" ")[0].endswith(".serviceAccountName") for each in taken):
        return f"set this workload's serviceAccount to the account that it has, with create: false; or {advice}"
    return advice


def _drop_unknown(value: Any) -> Any:
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, Any]", value).items()
        return {key: _drop_unknown(each) for key, each in entries if each is not UNKNOWN}
    if isinstance(value, list):
        return [_drop_unknown(each) for each in cast("list[Any]", value) if each is not UNKNOWN]
    return value
