"""A workload's secrets in the words of the Vault Agent injector, and back.

(Vault docs: "Vault Agent Injector annotations", "Use Vault Agent templates")
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from ..databases import is_credentials_path
from ..delivery import AgentInjector
from ..paths import is_versioned_path
from ..workload import Workload
from ..yaml import format_yaml
from .pod_template import list_init_names, list_mounting

CA_FILE = "ca.crt"
TOKEN_VOLUME = "vault-token"  # noqa: S105 - a name
"""The volume with the service account token that the agent logs in with."""

_PREFIX = "vault.hashicorp.com/"
_TLS_DIRECTORY = "/vault/tls"
"""Where the injector mounts the Secret that `tls-secret` names."""

_SPELLED = {
    "vaultAddress": "service",
    "vaultNamespace": "namespace",
    "vaultTLSServerName": "tls-server-name",
    "roleName": "role",
}
"""What the CSI provider and the injector call the same thing."""

_READS = re.compile(
    r'\{\{ with secret "(?P<path>[^"]+)" \}\}(?P<optional>\{\{ if sprig_hasKey)?.*'
    r'\{\{ index \.Data(?:\.data)? "(?P<key>[^"]+)"(?P<pipe>[^}]*) \}\}'
)

_READS_ALL = re.compile(
    r'\{\{ with secret "(?P<path>[^"]+)" \}\}\{\{ \.Data\.data \| toUnescapedJSON \}\}\{\{ end \}\}'
)

_READS_FIELD = re.compile(
    r'\{\{ with secret "(?P<path>[^"]+)" \}\}(?P<optional>\{\{ if sprig_hasKey)?.*'
    r'\{\{ \$value := index \.Data(?:\.data)? "(?P<key>[^"]+)"(?P<pipe>[^}]*) \}\}(?P<steps>.*)'
)
_STEP = re.compile(r'\$value = index \$value "([^"]+)"')
_IF_TEXT = '{{ if sprig_kindIs "string" $value }}'

_BODIES = {
    "username": '{{ index .Data "username" }}',
    "password": '{{ index .Data "password" }}',
    "certificate": '{{ printf "%s\\n%s\\n" .Data.certificate .Data.issuing_ca }}',
    "private_key": '{{ printf "%s\\n" .Data.private_key }}',
    "ca_chain": '{{ range .Data.ca_chain }}{{ printf "%s\\n" . }}{{ end }}',
}
"""What a file has of the response of an engine that makes secrets."""

_PLACEHOLDER, _ENCODED = re.compile(r"\{\{(username|password)\}\}"), r"{{ .Data.\1 | urlquery }}"
_FILLED = re.compile(r"\{\{ \.Data\.(username|password) \| urlquery \}\}")
"""What a text's placeholder becomes."""

_MAKES = re.compile(r'\{\{ with secret "(?P<path>[^"]+)"(?P<words>(?: "[^"=]+=[^"]*")*) \}\}(?P<body>.*)\{\{ end \}\}')
_WORD = re.compile(r'"([^"=]+)=([^"]*)"')


def format_agent_annotations(
    workload: Workload, delivery: AgentInjector, parameters: Mapping[str, str], ca_secret: str | None
) -> dict[str, str]:
    """Format the annotations by which an injected agent reads what a SecretProviderClass with `parameters` would.

    :param ca_secret: The Kubernetes Secret with the CA of Vault's certificate, if the agent needs one.
    """
    settings = {
        "agent-inject": "true",
        "agent-pre-populate-only": str(delivery.mode == "init").lower(),
        "agent-service-account-token-volume-name": TOKEN_VOLUME,
        # As the containers, so that files which only their owner reads are theirs.
        "agent-run-as-user": str(workload.run_as_user),
        "agent-run-as-group": str(workload.run_as_user),
        "auth-path": f"auth/{parameters['vaultAuthMountPath']}",
        "secret-volume-path": workload.mount_path,
        **{ours: parameters[theirs] for theirs, ours in _SPELLED.items() if theirs in parameters},
    }
    if delivery.mode == "sidecar":
        settings["template-static-secret-render-interval"] = delivery.render_interval
    if workload.mounts or workload.template or workload.attach:
        settings["agent-inject-containers"] = ",".join(list_mounting(workload))
    if set(list_mounting(workload)) & set(list_init_names(workload)):
        settings["agent-init-first"] = "true"
    if ca_secret:
        settings |= {"tls-secret": ca_secret, "ca-cert": f"{_TLS_DIRECTORY}/{CA_FILE}"}
    objects: list[dict[str, Any]] = yaml.safe_load(parameters["objects"])
    for number, entry in enumerate(objects, 1):
        settings |= _format_file(number, entry)
    return {f"{_PREFIX}{name}": value for name, value in settings.items()}


def parse_class_parameters(annotations: Mapping[str, str]) -> dict[str, str]:
    """Parse the parameters of the SecretProviderClass that would read what an agent with `annotations` reads.

    :raises ValueError: An annotation is missing, or a template is not one of these.
    """
    settings = {name.removeprefix(_PREFIX): value for name, value in annotations.items() if name.startswith(_PREFIX)}
    if missing := {"agent-inject", "role", "auth-path"} - set(settings):
        raise ValueError(f"lacks the annotations {', '.join(sorted(_PREFIX + name for name in missing))}")
    return {
        "vaultAuthMountPath": settings["auth-path"].removeprefix("auth/"),
        **{theirs: settings[ours] for theirs, ours in _SPELLED.items() if ours in settings},
        "objects": format_yaml(list(_parse_objects(settings))),
    }


def find_token_volume(annotations: Mapping[str, str]) -> str:
    """Find the volume whose token an agent with `annotations` logs in with."""
    return annotations.get(f"{_PREFIX}agent-service-account-token-volume-name", "")


def _format_file(number: int, entry: Mapping[str, Any]) -> dict[str, str]:
    # Numbers, because a file's name may be longer than what may end an annotation's key, and end otherwise.
    settings = {
        f"agent-inject-secret-{number}": str(entry["secretPath"]),
        f"agent-inject-file-{number}": str(entry["objectName"]),
        f"agent-inject-template-{number}": _format_template(entry),
    }
    if "filePermission" in entry:
        settings[f"agent-inject-perms-{number}"] = f"{entry['filePermission']:04o}"
    return settings


def _format_template(entry: Mapping[str, Any]) -> str:
    path, key = entry["secretPath"], entry["secretKey"]
    if "text" in entry:
        return f'{{{{ with secret "{path}" }}}}{_PLACEHOLDER.sub(_ENCODED, entry["text"])}{{{{ end }}}}'
    if "secretArgs" in entry or (is_credentials_path(path) and key in {"username", "password"}):
        # Templates with one path and the same arguments share one response: its parts belong together.
        words = "".join(f' "{name}={value}"' for name, value in entry.get("secretArgs", {}).items())
        return f'{{{{ with secret "{path}"{words} }}}}{_BODIES[key]}{{{{ end }}}}'
    if entry.get("format") == "json":
        return f'{{{{ with secret "{path}" }}}}{{{{ .Data.data | toUnescapedJSON }}}}{{{{ end }}}}'
    data = ".Data.data" if is_versioned_path(path) else ".Data"
    decoded = " | base64Decode" if entry.get("encoding") == "base64" else ""
    value = f'{{{{ index {data} "{key}"{decoded} }}}}'
    if field := entry.get("field"):
        value = _format_field(f'index {data} "{key}"{decoded}', field)
    if entry.get("optional"):
        value = f'{{{{ if sprig_hasKey {data} "{key}" }}}}{value}{{{{ end }}}}'
        return f'{{{{ with secret "{path}" }}}}{value}{{{{ end }}}}'
    # `index` gives "<no value>" for a key that isn't there, and the file would hold that.
    guard = f'{{{{ if not (sprig_hasKey {data} "{key}") }}}}{{{{ sprig_fail "there is no key {key}" }}}}{{{{ end }}}}'
    return f'{{{{ with secret "{path}" }}}}{guard}{value}{{{{ end }}}}'


def _format_field(value: str, field: str) -> str:
    """Format what writes a field of a JSON value: text as it is, anything else as JSON."""
    steps = "".join(
        f'{{{{ if not (sprig_hasKey $value "{name}") }}}}{{{{ sprig_fail "there is no field {name}" }}}}{{{{ end }}}}'
        f'{{{{ $value = index $value "{name}" }}}}'
        for name in field.split(".")
    )
    # An object of KV has text, or the parts of a document that was written as it is.
    parsed = f"{{{{ $value := {value} }}}}{_IF_TEXT}{{{{ $value = parseJSON $value }}}}{{{{ end }}}}"
    return f"{parsed}{steps}{_IF_TEXT}{{{{ $value }}}}{{{{ else }}}}{{{{ $value | toUnescapedJSON }}}}{{{{ end }}}}"


def _parse_objects(settings: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    numbers = sorted(
        int(name.rpartition("-")[2]) for name in settings if re.fullmatch(r"agent-inject-template-\d+", name)
    )
    for number in numbers:
        text = settings[f"agent-inject-template-{number}"]
        read = _parse_made(text) or _parse_read(text)
        if read is None:
            raise ValueError(
                f"has {_PREFIX}agent-inject-template-{number}, which reads no single key of a secret, nor all"
            )
        entry = {"objectName": settings.get(f"agent-inject-file-{number}", str(number)), **read}
        if permission := settings.get(f"agent-inject-perms-{number}"):
            entry["filePermission"] = int(permission, 8)
        yield entry


def _parse_read(text: str) -> dict[str, Any] | None:
    """Parse a template that reads a key of an object, or all; return `None` if it is another."""
    if match := _READS_ALL.fullmatch(text):
        return {"secretPath": match["path"], "secretKey": "", "format": "json"}
    match = _READS_FIELD.match(text) or _READS.match(text)
    if match is None:
        return None
    steps = match.groupdict().get("steps")
    field = {"field": ".".join(_STEP.findall(steps))} if steps else {}
    encoding = {"encoding": "base64"} if match["pipe"] else {}
    optional = {"optional": True} if match["optional"] else {}
    return {"secretPath": match["path"], "secretKey": match["key"], **field, **encoding, **optional}


def _parse_made(text: str) -> dict[str, Any] | None:
    """Parse a template of what Vault makes; return `None` if it is another."""
    match = _MAKES.fullmatch(text)
    if match is None:
        return None
    if _FILLED.search(match["body"]):
        text = _FILLED.sub(r"{{\1}}", match["body"])
        return {"secretPath": match["path"], "secretKey": "password", "text": text}
    key = next((key for key, body in _BODIES.items() if match["body"] == body), None)
    if key is None:
        return None
    words = dict(_WORD.findall(match["words"]))
    sent = {"method": "PUT", "secretArgs": words} if words else {}
    return {"secretPath": match["path"], "secretKey": key, **sent}
