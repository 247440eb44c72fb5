// Bundles the widgets' sources into the package, or with --check says whether the committed bundle is theirs.
import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const TARGET = fileURLToPath(new URL("../sarcoma_review/", import.meta.url));
const check = process.argv.includes("--check");

/** What ships in each package's static/: a script and its sheet by each name. */
const SHIPPED = {
  widgets: ["viewer", "browser", "caseform", "pathwaypanel", "privacypanel", "zones", "dashboard", "tracker", "meetingboard"],
  present: ["deck/deck"],
  room: ["room/page", "room/listen"],
};

const result = await build({
  absWorkingDir: HERE,
  entryPoints: Object.entries(SHIPPED).flatMap(([folder, names]) =>
    names.flatMap((name) => [".js", ".css"].map((kind) => ({ in: name + kind, out: `${folder}/static/${name.split("/").pop()}` })))),
  outdir: TARGET,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  write: !check,
});

if (check) {
  const stale = [];
  for (const file of result.outputFiles) {
    const committed = await readFile(file.path).catch(() => Buffer.alloc(0));
    if (!committed.equals(Buffer.from(file.contents))) stale.push(relative(TARGET, file.path));
  }
  if (stale.length) {
    console.error(`the committed bundle is not that of js/: ${stale.join(", ")}; run: make bundle`);
    process.exit(1);
  }
}
