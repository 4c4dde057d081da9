"""The data plane of key vaults: secrets, keys and certificates with their versions."""

import base64
import re
import uuid
from collections.abc import Callable
from typing import Any

from .certificates import Issued, issue
from .errors import AzureError
from .keys import new_key, public_half
from .lifetimes import find_end, is_certificate_due, is_key_due
from .store import Document, Kind, Store

LARGEST_SECRET = 25 * 1024
"""Bytes. (Microsoft Learn: "About Azure Key Vault secrets")"""

_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")


class Vault:
    """What one vault holds."""

    def __init__(self, store: Store, resource: Document, domain: str) -> None:
        """
        :param store: Where it is kept.
        :param resource: The vault, as the Resource Manager has it.
        :param domain: The domain that it answers under.
        """
        self._store = store
        self._name = resource["name"].lower()
        self._base = f"https://{resource['name']}.{domain}"
        self._retention = int(resource["properties"].get("softDeleteRetentionInDays") or 90)
        self._protected = bool(resource["properties"].get("enablePurgeProtection"))
        self._premium = resource["properties"].get("sku", {}).get("name") == "premium"

    def get(self, kind: Kind, name: str, version: str | None = None) -> Document:
        """Return a version of an object, the latest where none is named."""
        found = self._live(kind, name)
        made = _version(kind, found, version)
        if kind == "secrets" and not made["attributes"]["enabled"]:
            raise AzureError(403, "Forbidden", "Operation get is not allowed on a disabled secret.", "SecretDisabled")
        return self._shown(kind, name, made)

    def listing(self, kind: Kind) -> list[Document]:
        """Return the objects of a kind, without what is in them."""
        live = [found for found in self._store.objects(self._name, kind) if found["deleted"] is None]
        return [self._item(kind, found["name"], found["versions"][-1], whole=True) for found in live]

    def deleted_listing(self, kind: Kind) -> list[Document]:
        """Return the objects of a kind that were deleted softly, without what is in them."""
        gone = [found for found in self._store.objects(self._name, kind) if found["deleted"]]
        return [self._item(kind, found["name"], found["versions"][-1], whole=True) | found["deleted"] for found in gone]

    def versions(self, kind: Kind, name: str) -> list[Document]:
        """Return the versions of an object, without what is in them."""
        return [self._item(kind, name, made) for made in self._live(kind, name)["versions"]]

    def set_secret(self, name: str, body: Document) -> Document:
        """Write a new version of a secret."""
        value = body.get("value")
        if not isinstance(value, str):
            raise AzureError(400, "BadParameter", "Property 'value' is required.")
        if len(value.encode()) > LARGEST_SECRET:
            raise AzureError(400, "BadParameter", f"Secret value is too long: the maximum is {LARGEST_SECRET} bytes.")
        made = {"value": value, "contentType": body.get("contentType"), "tags": body.get("tags") or {}}
        return self._added("secrets", name, made, body.get("attributes") or {})

    def create_key(self, name: str, body: Document) -> Document:
        """Make a new version of a key."""
        self._hold(body)
        made = {"key": new_key(body), "key_ops": body.get("key_ops"), "tags": body.get("tags") or {}}
        return self._added("keys", name, made, body.get("attributes") or {})

    def rotate_key(self, name: str) -> Document:
        """Make a new version of a key, like its latest."""
        found = self._live("keys", name)
        latest = found["versions"][-1]
        made = {"key": new_key(latest["key"]["request"]), "key_ops": latest["key_ops"], "tags": latest["tags"]}
        return self._added("keys", name, made, find_end(found.get("rotation") or {}, self._now()))

    def renew_due(self) -> None:
        """Make the new versions that policies of keys and certificates want by now."""
        now = self._now()
        for found in self._store.objects(self._name, "keys"):
            if found["deleted"] is None and found["versions"] and found.get("rotation"):
                with self._store.writing():
                    latest = self._live("keys", found["name"])
                    if is_key_due(latest["rotation"], latest["versions"][-1]["attributes"], now):
                        self.rotate_key(found["name"])
        for found in self._store.objects(self._name, "certificates"):
            if found["deleted"] is None and found["versions"]:
                with self._store.writing():
                    latest = self._live("certificates", found["name"])["versions"][-1]
                    if is_certificate_due(latest["policy"], latest["attributes"], now):
                        self.create_certificate(found["name"], {"policy": latest["policy"], "tags": latest["tags"]})

    def rotation_policy(self, name: str) -> Document:
        """Return when a key rotates; by default there is only a notice before its end."""
        found = self._live("keys", name)
        default = {"lifetimeActions": [{"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "Notify"}}]}
        return {"id": f"{self._base}/keys/{name}/rotationpolicy", **(found.get("rotation") or default)}

    def set_rotation_policy(self, name: str, body: Document) -> Document:
        """Say when a key rotates."""
        self._live("keys", name)
        rotation = {key: body[key] for key in ("lifetimeActions", "attributes") if body.get(key) is not None}
        self._changed("keys", name, lambda found: found.update(rotation=rotation))
        return self.rotation_policy(name)

    def create_certificate(self, name: str, body: Document) -> Document:
        """Make a new version of a certificate; with another issuer than `Self`, an operation that waits for it."""
        policy = body.get("policy") or {}
        issuer = (policy.get("issuer") or {}).get("name") or "Self"
        operation = {
            "id": f"{self._base}/certificates/{name}/pending",
            "issuer": {"name": issuer},
            "cancellation_requested": False,
            "request_id": uuid.uuid4().hex,
        }
        _legal(name)
        self._hold(policy.get("key_props") or {})
        issued = issue(policy, self._now()) if issuer == "Self" else None
        with self._store.writing():
            if issued:
                self._issued(name, issued, policy, body)
                operation |= {"status": "completed", "target": f"{self._base}/certificates/{name}"}
            else:
                operation |= {"status": "inProgress", "status_details": "Pending certificate created."}
            self._changed("certificates", name, lambda found: found.update(pending=operation))
        # Azure's first answer never says that it is done already, and its clients rely on that.
        return {**operation, "status": "inProgress", "target": None}

    def pending_certificate(self, name: str) -> Document:
        """Return the operation that makes a certificate."""
        found = self._store.object(self._name, "certificates", name)
        if not found or not found.get("pending"):
            raise AzureError(404, "PendingCertificateNotFound", f"Pending certificate not found: {name}")
        return found["pending"]

    def policy(self, name: str) -> Document:
        """Return a certificate's policy."""
        return self.get("certificates", name)["policy"]

    def set_policy(self, name: str, body: Document) -> Document:
        """Change a certificate's policy: its next version will follow it."""
        self.update("certificates", name, None, {"policy": {**self.policy(name), **body}})
        return self.policy(name)

    def update(self, kind: Kind, name: str, version: str | None, body: Document) -> Document:
        """Change a version's attributes, content type, tags or operations; of a certificate, its key's and secret's."""

        self._live(kind, name)
        attributes = {key: value for key, value in (body.get("attributes") or {}).items() if value is not None}
        said = {key: body[key] for key in ("tags", "contentType", "key_ops", "policy") if body.get(key) is not None}

        def change(found: Document, said: Document) -> None:
            made = _version(kind, found, version)
            made["attributes"] |= {**attributes, "updated": self._now()}
            made |= said

        with self._store.writing():
            self._changed(kind, name, lambda found: change(found, said))
            for other in _family(kind)[1:]:
                self._changed(other, name, lambda found: change(found, {}))
        return self._reported(kind, name, _version(kind, self._live(kind, name), version))

    def delete(self, kind: Kind, name: str) -> Document:
        """Delete an object softly, and with a certificate its key and secret."""
        latest = self._reported(kind, name, self._live(kind, name)["versions"][-1])
        now = self._now()
        gone = {
            "recoveryId": f"{self._base}/deleted{kind}/{name}",
            "deletedDate": now,
            "scheduledPurgeDate": now + self._retention * 86400,
        }
        for each in _family(kind):
            self._changed(each, name, lambda found: found.update(deleted=gone))
        return {**latest, **gone}

    def deleted(self, kind: Kind, name: str) -> Document:
        """Return an object that was deleted softly."""
        found = self._store.object(self._name, kind, name)
        if not found or not found["deleted"]:
            raise AzureError(404, f"{kind[:-1].title()}NotFound", f"Deleted {kind[:-1]} not found: {name}")
        return {**self._reported(kind, name, found["versions"][-1]), **found["deleted"]}

    def recover(self, kind: Kind, name: str) -> Document:
        """Undo a deletion."""
        self.deleted(kind, name)
        for each in _family(kind):
            self._changed(each, name, lambda found: found.update(deleted=None))
        return self._reported(kind, name, self._live(kind, name)["versions"][-1])

    def purge(self, kind: Kind, name: str) -> None:
        """Delete for good what was deleted softly."""
        self.deleted(kind, name)
        if self._protected:
            raise AzureError(
                403, "Forbidden", "Operation purge is not allowed on this vault: purge protection is enabled."
            )
        for each in _family(kind):
            self._store.remove_object(self._name, each, name)

    def _added(
        self,
        kind: Kind,
        name: str,
        made: Document,
        attributes: Document,
        version: str | None = None,
        *,
        managed: bool = False,
    ) -> Document:
        _legal(name)
        now = self._now()
        made = {
            **made,
            "version": version or uuid.uuid4().hex,
            "managed": managed,
            "attributes": {
                "enabled": True,
                **{key: value for key, value in attributes.items() if value is not None},
                "created": now,
                "updated": now,
                "recoveryLevel": "Recoverable" if self._protected else "Recoverable+Purgeable",
                "recoverableDays": self._retention,
            },
        }
        with self._store.writing():
            found = self._store.object(self._name, kind, name) or {"name": name, "versions": [], "deleted": None}
            if found["deleted"]:
                raise AzureError(
                    409,
                    "Conflict",
                    f"{kind[:-1].title()} {name} is currently in a deleted but recoverable state, and its name cannot "
                    "be reused; in this state, the object can only be recovered or purged.",
                    "ObjectIsDeletedButRecoverable",
                )
            found["versions"].append(made)
            self._store.put_object(self._name, kind, name, found)
        return self._shown(kind, name, made)

    def _changed(self, kind: Kind, name: str, change: Callable[[Document], object]) -> None:
        with self._store.writing():
            found = self._store.object(self._name, kind, name)
            if found is None:
                found = {"name": name, "versions": [], "deleted": None}
            change(found)
            self._store.put_object(self._name, kind, name, found)

    def _issued(self, name: str, issued: Issued, policy: Document, body: Document) -> None:
        version = uuid.uuid4().hex
        attributes = {**(body.get("attributes") or {}), "nbf": issued.valid[0], "exp": issued.valid[1]}
        key = {"key": issued.key, "key_ops": None, "tags": {}}
        self._added("keys", name, key, attributes, version, managed=True)
        secret = {"value": issued.secret, "contentType": issued.content_type, "tags": {}}
        self._added("secrets", name, secret, attributes, version, managed=True)
        self._added("certificates", name, _certificate(issued, policy, body), attributes, version)

    def _now(self) -> int:
        return int(self._store.read_clock(self._name))

    def _hold(self, key: Document) -> None:
        if str(key.get("kty")).endswith("-HSM") and not self._premium:
            raise AzureError(400, "BadParameter", f"Key type {key['kty']} needs a vault of SKU premium.")

    def _live(self, kind: Kind, name: str) -> Document:
        _legal(name)
        found = self._store.object(self._name, kind, name)
        if not found or found["deleted"] or not found["versions"]:
            raise _missing(kind, name)
        return found

    def _item(self, kind: Kind, name: str, made: Document, *, whole: bool = False) -> Document:
        id_ = f"{self._base}/{kind}/{name}" if whole else f"{self._base}/{kind}/{name}/{made['version']}"
        item: dict[str, Any] = {"kid" if kind == "keys" else "id": id_, "attributes": made["attributes"]}
        item |= {"tags": made["tags"], "contentType": made.get("contentType"), "managed": made["managed"] or None}
        return {key: value for key, value in item.items() if value is not None}

    def _reported(self, kind: Kind, name: str, made: Document) -> Document:
        """A secret as everyone but its reader may see it: without its value."""
        return {key: value for key, value in self._shown(kind, name, made).items() if key != "value"}

    def _shown(self, kind: Kind, name: str, made: Document) -> Document:
        id_ = f"{self._base}/{kind}/{name}/{made['version']}"
        common: dict[str, Any] = {"attributes": made["attributes"], "tags": made["tags"]}
        if made["managed"]:
            common["managed"] = True
        if kind == "keys":
            return {"key": {"kid": id_, **public_half(made["key"], made["key_ops"])}, **common}
        common["id"] = id_
        if kind == "secrets":
            if made["managed"]:  # its certificate's key: by it clients know what the value is of
                common["kid"] = f"{self._base}/keys/{name}/{made['version']}"
            return {**common, "value": made["value"], "contentType": made["contentType"]}
        return {
            **common,
            "kid": f"{self._base}/keys/{name}/{made['version']}",
            "sid": f"{self._base}/secrets/{name}/{made['version']}",
            **{key: made[key] for key in ("cer", "x5t", "policy")},
        }


def _certificate(issued: Issued, policy: Document, body: Document) -> Document:
    return {
        "cer": base64.b64encode(issued.certificate).decode(),
        "x5t": base64.urlsafe_b64encode(issued.thumbprint).rstrip(b"=").decode(),
        "policy": policy,
        "tags": body.get("tags") or {},
    }


def _family(kind: Kind) -> tuple[Kind, ...]:
    return ("certificates", "keys", "secrets") if kind == "certificates" else (kind,)


def _version(kind: Kind, found: Document, version: str | None) -> Document:
    """Return a version of an object, the latest where none is named."""
    for made in reversed(found["versions"]):
        if version in {None, made["version"]}:
            return made
    raise _missing(kind, found["name"], version)


def _legal(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise AzureError(
            400,
            "BadParameter",
            f"The request URI contains an invalid name: {name}. It must match the pattern ^[0-9a-zA-Z-]{{1,127}}$.",
        )


def _missing(kind: Kind, name: str, version: str | None = None) -> AzureError:
    one = kind[:-1]
    what = f"{name}/{version}" if version else name
    return AzureError(
        404,
        f"{one.title()}NotFound",
        f"A {one} with (name/id) {what} was not found in this key vault. If you recently deleted this {one} you may be "
        "able to recover it using the correct recovery command.",
    )
