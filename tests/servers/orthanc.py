"""A real archive for tests and benchmarks: Orthanc, on loopback, in a folder of its own."""

import contextlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


def is_installed() -> bool:
    return shutil.which("Orthanc") is not None and _PLUGIN.exists()


@contextlib.contextmanager
def running(folder: Path) -> Iterator[str]:
    """Start an empty archive, give its DICOMweb address, and stop it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "StorageDirectory": str(folder / "db"), "IndexDirectory": str(folder / "db"), "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False, "HttpPort": port, "DicomServerEnabled": False, "OverwriteInstances": True,
        "KeepAlive": True, "Plugins": [str(_PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "Ssl": False, "StudiesMetadata": "Full",
                     "SeriesMetadata": "Full"},
    }  # fmt: skip
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(["Orthanc", str(folder / "orthanc.json")], stdout=log, stderr=log, cwd=folder)
    address = f"http://127.0.0.1:{port}/dicom-web"
    try:
        _await(address, server)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def _await(address: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        assert server.poll() is None, "Orthanc ended at its start"
        try:
            httpx.get(f"{address}/studies", params={"limit": 1}, timeout=5)
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("Orthanc did not answer within 30 s")
