"""What a previewed update would run into."""

import pytest

from strongroom.ops.existing import preview
from strongroom.ops.existing.find import Existing
from strongroom.ops.preview.events import PreviewEvents
from strongroom.policy.rules import Declared

KIND = "kubernetes:core/v1:ServiceAccount"


class Cluster:
    """A cluster that has every service account."""

    name = "names in the cluster"

    def knows(self, resource: Declared) -> bool:
        return resource.type == KIND

    def find(self, resource: Declared) -> Existing | None:
        return Existing(str(resource.at("metadata", "name")), "leave it")


def account(urn: str, name: str) -> Declared:
    return Declared(KIND, urn, {"metadata": {"name": name, "namespace": "shop"}})


def test_a_replacement_by_another_name_must_find_that_name_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "parse_stack_file", lambda *_: None)
    monkeypatch.setattr(preview, "list_servers", lambda _: {"kubernetes": Cluster})
    previewed = PreviewEvents(
        before={"a": account("a", "own"), "b": account("b", "old")},
        after={"a": account("a", "own"), "b": account("b", "theirs"), "c": account("c", "new")},
        operations={"a": "replace", "b": "replace", "c": "create"},
    )

    found = preview.find_existing_for_preview("dev", previewed)
    assert [each.seen.partition(" ")[0] for each in found] == ["theirs", "new"]
