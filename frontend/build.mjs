// Bundles the site's styles and scripts and the interface of a task into ../static_build, an ignored folder that Django serves as static
// files. `node build.mjs` builds once and prints the sizes; `node build.mjs --watch` builds on every change.

import { readdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const project = join(here, "..");
const out = join(project, "static_build");

/** The files of a folder with an ending, sorted; none when the folder does not exist. */
function files(folder, ending, { deep = false } = {}) {
  try {
    return readdirSync(join(project, folder), { recursive: deep })
      .filter((name) => name.endsWith(ending))
      .sort()
      .map((name) => join(project, folder, name));
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}

/** Our style sheets in the order in which they may overrule each other. */
function siteStyles() {
  const first = ["tokens.css", "tabler.css", "base.css", "layout.css"];
  const place = (path) => (first.indexOf(relative(join(project, "static/css"), path)) + 1 || first.length + 1);
  const root = files("static/css", ".css").sort((a, b) => place(a) - place(b) || a.localeCompare(b));
  return [...root, ...files("static/css/components", ".css", { deep: true }), ...files("static/css/pages", ".css", { deep: true })];
}

/** The drawers' own style sheets. */
function drawerStyles() {
  return files("task_types", "widget.css", { deep: true });
}

const imports = (paths) => paths.map((path) => `@import ${JSON.stringify(path)};`).join("\n");
const modules = (paths) => paths.map((path) => `import ${JSON.stringify(path)};`).join("\n");

/** Entries that are lists of files rather than files: `list:site.css` and so on. */
const LISTS = {
  "site.css": () => ({ loader: "css", contents: imports(["@fontsource-variable/inter/index.css", "@tabler/core/dist/css/tabler.min.css", ...siteStyles()]) }),
  "site.rtl.css": () => ({ loader: "css", contents: imports(["@fontsource-variable/inter/index.css", "@tabler/core/dist/css/tabler.rtl.min.css", ...siteStyles()]) }),
  "site.js": () => ({ loader: "js", contents: modules(["@tabler/core/dist/js/tabler.esm.min.js", ...files("static/js", ".mjs", { deep: true })]) }),
  "charts.js": () => ({ loader: "js", contents: 'import Chart from "chart.js/auto"; export { Chart }; export default Chart;' }),
  "workspace.css": () => ({ loader: "css", contents: imports([join(here, "workspace/workspace.css"), ...drawerStyles()]) }),
};

const lists = {
  name: "lists",
  setup(build) {
    build.onResolve({ filter: /^list:/ }, ({ path }) => ({ path: path.slice("list:".length), namespace: "list" }));
    build.onLoad({ filter: /.*/, namespace: "list" }, ({ path }) => ({
      ...LISTS[path](),
      resolveDir: here,
      watchDirs: ["static/css", "static/js", "task_types"].map((folder) => join(project, folder)).filter((folder) => statSync(folder, { throwIfNoEntry: false })),
    }));
  },
};

const sweep = {
  name: "sweep",
  setup(build) {
    // Only after a build that worked: what an older one left would be served for ever.
    build.onEnd(({ metafile, errors }) => {
      if (errors.length) return;
      const fresh = new Set(Object.keys(metafile.outputs).map((path) => join(here, path)));
      const stale = files("static_build", "", { deep: true }).filter((path) => !fresh.has(path) && !basename(path).startsWith("."));
      for (const path of stale) if (statSync(path).isFile()) rmSync(path);
    });
  },
};

const sizes = {
  name: "sizes",
  setup(build) {
    build.onEnd(({ metafile, errors }) => {
      if (errors.length) return;
      const built = Object.entries(metafile.outputs).filter(([path]) => !path.includes("/fonts/"));
      for (const [path, { bytes }] of built.sort()) console.log(`${relative(out, join(here, path)).padEnd(34)} ${(bytes / 1024).toFixed(1).padStart(8)} kB`);
    });
  },
};

const options = {
  absWorkingDir: here,
  entryPoints: [...Object.keys(LISTS).map((name) => ({ in: `list:${name}`, out: name.replace(/\.(js|css)$/, "") })), { in: "workspace/workspace.mjs", out: "workspace" }],
  outdir: out,
  bundle: true,
  minify: true,
  splitting: true,
  format: "esm",
  target: ["chrome123", "firefox120", "safari17.5"],
  chunkNames: "chunks/[name]-[hash]",
  assetNames: "fonts/[name]-[hash]",
  loader: { ".woff2": "file", ".woff": "file" },
  // What the drawers and static/js import is installed here, beside this script, and not above them.
  nodePaths: [join(here, "node_modules")],
  alias: { "task-ui": join(here, "workspace") },
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "linked",
  metafile: true,
  logLevel: "warning",
  plugins: [lists, sweep, sizes],
};

if (process.argv.includes("--watch")) await (await esbuild.context(options)).watch();
else await esbuild.build(options);
