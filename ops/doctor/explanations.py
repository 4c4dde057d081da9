"""Every message that is known."""

from .known.azure import AZURE
from .known.cluster import CLUSTER
from .known.cut_off import CUT_OFF
from .known.elsewhere import ELSEWHERE
from .known.network import NETWORK
from .known.sync import SYNC
from .known.vault import VAULT

EXPLANATIONS = (*ELSEWHERE, *SYNC, *CLUSTER, *AZURE, *VAULT, *NETWORK, *CUT_OFF)
"""In the order in which they are tried: what is said of anything but secrets comes first, since its words leave no
doubt; where nothing answers, and where the reason is cut off, comes last, as that names no cause."""
