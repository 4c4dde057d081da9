"""Messages that say where something failed but not why: the reason is new, or is cut off."""

from .explanation import IDENTITY_DOCS, VAULT_CODES, Explanation, build_explanation

CUT_OFF: tuple[Explanation, ...] = (
    build_explanation(
        "Entra ID's refusal",
        r"AADSTS\d+|login\.(?:microsoftonline|partner\.microsoftonline|chinacloudapi)\S*[\s\S]{0,200}?RESPONSE 4\d\d"
        r"|ClientAssertionCredential authentication failed|ManagedIdentityCredential authentication failed",
        "Microsoft Entra ID gave no token; its code is not known here, or is cut off",
        "look the code up at https://login.microsoftonline.com/error; if it is cut off, read the provider's log on the "
        "pod's node, and run doctor for the workload",
        IDENTITY_DOCS,
        context=r"AADSTS\d+|objectType:|failed to mount objects|microsoftonline|chinacloudapi",
    ),
    build_explanation(
        "Key Vault's refusal",
        r"\bAKV\d{5}|RESPONSE 4\d\d",
        "Key Vault refuses the request; its reason is not known here, or is cut off",
        "read the provider's log on the pod's node, and run doctor for the workload: it reads as the workload does",
        VAULT_CODES,
        context=r"vault\.(?:azure|usgovcloudapi)|objectType:|AKV\d{5}",
    ),
    build_explanation(
        "the login at Vault",
        r"failed to login: Error making API request|/v1/auth/\S+/login\s",
        "the login at Vault failed; the reason is not known here, or is cut off",
        "run doctor for the workload: it logs in as the workload does; or read the log of Vault's "
        "provider on the pod's "
        "node, and Vault's own",
        'source of the Vault CSI provider: "failed to login"',
        context=r"Error making API request|Code: \d",
    ),
    build_explanation(
        "a read from Vault",
        r"error requesting secret: Error making API request",
        "the login at Vault worked and the read failed; the reason is not known here, or is cut off",
        "run doctor for the workload: it reads as the workload does; or read the log of Vault's provider on the pod's "
        "node",
        'source of the Vault CSI provider: "error requesting secret"',
    ),
)
"""In the order of matching. An event has at most 1,024 characters. (Kubernetes API reference: "Event")"""
