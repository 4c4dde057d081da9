"""OpenLDAP's server, with two people and a group; from Debian's package where the machine has none."""

import subprocess
from pathlib import Path

from sandbox.certificates import write_private
from sandbox.ports import HOST
from sandbox.process import Process
from sandbox.running import Sandbox

from .debian import brought, libraries

BASE = "dc=example,dc=net"
READER = f"cn=vault,{BASE}"

_PEOPLE = """
dn: {base}
objectClass: domain
dc: example

dn: cn=vault,{base}
objectClass: person
cn: vault
sn: vault
userPassword: {password}

dn: ou=people,{base}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{base}
objectClass: organizationalUnit
ou: groups

dn: uid=alice,ou=people,{base}
objectClass: inetOrgPerson
uid: alice
cn: Alice
sn: A
userPassword: {password}

dn: uid=bob,ou=people,{base}
objectClass: inetOrgPerson
uid: bob
cn: Bob
sn: B
userPassword: {password}

dn: cn=auditors,ou=groups,{base}
objectClass: groupOfNames
cn: auditors
member: uid=alice,ou=people,{base}
"""


class Slapd:
    """A directory that speaks LDAPS."""

    def __init__(self, world: Sandbox, home: Path, port: int, password: str) -> None:
        """
        :param world: Whose CA signs its certificate.
        :param home: Where its files are.
        :param port: Its port.
        :param password: Everybody's password.
        """
        self.url = f"ldaps://{HOST}:{port}"
        root = brought("slapd", "usr/sbin/slapd", home)
        self._environment = libraries(root)
        self._program = str(root / "usr" / "sbin" / "slapd")
        self._process = Process("slapd", home)
        pair = world.authority.pair("slapd")
        (home / "data").mkdir()
        self._configuration = home / "slapd.conf"
        schemas = [root / "etc" / "ldap" / "schema" / f"{name}.schema" for name in ("core", "cosine", "inetorgperson")]
        write_private(
            self._configuration,
            "\n".join(
                [
                    *(f"include {schema}" for schema in schemas),
                    f"modulepath {root / 'usr' / 'lib' / 'ldap'}",
                    "moduleload back_mdb",
                    f"TLSCertificateFile {pair.certificate}",
                    f"TLSCertificateKeyFile {pair.key}",
                    "database mdb",
                    f"suffix {BASE}",
                    f"directory {home / 'data'}",
                    f'access to attrs=userPassword by anonymous auth by * none\naccess to * by dn="{READER}" read',
                    "",
                ]
            ),
        )
        people = home / "people.ldif"
        write_private(people, _PEOPLE.format(base=BASE, password=password))
        subprocess.run(
            [self._program, "-T", "add", "-f", str(self._configuration), "-l", str(people)],
            env=self._environment,
            check=True,
            capture_output=True,
        )

    def start(self) -> None:
        """Start it."""
        self._process.start(
            [self._program, "-d", "0", "-f", str(self._configuration), "-h", f"{self.url}/"], self._environment
        )

    def stop(self) -> None:
        """Stop it."""
        self._process.stop()
