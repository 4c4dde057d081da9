"""Text of a server's refusal, without secrets."""


def redact_error(error: Exception, *secrets: str | None) -> str:
    """Return the first line of a server's refusal that says something, without the secrets that it was sent.

    It may quote what it refuses.
    """
    lines = (line.strip(" \t*") for line in str(error).splitlines())
    line = next((line for line in lines if line and not line.endswith("occurred:")), type(error).__name__)
    for secret in filter(None, secrets):
        line = line.replace(secret, "[secret]")
    return line
