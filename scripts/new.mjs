// `npm run new -- transport NAME`: makes a package that passes its conformance suite from the first
// moment, and enters it wherever packages are listed. What it begins with is an example of the
// guides; its author replaces that.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parts } from "./new/parts.mjs";

const [kind = "", name = "", ...rest] = process.argv.slice(2);
const usage = `npm run new -- KIND NAME, where KIND is one of ${Object.keys(parts).join(", ")}`;
const part = parts[kind];
if (part === undefined || rest.length > 0) fail(`${kind || "no kind"} ${rest.join(" ")}: ${usage}`);
if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
  fail(`"${name}" can't name a package: lower case letters and digits, joined by single dashes`);
}

const pascal = name.replaceAll(/(?:^|-)([a-z0-9])/g, (_, letter) => letter.toUpperCase());
const folder = kind === "state-machine" ? name : `${kind}-${name}`;
const target = `packages/${folder}`;
if (existsSync(target)) fail(`${target} is there already; nothing was changed`);
const made = part({ name, pascal, packageName: `@raftkit/${folder}` });
const { dependencies = {}, devDependencies = {} } = made;

const manifest = JSON.parse(readFileSync("packages/transport-memory/package.json", "utf8"));
write("package.json", {
  ...manifest,
  name: `@raftkit/${folder}`,
  description: made.description,
  repository: { ...manifest.repository, directory: target },
  dependencies: { "@raftkit/core": "workspace:*", ...dependencies },
  devDependencies: { "@raftkit/conformance": "workspace:*", ...devDependencies },
});
const base = JSON.parse(readFileSync("packages/transport-memory/tsconfig.json", "utf8"));
const ownPackages = ["@raftkit/core", ...Object.keys(dependencies)].filter(isOwn);
write("tsconfig.json", {
  ...base,
  compilerOptions: { ...base.compilerOptions, types: ["node"], isolatedDeclarations: false },
  references: ownPackages.map((one) => ({ path: `../${folderOf(one)}` })),
});
const tests = JSON.parse(readFileSync("packages/transport-memory/test/tsconfig.json", "utf8"));
const used = [
  ...ownPackages,
  "@raftkit/conformance",
  ...Object.keys(devDependencies).filter(isOwn),
];
write("test/tsconfig.json", {
  ...tests,
  references: [{ path: ".." }, ...used.map((one) => ({ path: `../../${folderOf(one)}` }))],
});
for (const [file, text] of Object.entries(made.files)) write(file, text);
writeFileSync(
  `.changeset/new-${folder}.md`,
  `---\n"@raftkit/${folder}": minor\n---\n\n${made.description}.\n`,
);
enter();
console.log(`${target} is there, and passes its suite. Next:
  npm run build
  npx vitest run --project ${target}
Then replace what is in ${target}/src, its README and .changeset/new-${folder}.md.`);

/** In the tables of the repository. */
function enter() {
  const projects = JSON.parse(readFileSync("tsconfig.json", "utf8"));
  projects.references.push({ path: target }, { path: `${target}/test` });
  writeFileSync("tsconfig.json", `${JSON.stringify(projects, null, 2)}\n`);
  const allowed = [...used].map((one) => `"${one}"`).join(", ");
  insert(
    "scripts/test/source.test.ts",
    `  "@raftkit/linearizability": [],\n`,
    `  "@raftkit/${folder}": [${allowed}],\n`,
  );
  insert("apps/docs/src/sidebar.ts", `  "conformance",\n`, `  "${folder}",\n`);
  insert(
    "README.md",
    "| [`@raftkit/conformance`](packages/conformance) |",
    `| [\`@raftkit/${folder}\`](${target}) | ${made.description.replace(/^./, (first) => first.toLowerCase())} |\n`,
  );
}

/**
 * Puts text in front of other text.
 * @param {string} file
 * @param {string} before
 * @param {string} text
 */
function insert(file, before, text) {
  const old = readFileSync(file, "utf8");
  if (!old.includes(before)) fail(`${file} has no ${JSON.stringify(before)} any more`, 1);
  writeFileSync(
    file,
    old.replace(before, () => `${text}${before}`),
  );
}

/**
 * @param {string} file in the package
 * @param {string | object} content
 */
function write(file, content) {
  const path = join(target, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    typeof content === "string" ? content : `${JSON.stringify(content, null, 2)}\n`,
  );
}

/** @param {string} one */
function isOwn(one) {
  return one.startsWith("@raftkit/") || one === "raftkit";
}

/** @param {string} one */
function folderOf(one) {
  return one.replace("@raftkit/", "");
}

/**
 * @param {string} message
 * @param {number} [status]
 * @returns {never}
 */
function fail(message, status = 2) {
  console.error(message);
  process.exit(status);
}
