"""All errors of Strongroom.

    StrongroomError
    ├── InvalidArgumentsError (ValueError)       a component's arguments are refused
    ├── ChartError (ValueError)                  a chart, or values for it, can't be used
    ├── MissingExtraError (ImportError)          packages of the extra `azure` are not installed
    ├── UnsuitableResourceError (RunError)       a vault or a cluster that exists can't be used as it is
    ├── InvalidSettingsError (RunError)          the settings of a stack are refused
    ├── ForwardError                             a port of a Vault server can't be forwarded
    └── OpsError                                 a command can't go on
        ├── AbsentError                          it isn't there
        ├── NotAllowedError                      the user may not
        │   └── UnknownTokenError                the server knows no such token
        └── UnreachableError                     no connection to the server

`RunError` is Pulumi's: the engine shows its message alone.
"""

from .components.azure.errors import UnsuitableResourceError
from .components.errors import ChartError, InvalidArgumentsError, MissingExtraError, StrongroomError
from .components.vault.port_forward import ForwardError
from .ops.errors import AbsentError, NotAllowedError, OpsError, UnknownTokenError, UnreachableError
from .stacks.errors import InvalidSettingsError

__all__ = [
    "AbsentError",
    "ChartError",
    "ForwardError",
    "InvalidArgumentsError",
    "InvalidSettingsError",
    "MissingExtraError",
    "NotAllowedError",
    "OpsError",
    "StrongroomError",
    "UnknownTokenError",
    "UnreachableError",
    "UnsuitableResourceError",
]
