// Proves the published packages as their users get them: packs each, checks the tarballs, installs
// them all in an empty project outside the workspace, and compiles and runs there what the READMEs
// show. Ends with `N proven, N failed`. `--keep DIR` leaves the tarballs and that project in DIR.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { capture } from "./processes.mjs";
import { examplesIn, promisedOutput } from "./readme-examples.mjs";

/**
 * @typedef {{ name: string; version: string; private?: boolean; dependencies?: Record<string,
 * string>; devDependencies?: Record<string, string> }} Manifest
 */
/** @typedef {{ manifest: Manifest; folder: string; tarball: string }} Package */

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = (/** @type {string} */ name) => join(root, "node_modules/.bin", name);
const help = `npm run packages -- [--check-only] [--keep DIR]

Packs every package and uses it in an empty project.

  --check-only  check the tarballs, run nothing from them
  --keep DIR    leave the tarballs and the project that uses them in DIR

Exit codes: 0 all held; 1 something did not; 2 wrong options.`;
const { "check-only": checkOnly, keep } = readOptions();
const timeoutMs = 120_000;
const counts = { proven: 0, failed: 0 };

const project = emptyProject();
const packages = publicPackages();
/** Whose README shows what must run: each package, and the whole. */
const documented = [
  ...packages,
  { folder: root, manifest: { name: "raftkit-workspace", version: "" } },
];
await pack();
await together(
  packages.flatMap(({ manifest, tarball }) => [
    () => prove(`${manifest.name}: publint --strict`, [bin("publint"), "run", tarball, "--strict"]),
    () =>
      prove(`${manifest.name}: attw --profile esm-only`, [
        bin("attw"),
        tarball,
        "--profile",
        "esm-only",
        "--format",
        "ascii",
        "--no-color",
      ]),
  ]),
);
if (!checkOnly && (await install())) {
  checkResolved();
  if (await compile()) await runExamples();
  await runConformance();
}
if (keep !== undefined) {
  console.log(`kept in ${project}: the tarballs and the project that uses them`);
}
console.log(`${counts.proven} proven, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 && counts.proven > 0 ? 0 : 1;

/** @returns {{ readonly "check-only": boolean; readonly keep: string | undefined }} */
function readOptions() {
  const options = /** @type {const} */ ({
    "check-only": { type: "boolean", default: false },
    keep: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  });
  try {
    const { values } = parseArgs({ options });
    if (values.help) {
      console.log(help);
      process.exit(0);
    }
    return { "check-only": values["check-only"], keep: values.keep };
  } catch (error) {
    const [said] = String(error instanceof Error ? error.message : error).split(". ");
    return refuse(
      `${said}; allowed: --check-only (check the tarballs, run nothing from them), --keep DIR (leave the tarballs and the project that uses them in DIR)`,
    );
  }
}

/** Nothing was done. @param {string} why @returns {never} */
function refuse(why) {
  console.error(why);
  process.exit(2);
}

/** Outside the workspace; removed at the end, unless it is to be kept. */
function emptyProject() {
  if (keep === undefined) {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "raftkit-packages-")));
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }
  const folder = resolve(process.env["INIT_CWD"] ?? process.cwd(), keep);
  // What the project imports would be found in the workspace's node_modules.
  if (`${folder}/`.startsWith(root)) {
    refuse(`--keep: ${folder} is inside the workspace; name a folder outside`);
  }
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    refuse(
      `--keep: ${folder} can't be made: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (readdirSync(folder).length > 0) refuse(`--keep: ${folder} isn't empty; name another folder`);
  return realpathSync(folder);
}

/** @returns {Package[]} */
function publicPackages() {
  return readdirSync(join(root, "packages")).flatMap((name) => {
    const folder = join(root, "packages", name);
    if (!existsSync(join(folder, "package.json"))) return [];
    /** @type {Manifest} */
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const tarball = join(
      project,
      "tarballs",
      `${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`,
    );
    return manifest.private === true ? [] : [{ manifest, folder, tarball }];
  });
}

async function pack() {
  mkdirSync(join(project, "tarballs"));
  await prove(
    "all packages pack",
    [
      bin("pnpm"),
      "--recursive",
      "--filter",
      "./packages/*",
      "pack",
      "--pack-destination",
      join(project, "tarballs"),
    ],
    root,
  );
  for (const { manifest, tarball } of packages) {
    report(`${manifest.name}: has a tarball`, existsSync(tarball), tarball);
  }
}

/** One command for all: a tarball alone would look for its siblings at the registry. */
async function install() {
  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
  const others = packages.flatMap(({ manifest, folder }) => exampleDependencies(folder, manifest));
  const tarballs = packages.map(({ tarball }) => tarball);
  return prove("all packages install together with npm", [
    "npm",
    "install",
    "--prefer-offline",
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
    "--loglevel=error",
    ...tarballs,
    ...new Set(others),
  ]);
}

/**
 * What a README's examples import besides our packages, in the version that the package is tested
 * with. @param {string} folder @param {Manifest} manifest
 */
function exampleDependencies(folder, manifest) {
  const wanted = examplesOf(folder).flatMap((code) =>
    [...code.matchAll(/from "([^"./][^"]*)"/g)].map(([, name = ""]) =>
      name
        .split("/")
        .slice(0, name.startsWith("@") ? 2 : 1)
        .join("/"),
    ),
  );
  return wanted
    .filter(
      (name) =>
        name in { ...manifest.dependencies, ...manifest.devDependencies } &&
        !packages.some((own) => own.manifest.name === name),
    )
    .map(
      (name) =>
        `${name}@${JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"), "utf8")).version}`,
    );
}

/** Everything of ours must come from the tarballs, once, and nothing from the workspace. */
function checkResolved() {
  /** @type {{ packages: Record<string, { resolved?: string; link?: boolean }> }} */
  const lock = JSON.parse(readFileSync(join(project, "package-lock.json"), "utf8"));
  for (const { manifest } of packages) {
    const places = Object.entries(lock.packages).filter(([path]) =>
      path.endsWith(`node_modules/${manifest.name}`),
    );
    const [path, entry] = places[0] ?? ["", {}];
    const own =
      existsSync(join(project, path)) && realpathSync(join(project, path)) === join(project, path);
    const good =
      places.length === 1 &&
      path !== "" &&
      own &&
      entry.link !== true &&
      (entry.resolved ?? "").startsWith("file:tarballs/");
    report(`${manifest.name}: comes from its tarball, once`, good, JSON.stringify(places));
    const source = readFileSync(join(project, path, "package.json"), "utf8");
    report(
      `${manifest.name}: names no workspace version and no source condition`,
      !/workspace:|catalog:|@raftkit\/source/.test(source),
      source,
    );
  }
}

/**
 * For the whole any free port will do: the one that is shown may be in use here. @param {string}
 * folder
 */
function examplesOf(folder) {
  const readme = join(folder, "README.md");
  return existsSync(readme)
    ? examplesIn(readFileSync(readme, "utf8")).map((code) =>
        folder === root ? code.replaceAll("127.0.0.1:7101", "127.0.0.1:0") : code,
      )
    : [];
}

/**
 * Plain Node 20 doesn't parse `await using`: examples are compiled, by the workspace's compiler
 * with its strictest settings.
 */
async function compile() {
  const names = packages.map(
    ({ manifest }, i) =>
      `import * as p${i} from "${manifest.name}";\nconsole.log("${manifest.name}", Object.keys(p${i}).length > 0);\n`,
  );
  writeFileSync(join(project, "imports-all.ts"), names.join(""));
  for (const { manifest, folder } of documented) {
    const examples = examplesOf(folder);
    report(
      `${manifest.name}: its README has an example`,
      examples.length > 0,
      `no \`\`\`ts block in ${folder}/README.md`,
    );
    examples.forEach((code, i) =>
      writeFileSync(join(project, `${exampleName(manifest, i)}.ts`), `${code}\nexport {};\n`),
    );
  }
  const compilerOptions = {
    target: "ES2022",
    module: "NodeNext",
    lib: ["ES2023", "ESNext.Disposable", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    outDir: "compiled",
    rootDir: ".",
  };
  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({ compilerOptions, include: ["*.ts"] }),
  );
  return prove("a consumer of all packages, and every README's example, compile", [
    bin("tsc"),
    "-p",
    ".",
  ]);
}

/** @param {Manifest} manifest @param {number} i */
function exampleName(manifest, i) {
  return `example-${manifest.name.replace("@raftkit/", "")}${i === 0 ? "" : `-${i + 1}`}`;
}

async function runExamples() {
  await prove("every package can be imported", [process.execPath, "compiled/imports-all.js"]);
  await together(
    documented.flatMap(({ manifest, folder }) =>
      examplesOf(folder).map((code, i) => () => {
        const printed = promisedOutput(code);
        const what = `${manifest.name}: example ${i + 1} of its README runs${printed === undefined ? "" : ", and prints what it says"}`;
        return prove(
          what,
          [process.execPath, `compiled/${exampleName(manifest, i)}.js`],
          project,
          printed === undefined ? {} : { printed },
        );
      }),
    ),
  );
}

/**
 * The command line of the conformance package, on the module that its README shows, and on what is
 * no target.
 */
async function runConformance() {
  const readme = readFileSync(join(root, "packages/conformance/README.md"), "utf8");
  const code = /^```js\n\/\/ my-codec\.mjs\n([\s\S]*?)^```/m.exec(readme)?.[1] ?? "";
  writeFileSync(join(project, "my-codec.mjs"), code);
  const command = ["npx", "--no-install", "raftkit-conformance", "codec"];
  await together([
    () =>
      prove(
        "raftkit-conformance proves the codec of its README",
        [...command, "./my-codec.mjs"],
        project,
        { last: /^[1-9]\d* passed, 0 failed, 0 blocked, 0 skipped$/ },
      ),
    () =>
      prove(
        "raftkit-conformance refuses a package without a target",
        [...command, "@raftkit/codec-json"],
        project,
        { status: 2, last: /exports no "target"; it exports createJsonCodec$/ },
      ),
  ]);
}

/** Two at a time. @param {readonly (() => Promise<unknown>)[]} works */
async function together(works) {
  const waiting = works.values();
  await Promise.all(
    [1, 2].map(async () => {
      for (const work of waiting) await work();
    }),
  );
}

/**
 * @param {string} what @param {readonly string[]} command @param {string} [cwd] @param {{ status?:
 * number; last?: RegExp; printed?: string }} [expected] how it must end, the last line, or all that
 * it prints
 */
async function prove(
  what,
  command,
  cwd = project,
  { status: wanted = 0, last = /(?:)/, printed } = {},
) {
  const { status, output } = await capture(command, { cwd, bothStreams: true, timeoutMs });
  const isAsSaid = printed === undefined || output.trimEnd() === printed;
  const good =
    status === wanted && isAsSaid && last.test(output.trimEnd().split("\n").at(-1) ?? "");
  report(what, good, isAsSaid ? output : `${output}\nit says: ${printed}`);
  return good;
}

/** @param {string} what @param {boolean} good @param {string} detail */
function report(what, good, detail) {
  if (good) counts.proven++;
  else counts.failed++;
  console.log(
    `${good ? "  ok" : "FAIL"}  ${what}${good ? "" : `\n${detail.trim().replace(/^/gm, "      ")}`}`,
  );
}
