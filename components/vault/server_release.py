"""The release of a Vault server."""

import pulumi

from ..charts import VAULT, Chart
from ..helm import PlannedRelease
from .chart_values import values
from .server_args import VaultServerArgs


def server_release(
    server: VaultServerArgs, *, chart: Chart = VAULT, certificate: pulumi.Input[str] | None = None
) -> PlannedRelease:
    """The release that `VaultServer` makes; of its parameters.

    :param certificate: What changes with its certificate, where pods must start anew then.
    """
    return PlannedRelease(server.name, chart, server.namespace, values(server, certificate))
