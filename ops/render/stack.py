"""From a stack to its objects."""

from ..errors import OpsError
from ..pulumi.engine import observe
from .charts import templated
from .objects import KubernetesHalf, kubernetes_half


def render(stack: str, *, charts: bool = True) -> KubernetesHalf:
    """What `stack` will have in its cluster: by a preview, since identities' ids are in its state alone, and changes
    that aren't deployed yet in its settings alone.

    :param charts: Whether to render Helm releases too; otherwise they are left out.
    :raises OpsError: The update would be refused, or the stack can't be rendered as it is.
    """
    observed = observe(stack)
    refused = [
        *observed.errors,
        *(f"the rule {each.rule} is broken" for each in observed.violations if each.level == "mandatory"),
    ]
    if refused:
        raise OpsError(
            f"An update of stack {stack!r} would be refused, so it isn't rendered: {refused[0].splitlines()[0]}. "
            f"`strongroom preview --stack {stack}` tells all of it"
        )
    half = kubernetes_half(stack, observed, charts=charts)
    for release in half.releases:
        manifests, left_out = templated(release)
        half.manifests += manifests
        half.left_out += left_out
    return half
