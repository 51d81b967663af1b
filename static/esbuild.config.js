// Bundles static/js and static/css into static/build/, with the licences of what is inside.
import { build } from "esbuild";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const OUT = "static/build";
const development = process.argv.includes("--conditions=development");

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
await build({
  entryPoints: ["static/js/app.js", "static/js/chart.js", "static/js/plots.js", "static/js/parity.js", "static/js/playback.js", "static/js/reference.js", "static/js/editor.js", "static/js/source.js", "static/css/app.css"],
  outdir: OUT,
  entryNames: "[name]",
  assetNames: "[name]",
  bundle: true,
  format: "esm",
  target: ["chrome123", "firefox128", "safari17.5"], // the first with light-dark() and @property
  conditions: [development ? "development" : "production"],
  minify: !development,
  legalComments: "none", // notices.json carries every licence in full
  loader: { ".woff2": "file", ".svg": "file" },
  logLevel: "warning",
});

const locked = JSON.parse(readFileSync("package-lock.json", "utf8")).packages;
const notices = Object.entries(locked)
  .filter(([path, entry]) => path && !entry.dev && !entry.optional)
  .map(([path]) => {
    const about = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
    const licence = readdirSync(path).find((name) => /^licen[cs]e/i.test(name));
    return {
      name: about.name,
      version: about.version,
      license: about.license,
      homepage: about.homepage ?? "",
      text: licence ? readFileSync(join(path, licence), "utf8") : "",
    };
  });
writeFileSync(join(OUT, "notices.json"), JSON.stringify(notices));
