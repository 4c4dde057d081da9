"""Rendering of a stack."""

from ..errors import OpsError
from ..pulumi.engine import observe
from .charts import render_release
from .objects import KubernetesHalf, build_kubernetes_half


def render_stack(stack: str, *, charts: bool = True) -> KubernetesHalf:
    """Render the objects that `stack` will have in its cluster.

    It needs a preview: identities' ids are in the state alone, and changes before an update in the settings alone.

    :param charts: Whether to render Helm releases too.
    :raises OpsError: The update would be refused, or the stack can't be rendered as it is.
    """
    events = observe(stack)
    refused = [
        *events.errors,
        *(f"the rule {each.rule} is violated" for each in events.violations if each.level == "mandatory"),
    ]
    if refused:
        raise OpsError(
            f"An update of stack {stack!r} would be refused, so it isn't rendered: {refused[0].splitlines()[0]}. "
            f"`strongroom preview --stack {stack}` shows all of it"
        )
    half = build_kubernetes_half(stack, events, charts=charts)
    for release in half.releases:
        manifests, omitted = render_release(release)
        half.manifests += manifests
        half.omitted += omitted
    return half
