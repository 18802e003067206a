// Prints the name, version and licence text of every package that the bundle contains, from package-lock.json.
import { readFileSync, readdirSync } from "node:fs";

const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
const bundled = Object.entries(lock.packages).filter(([path, entry]) => path && !entry.dev);

console.log("codemirror.bundle.js contains the packages below, minified and otherwise unchanged.");
for (const [path, { version, license }] of bundled) {
  const file = readdirSync(path).find((name) => /^licen[cs]e/i.test(name));
  if (!file) throw new Error(`${path} ships no licence text`);
  const name = path.replace("node_modules/", "");
  console.log(`\n${"-".repeat(72)}\n${name} ${version} (${license})\n\n${readFileSync(`${path}/${file}`, "utf8").trim()}`);
}
