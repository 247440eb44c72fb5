"""The documented nginx configuration before a room, with a certificate of its own, on loopback."""

import datetime
import json
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.sync.client import connect
from websockets.typing import Origin

from sarcoma_review.room import Folder
from tests.conftest import require
from tests.room.visiting import MEETING, free_port, made, serving

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "meeting-room.md"


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that lasts a day, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "room.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "room.key").write_bytes(key.private_bytes(*form))
    return folder / "room.pem", folder / "room.key"


def configuration(folder: Path, port: int, room_port: int) -> str:
    """The guide's block with our certificate and ports, and what a run without root needs round it."""
    block = re.search(r"```nginx\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    pem, key = certificate(folder)
    ours = {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl", "room.example.org;": "localhost;",
        "/etc/ssl/room.example.org.pem": str(pem), "/etc/ssl/private/room.example.org.key": str(key),
        "127.0.0.1:8765": f"127.0.0.1:{room_port}",
    }  # fmt: skip
    text = block.group(1)
    for theirs, own in ours.items():
        assert theirs in text
        text = text.replace(theirs, own)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    scratch = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    return f"daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\nhttp {{\n{scratch}{text}}}\n"


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[tuple[Folder, str, ssl.SSLContext]]:
    """A room behind nginx: its folder, its address, and how its certificate is checked."""
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    require(Path(nginx).exists(), "nginx (make test-servers)")
    port, room_port = free_port(), free_port()
    (tmp_path / "nginx.conf").write_text(configuration(tmp_path, port, room_port))
    folder = made(tmp_path / "data")
    server = subprocess.Popen([nginx, "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)])
    trusting = ssl.create_default_context(cafile=str(tmp_path / "room.pem"))
    try:
        with serving(folder, port=room_port, origins=(f"https://localhost:{port}",)):
            _await(f"https://localhost:{port}/room/{MEETING}/health", trusting, server)
            yield folder, f"https://localhost:{port}/room/{MEETING}/", trusting
    finally:
        server.terminate()
        server.wait(30)


@pytest.mark.servers
def test_a_member_comes_in_through_nginx_by_websocket_and_by_events(
    proxied: tuple[Folder, str, ssl.SSLContext],
) -> None:
    folder, address, trusting = proxied
    origin = address.split("/room/")[0]
    token = folder.invite(MEETING, "chair", datetime.timedelta(days=1))
    with httpx.Client(base_url=address, verify=trusting, headers={"origin": origin}, timeout=30) as http:
        answer = http.post("join", json={"token": token})
        assert answer.status_code == 200
        assert "Secure" in answer.headers["set-cookie"]
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        cookie = {"Cookie": f"room={answer.cookies['room']}"}
        ws = address.replace("https", "wss") + "ws"
        with connect(ws, origin=Origin(origin), additional_headers=cookie, ssl=trusting, proxy=None) as socket:
            assert json.loads(socket.recv(10))["t"] == "snap"
            socket.send(json.dumps({"id": 1, "kind": "hello"}))
            assert any(json.loads(socket.recv(10)).get("t") == "ack" for _ in range(5))
        started = time.monotonic()
        with http.stream("GET", "events?client=throughNginx", headers=cookie) as events:
            beats = (line for line in events.iter_lines() if '"t":"beat"' in line)
            assert len([next(beats), next(beats)]) == 2
        assert time.monotonic() - started < 20.0  # nothing is held back until a buffer is full


@pytest.mark.servers
def test_nginx_serves_nothing_but_the_room(proxied: tuple[Folder, str, ssl.SSLContext]) -> None:
    _, address, trusting = proxied
    root = address.split("/room/")[0]
    with httpx.Client(verify=trusting, timeout=30) as http:
        assert http.get(address).status_code == 200
        assert http.get(f"{root}/").status_code == 404
        assert http.get(f"{root}/registry.sqlite").status_code == 404
        assert http.post(f"{address}join", json={"token": "x"}).status_code == 403
        headers = {"origin": root, "content-type": "application/json"}
        assert http.post(f"{address}join", content=b" " * 40_000, headers=headers).status_code == 413


def _await(address: str, trusting: ssl.SSLContext, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        assert server.poll() is None, "nginx ended at its start"
        try:
            httpx.get(address, verify=trusting, timeout=5).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("nginx did not answer within 30 s")
