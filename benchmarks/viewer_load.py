"""What it takes to show 512 x 512 x 300 voxels in a real JupyterLab: time, CPU and memory, beside ipyniivue.

CPU is that of kernel, server and browser together, from running the cell until the page has been quiet for a while;
on a busy machine it tells more than the clock. The volume is noise of 12 HU within a body, and air around it.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.browser.conftest import Notebook, browsing, opened, serving, write_notebook

VOLUME = """
import struct, warnings
import numpy as np
from sarcoma_review.volume import Volume
from sarcoma_review.widgets import Viewer

noise = np.random.default_rng(1).standard_normal((300, 512, 512), dtype=np.float32)
array = (12 * noise + 40).astype(np.int16)
array[:, np.hypot(*np.mgrid[-256:256, -256:256]) > 200] = -1000
affine = np.array([[0, 0, 0.8, -204], [0, 0.8, 0, -204], [1.25, 0, 0, -187], [0, 0, 0, 1.0]])
ct = Volume(array, affine, modality="CT", units="HU")
"""
# A NIfTI file in memory, which is what ipyniivue takes: sizes, kind, spacing, offset, affine, magic.
PEER = """
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import ipyniivue
header = bytearray(352)
struct.pack_into("<i", header, 0, 348)
struct.pack_into("<8h", header, 40, 3, 512, 512, 300, 1, 1, 1, 1)
struct.pack_into("<2h", header, 70, 4, 16)
struct.pack_into("<8f", header, 76, 1, 0.8, 0.8, 1.25, 1, 1, 1, 1)
struct.pack_into("<3f", header, 108, 352, 1, 0)
struct.pack_into("<h", header, 254, 1)
struct.pack_into("<12f", header, 280, -0.8, 0, 0, 204, 0, -0.8, 0, 204, 0, 0, 1.25, -187)
header[344:348] = b"n+1\\0"
nifti = bytes(header) + array.tobytes()
"""
PEER_SHOWN = """
peer = ipyniivue.NiiVue(height=420)
peer.load_volumes([{"data": nifti, "name": "ct.nii", "cal_min": -160, "cal_max": 240}])
peer
"""
WATCH = """() => {
  const start = performance.now();
  window.taken = {};
  const look = () => {
    const root = document.querySelector('.sr-viewer');
    const arrived = Number(root?.querySelector('.sr-progress').style.getPropertyValue('--arrived') ?? 0);
    if (arrived > 0) window.taken.preview ??= (performance.now() - start) / 1000;
    if (root?.dataset.state === 'ready') window.taken.full ??= (performance.now() - start) / 1000;
    else setTimeout(look, 50);
  };
  look();
}"""
ADD_CELL = """async (source) => {
  await window.jupyterapp.commands.execute('notebook:insert-cell-below');
  window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.setSource(source);
}"""
RUN_CELL = "() => { window.jupyterapp.commands.execute('notebook:run-cell'); }"
TICKS = os.sysconf("SC_CLK_TCK")
QUIET_S, QUIET_SHARE, LONGEST_S = 3.0, 0.03, 240.0


def _processes() -> dict[str, list[Path]]:
    """Kernel, server and browser of this run, by what they are."""
    found: dict[str, list[Path]] = {"kernel": [], "server": [], "browser": []}
    mine, parents = {os.getpid()}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue  # it has ended meanwhile
    for _ in range(6):
        mine |= {child for child, parent in parents.items() if parent in mine}
    for number in mine - {os.getpid()}:
        try:
            command = Path(f"/proc/{number}/cmdline").read_text()
        except OSError:
            continue
        kinds = {"ipykernel": "kernel", "jupyterlab": "server", "chrom": "browser"}
        kind = next((kind for word, kind in kinds.items() if word in command), "")
        if kind:
            found[kind].append(Path(f"/proc/{number}"))
    return found


def _cpu_s() -> dict[str, float]:
    taken = dict.fromkeys(("kernel", "server", "browser"), 0.0)
    for kind, folders in _processes().items():
        for folder in folders:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            taken[kind] += (int(fields[11]) + int(fields[12])) / TICKS
    return taken


def _page_mb() -> float:
    """Memory of the largest page process, its share of what is shared."""
    sizes = []
    for folder in _processes()["browser"]:
        if "type=renderer" in (folder / "cmdline").read_text():
            lines = (folder / "smaps_rollup").read_text().splitlines()
            sizes.append(next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024)
    return max(sizes)


def _run(notebook: Notebook, source: str) -> tuple[float, dict[str, float], dict[str, Any]]:
    """Run a cell; CPU until the page is quiet, which of whom, and when our own viewer had what."""
    notebook.page.evaluate(ADD_CELL, source)
    time.sleep(2)
    notebook.page.evaluate(WATCH)
    begun = _cpu_s()
    notebook.page.evaluate(RUN_CELL)
    start, before, spent = time.monotonic(), begun, begun
    while time.monotonic() < start + LONGEST_S:
        time.sleep(QUIET_S)
        before, spent = spent, _cpu_s()
        if sum(spent.values()) - sum(before.values()) < QUIET_SHARE * QUIET_S:
            break
    taken = {kind: spent[kind] - begun[kind] for kind in spent}
    return sum(taken.values()), taken, notebook.page.evaluate("() => window.taken")


def _within(name: str, found: float, most: float, unit: str) -> bool:
    print(f"{name:44s} {found:7.2f} {unit} (at most {most:g})")
    return found <= most


def _ours(notebook: Notebook) -> tuple[float, bool]:
    before_mb = _page_mb()
    cpu, parts, taken = _run(notebook, "viewer = Viewer(ct)\nviewer")
    good = _within("cell run to preview", taken["preview"], 1.0, "s")
    good &= _within("cell run to the full image", taken["full"], 4.0, "s")
    good &= _within("CPU for it", cpu, 3.5, "s")
    print(" " * 8 + ", ".join(f"{kind} {seconds:.2f} s" for kind, seconds in parts.items()))
    one_mb = _page_mb() - before_mb
    good &= _within("page memory for it", one_mb, 157.3 / 1.048576 + 100, "MiB")
    for n in range(4):
        _run(notebook, f"more{n} = Viewer(ct)\nmore{n}")
    good &= _within("page memory for four viewers more of the same", _page_mb() - before_mb - one_mb, 100, "MiB")
    return cpu, good


def main() -> int:
    """Measure, and return 1 if a figure is missed."""
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as lab, browsing() as browser:
        path = Path(home) / "load.ipynb"
        write_notebook(path, [VOLUME + PEER])
        notebook = opened(browser.new_context(viewport={"width": 1440, "height": 1000}), lab, path)
        notebook.run_all()
        notebook.eventually(lambda: notebook.python("'nifti' in globals()"), True, seconds=60)
        ours, good = _ours(notebook)
        theirs, parts, _ = _run(notebook, PEER_SHOWN)
        Path("output").mkdir(exist_ok=True)
        notebook.page.locator("canvas").last.scroll_into_view_if_needed()
        notebook.page.screenshot(path="output/viewer_load.png")
        ratio = theirs / ours
        print(f"{'ipyniivue, same volume and page, CPU':44s} {theirs:7.2f} s, {ratio:.1f} times ours (at least 8)")
        print(" " * 8 + ", ".join(f"{kind} {seconds:.2f} s" for kind, seconds in parts.items()))
        return 0 if good and ratio >= 8 else 1


if __name__ == "__main__":
    sys.exit(main())
