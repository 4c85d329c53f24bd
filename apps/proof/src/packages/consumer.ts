// A project outside the workspace that uses the packages as their users do: installs the tarballs,
// compiles and runs what the READMEs show.
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { examplesIn, promisedOutput } from "./readme-examples.js";
import type { Report } from "./report.js";
import { together } from "./report.js";
import type { Documented, Manifest, Package } from "./tarballs.js";

export interface Consumer {
  /** The repository. */
  readonly root: string;
  /** The empty folder in which the consumer is made. */
  readonly project: string;
  readonly packages: readonly Package[];
  readonly report: Report;
}

export async function proveConsumer(consumer: Consumer): Promise<void> {
  if (!(await install(consumer))) return;
  checkResolved(consumer);
  if (await compile(consumer)) await runExamples(consumer);
  await runConformance(consumer);
}

/** One command for all: a tarball alone would look for its siblings at the registry. */
function install({ project, packages, report }: Consumer): Promise<boolean> {
  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
  const others = packages.flatMap((one) => exampleDependencies(one, packages));
  const tarballs = packages.map(({ tarball }) => tarball);
  const options = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  return report.prove(
    "all packages install together with npm",
    ["npm", "install", ...options, "--loglevel=error", ...tarballs, ...new Set(others)],
    project,
  );
}

/**
 * What a README's examples import besides our packages, in the version that the package is tested
 * with.
 */
function exampleDependencies(
  { folder, manifest }: Documented,
  packages: readonly Package[],
): readonly string[] {
  const imported = examplesOf(folder).flatMap((code) =>
    [...code.matchAll(/from "([^"./][^"]*)"/g)].map(([, name = ""]) =>
      name
        .split("/")
        .slice(0, name.startsWith("@") ? 2 : 1)
        .join("/"),
    ),
  );
  return imported
    .filter(
      (name) =>
        name in { ...manifest.dependencies, ...manifest.devDependencies } &&
        !packages.some((own) => own.manifest.name === name),
    )
    .map((name) => {
      const file = join(folder, "node_modules", name, "package.json");
      const { version }: Manifest = JSON.parse(readFileSync(file, "utf8"));
      return `${name}@${version}`;
    });
}

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly resolved?: string; readonly link?: boolean }>
  >;
}

/** Everything of ours must come from the tarballs, once, and nothing from the workspace. */
function checkResolved({ project, packages, report }: Consumer): void {
  const lock: Lock = JSON.parse(readFileSync(join(project, "package-lock.json"), "utf8"));
  for (const { manifest } of packages) {
    const places = Object.entries(lock.packages).filter(([path]) =>
      path.endsWith(`node_modules/${manifest.name}`),
    );
    const [path, entry] = places[0] ?? ["", {}];
    const place = join(project, path);
    const holds =
      places.length === 1 &&
      path !== "" &&
      existsSync(place) &&
      realpathSync(place) === place &&
      entry.link !== true &&
      (entry.resolved ?? "").startsWith("file:tarballs/");
    report.add(`${manifest.name}: comes from its tarball, once`, holds, JSON.stringify(places));
    const source = readFileSync(join(place, "package.json"), "utf8");
    report.add(
      `${manifest.name}: names no workspace version and no source condition`,
      !/workspace:|catalog:|@raftkit\/source/.test(source),
      source,
    );
  }
}

function examplesOf(folder: string): readonly string[] {
  const readme = join(folder, "README.md");
  return existsSync(readme) ? examplesIn(readFileSync(readme, "utf8")) : [];
}

/** Whose README shows what must run: each package, and the whole. */
function documentedIn({ root, packages }: Consumer): readonly (Documented & {
  readonly examples: readonly string[];
})[] {
  const whole = { folder: root, manifest: { name: "raftkit-workspace", version: "" } };
  // For the whole any free port will do: the one that is shown may be in use here.
  const freePort = (code: string): string => code.replaceAll("127.0.0.1:7101", "127.0.0.1:0");
  return [
    ...packages.map((one) => ({ ...one, examples: examplesOf(one.folder) })),
    { ...whole, examples: examplesOf(root).map(freePort) },
  ];
}

/**
 * Plain Node 20 doesn't parse `await using`: examples are compiled, by the workspace's compiler
 * with its strictest settings.
 */
function compile(consumer: Consumer): Promise<boolean> {
  const { root, project, packages, report } = consumer;
  const names = packages.map(
    ({ manifest: { name } }, i) =>
      `import * as p${i} from "${name}";\nconsole.log("${name}", Object.keys(p${i}).length > 0);\n`,
  );
  writeFileSync(join(project, "imports-all.ts"), names.join(""));
  for (const { manifest, folder, examples } of documentedIn(consumer)) {
    report.add(
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
  const config = JSON.stringify({ compilerOptions, include: ["*.ts"] });
  writeFileSync(join(project, "tsconfig.json"), config);
  return report.prove(
    "a consumer of all packages, and every README's example, compile",
    [join(root, "node_modules/.bin/tsc"), "-p", "."],
    project,
  );
}

function exampleName({ name }: Manifest, i: number): string {
  return `example-${name.replace("@raftkit/", "")}${i === 0 ? "" : `-${i + 1}`}`;
}

async function runExamples(consumer: Consumer): Promise<void> {
  const { project, report } = consumer;
  const run = [process.execPath, "compiled/imports-all.js"];
  await report.prove("every package can be imported", run, project);
  await together(
    documentedIn(consumer).flatMap(({ manifest, examples }) =>
      examples.map((code, i) => () => {
        const printed = promisedOutput(code);
        const and = printed === undefined ? "" : ", and prints what it says";
        return report.prove(
          `${manifest.name}: example ${i + 1} of its README runs${and}`,
          [process.execPath, `compiled/${exampleName(manifest, i)}.js`],
          project,
          { printed },
        );
      }),
    ),
  );
}

/**
 * The command line of the conformance package, on the module that its README shows, and on what is
 * no target.
 */
async function runConformance({ root, project, report }: Consumer): Promise<void> {
  const readme = readFileSync(join(root, "packages/conformance/README.md"), "utf8");
  const code = /^```js\n\/\/ my-codec\.mjs\n([\s\S]*?)^```/m.exec(readme)?.[1] ?? "";
  writeFileSync(join(project, "my-codec.mjs"), code);
  const command = ["npx", "--no-install", "raftkit-conformance", "codec"];
  await together([
    () =>
      report.prove(
        "raftkit-conformance proves the codec of its README",
        [...command, "./my-codec.mjs"],
        project,
        { last: /^[1-9]\d* passed, 0 failed, 0 blocked, 0 skipped$/ },
      ),
    () =>
      report.prove(
        "raftkit-conformance refuses a package without a target",
        [...command, "@raftkit/codec-json"],
        project,
        { status: 2, last: /exports no "target"; it exports createJsonCodec$/ },
      ),
  ]);
}
