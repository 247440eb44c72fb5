"""A real PostgreSQL for tests and benchmarks: on a socket and, by TLS, on loopback, in a folder of its own."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_ACCESS = "local all registry trust\nlocal all owner trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
"""By the socket, its administrator and the owner of the databases; by the network, TLS and a password."""


@dataclass(frozen=True)
class Cluster:
    folder: Path
    port: int

    @property
    def root(self) -> Path:
        """The certificate that signed the server's."""
        return self.folder / "root.crt"

    def local(self, database: str, role: str) -> str:
        return f"postgresql://{role}@/{database}?host={self.folder}&port={self.port}"

    def remote(self, database: str, role: str, password: str, **options: str) -> str:
        asked = {"sslmode": "verify-full", "sslrootcert": str(self.root)} | options
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        return f"postgresql://{role}:{password}@localhost:{self.port}/{database}?{query}"


def programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    place = shutil.which("initdb")
    return found[-1] if found else Path(place).parent if place else None


@contextlib.contextmanager
def running() -> Iterator[Cluster]:
    """Start an empty cluster whose administrator is `registry`, and stop it."""
    place = programs()
    assert place is not None
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    as_other = []
    if os.getuid() == 0:  # PostgreSQL does not run as root
        shutil.chown(folder, "postgres", "postgres")
        folder.chmod(0o755)  # so that a client finds the root certificate
        as_other = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    data = folder / "data"
    make = [*as_other, str(place / "initdb"), "-D", str(data), "-U", "registry", "--auth=trust", "-E", "UTF8"]
    subprocess.run(make, check=True, capture_output=True, cwd=folder)
    (data / "pg_hba.conf").write_text(_ACCESS)
    certify(folder, "localhost")
    cluster = Cluster(folder, _free_port())
    options = (
        f"-p {cluster.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{folder}' -c ssl=on "
        f"-c ssl_cert_file='{folder}/server.crt' -c ssl_key_file='{folder}/server.key'"
    )
    control = [*as_other, str(place / "pg_ctl"), "-D", str(data), "-w"]
    try:
        subprocess.run(
            [*control, "-o", options, "-l", str(folder / "log"), "start"], check=True, cwd=folder, capture_output=True
        )
        yield cluster
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], capture_output=True, cwd=folder)
        shutil.rmtree(folder)


def certify(folder: Path, host: str) -> None:
    """Write root.crt, and server.crt and server.key of a host, as a centre's own authority would."""
    root_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = f"authority of {folder.name}"
    root = _signed(authority, root_key, root_key, issuer=authority, hosts=[])
    server = _signed(host, server_key, root_key, issuer=authority, hosts=[host])
    (folder / "root.crt").write_bytes(root.public_bytes(Encoding.PEM))
    (folder / "server.crt").write_bytes(server.public_bytes(Encoding.PEM))
    key = folder / "server.key"
    key.touch(mode=0o600)
    key.write_bytes(server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    if os.getuid() == 0:
        shutil.chown(key, "postgres", "postgres")


def _signed(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    *,
    issuer: str,
    hosts: list[str],
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=not hosts, path_length=None), critical=True)
    )
    if hosts:
        names = [x509.DNSName(host) for host in hosts]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(by, hashes.SHA256())


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
