"""The scopes of a request for a token."""

from .errors import TokenError

_OPENID = frozenset({"openid", "profile", "email", "offline_access"})
"""Scopes that name no resource; Azure's Go clients send them beside the one that does.

(Microsoft Learn: "Scopes and permissions in the Microsoft identity platform", "OpenID Connect scopes")
"""

_DEFAULT = "/.default"


def audience_of(scope: str) -> str:
    """Find the resource that a token is wanted for, in the space-separated scopes of a client credentials request.

    (Microsoft Learn: "Microsoft identity platform and the OAuth 2.0 client credentials flow", "Microsoft Entra
    authentication and authorization error codes")

    :raises TokenError: There is no resource, or more than one, or its scope is not `/.default`.
    """
    resources = [each for each in scope.split() if each.lower() not in _OPENID]
    if not scope.strip():
        missing = "The request body must contain the following parameter: 'scope'."
        raise TokenError(900144, missing, error="invalid_request", status=400)
    if len(resources) > 1:
        raise TokenError(
            28000,
            "Provided value for the input parameter scope is not valid because it contains more than one resource. "
            f"Scope {scope} is not valid.",
            error="invalid_scope",
            status=400,
        )
    if not resources or not resources[0].endswith(_DEFAULT):
        raise TokenError(
            1002012,
            f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
            "/.default suffixed to the resource identifier (application ID URI).",
            error="invalid_scope",
            status=400,
        )
    return resources[0].removesuffix(_DEFAULT)
