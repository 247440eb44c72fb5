"""How long the viewer's pages take, at 512 x 512 x 300: script time of a redraw and a window change, and of loading.

Chromium shows the shipped bundle on a page of its own, with a stand-in for the kernel that hands out parts as the
widget does. Script time is what the page's own thread spends; what the browser rasters afterwards is not in it.
"""

import functools
import http.server
import json
import shutil
import statistics
import sys
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

STATIC = Path(__file__).parents[1] / "sarcoma_review" / "widgets" / "static"
SHAPE = (300, 512, 512)
REPEATS = 40

PAGE = """
<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="viewer.css">
<div id="here" style="width:1320px"></div>
<script type="module">
import viewer from "./viewer.js";
const [slices, rows, columns] = %(shape)s;
const affine = [0, 0, 0.8, -204, 0, 0.8, 0, -204, 1.25, 0, 0, -187, 0, 0, 0, 1];
const voxels = new Int16Array(slices * rows * columns);
for (let n = 0, s = 0; s < slices; s++) for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++)
  voxels[n++] = Math.hypot(r - 256, c - 256) < 180 ? 40 + ((n * 7919) %% 61) : -1000;
const box = [60, 90, 90];
const bits = new Uint8Array(box[0] * box[1] * box[2]);
for (let n = 0, s = 0; s < box[0]; s++) for (let r = 0; r < box[1]; r++) for (let c = 0; c < box[2]; c++)
  bits[n++] = Math.hypot((s - 30) / 30, (r - 45) / 45, (c - 45) / 45) < 1 ? 1 : 0;
const image = (role) => ({ id: role, role, label: role, shape: [slices, rows, columns], affine, slope: 1,
  intercept: 0, blank: null, modality: "CT", units: "HU", preview_step: 4,
  presets: [{ name: "auto", window: [-160, 240] }] });
const fewer = (n) => Math.ceil(n / 4);
const preview = new Int16Array(fewer(slices) * fewer(rows) * fewer(columns));
const parts = [["preview", 0, preview], ["masks", 0, bits]];
for (let s = 0; s < slices; s += 32) {
  const at = s * rows * columns;
  parts.push(["pixels", at, voxels.subarray(at, Math.min(voxels.length, at + 32 * rows * columns))]);
}
const deflated = (numbers) =>
  new Response(new Blob([numbers]).stream().pipeThrough(new CompressionStream("deflate-raw"))).arrayBuffer();
const steps = (run) => {
  const bytes = new Uint8Array(2 * run.length);
  for (let n = 0, before = 0; n < run.length; before = run[n++]) {
    const step = ((run[n] - before) << 16) >> 16;
    const zigzag = (step << 1) ^ (step >> 15);
    [bytes[n], bytes[run.length + n]] = [zigzag & 0xff, (zigzag >> 8) & 0xff];
  }
  return bytes;
};
const packed = await Promise.all(parts.map(([layer, , run]) => deflated(layer === "masks" ? run : steps(run))));
const plane = (z, name) => ({ name, point_mm: [0, 0, z], normal: [0.3, 0.1, 0.95], kerf_mm: 1.2, patch_mm: null });
const meta = {
  t: "meta", images: [image("first")], masks: { origin: [120, 200, 200], shape: box },
  parts: parts.map(([layer, offset, run]) => ({ layer, image: 0, offset, bytes: run.byteLength })),
  planes: [plane(40, "one"), plane(-40, "two")],
  segments: [{ name: "tumour", colour: "#e69f00", dash: [] }], marks: [], skin: null,
};
const values = { crosshair_mm: [0, 0, 0], window: [-160, 240], preset: "auto", enlarged: "", beside_window: [],
  fusion_window: [], fusion_opacity: 0.5, fill_opacity: 0, hidden: [], oblique: "" };
const listeners = {};
const tell = (event, ...given) => (listeners[event] ?? []).forEach((listener) => listener(...given));
window.model = {
  get: (name) => values[name],
  set: (name, value) => { values[name] = value; setTimeout(() => tell(`change:${name}`)); },
  save_changes() {},
  on: (event, listener) => (listeners[event] ??= []).push(listener),
  off() {},
  send(message) {
    const tellLater = (words, buffers = []) =>
      setTimeout(() => tell("msg:custom", { to: message.page, ...words }, buffers));
    if (message.t === "hello") tellLater(meta);
    if (message.t === "part") tellLater({ t: "part", part: message.part }, [new DataView(packed[message.part])]);
  },
};
// Every frame the viewer asks for is timed.
window.frames_ms = [];
const ask = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (draw) => ask((now) => {
  const start = performance.now();
  draw(now);
  window.frames_ms.push(performance.now() - start);
});
window.started = performance.now();
viewer.render({ model: window.model, el: document.getElementById("here") });
</script>
"""

TURN = """async ([name, values]) => {
  const taken = [];
  for (const value of values) {
    window.frames_ms.length = 0;
    window.model.set(name, value);
    while (!window.frames_ms.length) await new Promise((done) => setTimeout(done, 4));
    taken.push(window.frames_ms[0]);
  }
  return taken;
}"""


def _served(folder: Path) -> http.server.ThreadingHTTPServer:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *given: object) -> None:
            """Say nothing."""

    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _report(name: str, taken: list[float], limit: float) -> bool:
    middle, worst = statistics.median(taken), sorted(taken)[int(0.9 * len(taken))]
    print(f"{name:34s} median {middle:5.1f} ms, 90 % {worst:5.1f} ms (at most {limit:g} ms)")
    return middle <= limit


def measure(page: Page) -> bool:
    """Print the figures of a page, and say whether all are within their limits."""
    page.wait_for_selector(".sr-viewer[data-state=loading]", timeout=120_000)
    page.wait_for_selector(".sr-viewer[data-state=ready]", timeout=120_000)
    seconds = page.evaluate("() => performance.now() - window.started") / 1000
    print(f"{'voxels handed over and shown':34s} {seconds:.2f} s (without kernel and wire)")
    places = [[2.0 * n - 40, 1.5 * n - 30, 1.25 * n - 25] for n in range(REPEATS)]
    windows = [[-160.0 - 5 * n, 240.0 + 7 * n] for n in range(REPEATS)]
    page.evaluate(TURN, ["crosshair_mm", places])  # once for the compiler
    good = _report("three views redrawn", page.evaluate(TURN, ["crosshair_mm", places]), 6.0)
    good &= _report("window changed, three views", page.evaluate(TURN, ["window", windows]), 8.0)
    page.evaluate("() => window.model.set('oblique', 'one')")
    page.evaluate(TURN, ["crosshair_mm", places])
    _report("with an oblique view beside them", page.evaluate(TURN, ["crosshair_mm", places]), 30.0)
    return good


def main() -> int:
    """Measure, and return 1 if a figure is missed."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("Chromium is not installed")
        return 0
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        for name in ("viewer.js", "viewer.css"):
            shutil.copy(STATIC / name, folder)
        (Path(folder) / "index.html").write_text(PAGE % {"shape": json.dumps(SHAPE)}, encoding="utf-8")
        server = _served(Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(f"http://127.0.0.1:{server.server_port}/index.html")
        good = measure(page)
        browser.close()
        server.shutdown()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
