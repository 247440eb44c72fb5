"""A real JupyterLab in a real Chromium, on this machine alone.

`open_notebook(path)` opens a notebook there and gives back a `Notebook`: `.run_all()` runs its cells, `.page` is
the Playwright page, `.python(expression)` evaluates in the notebook's own kernel, `.outside` lists every
request that left this machine.
"""

import ast
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import require

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LAB_FLAGS = [
    "--no-browser",
    "--allow-root",
    "--expose-app-in-browser",
    "--ServerApp.port_retries=0",
    f"--config={ROOT / 'notebooks' / 'jupyter_lab_config.py'}",  # as `make lab` starts it
]
HERE = {"127.0.0.1", "localhost", ""}
PICTURES = ROOT / "output" / "browser"


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address, its token, and the folder it serves."""

    url: str
    token: str
    folder: Path
    runtime: Path


@dataclass
class Notebook:
    """A notebook open in the browser."""

    page: Page
    lab: Lab
    outside: list[str] = field(default_factory=list)

    @contextmanager
    def dark(self) -> Iterator[None]:
        """The page in the dark theme; the light one comes back, for JupyterLab remembers it."""
        self._themed("Dark")
        try:
            yield
        finally:
            self._themed("Light")

    def _themed(self, name: str) -> None:
        choose = "(name) => window.jupyterapp.commands.execute('apputils:change-theme', { theme: name })"
        self.page.evaluate(choose, f"JupyterLab {name}")
        light = str(name == "Light").lower()
        self.page.wait_for_selector(f"body[data-jp-theme-light={light}]", state="attached")

    def run_all(self) -> None:
        """Run every cell, and wait until the last is done."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")

    def python(self, expression: str) -> Any:
        """Evaluate an expression in the notebook's kernel, beside the page; its value must be a literal."""
        with _client(self._connection_file()) as client:
            reply = client.execute("", user_expressions={"asked": expression}, reply=True, timeout=60)
        answer = reply["content"]["user_expressions"]["asked"]
        assert answer["status"] == "ok", answer
        return ast.literal_eval(answer["data"]["text/plain"])

    def execute(self, code: str) -> None:
        """Run statements in the notebook's kernel, beside the page."""
        with _client(self._connection_file()) as client:
            reply = client.execute(code, reply=True, timeout=60)
        assert reply["content"]["status"] == "ok", reply["content"]

    def eventually(self, question: Callable[[], Any], expected: Any, seconds: float = 15.0) -> None:
        """Wait until a question about the page or the kernel has the expected answer."""
        answer = question()
        deadline = time.monotonic() + seconds
        while answer != expected and time.monotonic() < deadline:
            self.page.wait_for_timeout(100)
            answer = question()
        assert answer == expected

    def shown(self, count: int) -> None:
        """Wait until so many widgets of this project have all there is to show."""
        self.page.wait_for_function(
            f"() => document.querySelectorAll('[class^=sr-][data-state=ready]').length === {count}", timeout=120_000
        )

    def _connection_file(self) -> Path:
        kernel = self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.id")
        return self.lab.runtime / f"kernel-{kernel}.json"


def write_notebook(path: Path, sources: Sequence[str]) -> None:
    """Write a notebook of code cells, to be opened here."""
    cells: list[dict[str, object]] = [
        {
            "cell_type": "code",
            "id": f"cell-{n}",
            "source": source,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for n, source in enumerate(sources)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))


@contextmanager
def _client(connection_file: Path) -> Iterator[BlockingKernelClient]:
    client = BlockingKernelClient(connection_file=str(connection_file))
    client.load_connection_file()
    client.start_channels(stdin=False, hb=False, control=False)
    try:
        client.wait_for_ready(timeout=60)
        yield client
    finally:
        client.stop_channels()
        client.context.term()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_until_serving(lab: Lab, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{lab.url}/api/status?token={lab.token}", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


@contextmanager
def serving(home: Path, *, module: str = "jupyterlab") -> Iterator[Lab]:
    """JupyterLab, or another Jupyter server's module, on a free port, with settings and files of its own."""
    folders = {name: home / name for name in ("notebooks", "config", "data", "runtime", "ipython")}
    for folder in folders.values():
        folder.mkdir()
    port, token, log = _free_port(), uuid.uuid4().hex, home / "log.txt"
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(folders["config"]),
        "JUPYTER_DATA_DIR": str(folders["data"]),
        "JUPYTER_RUNTIME_DIR": str(folders["runtime"]),
        "IPYTHONDIR": str(folders["ipython"]),
    }
    command = [sys.executable, "-m", module, *LAB_FLAGS, f"--port={port}", f"--IdentityProvider.token={token}"]
    command.append(f"--ServerApp.root_dir={folders['notebooks']}")
    served = Lab(f"http://127.0.0.1:{port}", token, folders["notebooks"], folders["runtime"])
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=served.folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_serving(served, process, log)
            yield served
        finally:
            process.terminate()
            process.wait(timeout=30)


@contextmanager
def browsing() -> Iterator[Browser]:
    """Chromium as the system has it; nothing is ever downloaded."""
    require(CHROMIUM is not None, "Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


def opened(context: BrowserContext, lab: Lab, path: Path, address: str = "lab/tree") -> Notebook:
    """Copy a notebook to the served folder, unless it is there, and open it on a page of its own."""
    served = lab.folder / path.name
    if not served.exists():
        shutil.copy(path, served)
    notebook = Notebook(context.new_page(), lab)

    def watch(url: str) -> None:
        if urlsplit(url).scheme not in {"data", "blob"} and urlsplit(url).hostname not in HERE:
            notebook.outside.append(url)

    notebook.page.on("request", lambda request: watch(request.url))
    notebook.page.on("websocket", lambda link: watch(link.url))
    notebook.page.goto(f"{lab.url}/{address}/{path.name}?token={lab.token}&reset")
    notebook.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=90_000)
    notebook.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
        timeout=90_000,
    )
    return notebook


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with serving(tmp_path_factory.mktemp("lab")) as served:
        yield served


# Playwright keeps an event loop on this thread while it runs: it must not outlive the tests that use it.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="module")
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1440, "height": 1000})
    yield context
    context.close()


@pytest.fixture(scope="module")
def open_notebook(context: BrowserContext, lab: Lab) -> Callable[[Path], Notebook]:
    """Open a notebook; call it again for a second page on the same notebook."""
    return lambda path: opened(context, lab, path)


@pytest.fixture(scope="module")
def open_shipped(open_notebook: Callable[[Path], Notebook], lab: Lab) -> Callable[[str], Notebook]:
    """Open a notebook of the project by its name, the sample patients beside it as they are shipped."""

    def open_it(name: str) -> Notebook:
        beside = lab.folder.parent / "sample_dicom"
        if not beside.exists():
            beside.symlink_to(ROOT / "sample_dicom")
        return open_notebook(ROOT / "notebooks" / name)

    return open_it


@pytest.fixture(scope="module")
def open_written(
    open_notebook: Callable[[Path], Notebook], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Notebook]:
    """Write a notebook of a cell that sets up and cells that show a widget each, run it, and wait for all of them."""

    def open_it(name: str, setting_up: str, *shown: str) -> Notebook:
        path = tmp_path_factory.mktemp("written") / name
        write_notebook(path, [setting_up, *shown])
        notebook = open_notebook(path)
        notebook.run_all()
        notebook.shown(len(shown))
        return notebook

    return open_it
