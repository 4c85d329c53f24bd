// What a new package of each kind begins with: the example of its guide, under another name.
import { readFileSync, readdirSync } from "node:fs";

const ENDING =
  "ES modules only; [raftkit's README](https://www.npmjs.com/package/raftkit) says what works from CommonJS and with which settings of TypeScript.\n";

/**
 * @typedef {{ name: string; pascal: string; packageName: string }} Names
 * @typedef {{
 *   description: string;
 *   dependencies?: Record<string, string>;
 *   devDependencies?: Record<string, string>;
 *   files: Record<string, string>;
 * }} Made
 */

/** @type {Record<string, (names: Names) => Made>} */
export const parts = {
  transport({ pascal, packageName }) {
    const create = `create${pascal}Transport`;
    /** @param {string} text */
    const renamed = (text) =>
      text
        .replaceAll("createUnixTransport", create)
        .replaceAll("../src/unix-transport/unix-transport.ts", "../src/index.js");
    const description = `Carries raftkit messages over ${pascal}`;
    return {
      description,
      files: {
        "src/index.ts": `export { ${create} } from "./transport.js";\n`,
        "src/transport.ts": renamed(example("src/unix-transport/unix-transport.ts")),
        "test/conformance.test.ts": renamed(example("test/unix-transport.proof.ts")),
        "README.md": readme({
          packageName,
          description,
          code: `import { ${create} } from "${packageName}";\n\nconst transport = ${create}();\nconsole.log(transport.maxFrameBytes); // 8388608\n`,
          use: `createNode({ transport: ${create}(), … })`,
        }),
      },
    };
  },

  storage({ pascal, packageName }) {
    const create = `create${pascal}Log`;
    /** @param {string} text */
    const renamed = (text) =>
      text
        .replaceAll("createJournalLog", create)
        .replaceAll("../src/journal/journal-log.ts", "../src/index.js")
        .replaceAll('from "raftkit"', 'from "@raftkit/core"');
    const description = `Stores a raftkit log in ${pascal}`;
    return {
      description,
      dependencies: { "@raftkit/storage-file": "workspace:*" },
      devDependencies: { "@raftkit/simulation": "workspace:*" },
      files: {
        "src/index.ts": `export { ${create} } from "./log.js";\n`,
        "src/log.ts": renamed(example("src/journal/journal-log.ts")),
        "test/conformance.test.ts": renamed(example("test/journal.proof.ts")),
        "README.md": readme({
          packageName,
          description,
          code: `import { ${create} } from "${packageName}";\n\nconst log = ${create}("journal-of-n1");\nconst { entries } = await log.open({ clusterId: "blue", nodeId: "n1", codec: "json" });\nconsole.log(entries.length >= 0); // true\nawait log.close();\n`,
          use: `createNode({ storage: { log: ${create}(directory) }, … })`,
        }),
      },
    };
  },

  codec({ name, pascal, packageName }) {
    const create = `create${pascal}Codec`;
    /** @param {string} text */
    const renamed = (text) =>
      text.replaceAll("createJsonCodec", create).replaceAll('"codec-json"', `"codec-${name}"`);
    const description = `Values to ${pascal} bytes and back`;
    const folder = "packages/codec-json/src";
    const sources = readdirSync(folder).map((file) => [
      `src/${file}`,
      renamed(readFileSync(`${folder}/${file}`, "utf8")).replace('name: "json"', `name: "${name}"`),
    ]);
    return {
      description,
      files: {
        ...Object.fromEntries(sources),
        "test/conformance.test.ts": renamed(
          readFileSync("packages/codec-json/test/conformance.test.ts", "utf8"),
        ),
        "README.md": readme({
          packageName,
          description,
          code: `import { ${create} } from "${packageName}";\n\nconst codec = ${create}();\nconsole.log(codec.decode(codec.encode({ answer: 42 }))); // { answer: 42 }\n`,
          use: `createNode({ codec: ${create}(), … })`,
        }),
      },
    };
  },

  "state-machine"({ pascal, packageName }) {
    const create = `create${pascal}`;
    const description = `${pascal}, replicated: a state machine for raftkit`;
    return {
      description,
      files: {
        "src/index.ts": `export { ${create} } from "./machine.js";\n`,
        "src/machine.ts": example("src/counter/counter.ts")
          .replaceAll("createCounter", create)
          .replaceAll("../json-snapshot.js", "./json-snapshot.js")
          .replaceAll('from "raftkit"', 'from "@raftkit/core"'),
        "src/json-snapshot.ts": example("src/json-snapshot.ts"),
        "test/conformance.test.ts": `// The state machine against the suite that proves one fit for raftkit.
import { machineSuite } from "@raftkit/conformance";
import type { MachineSubject } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { ${create} } from "../src/index.js";

const subject: MachineSubject<number, number, "total", number> = {
  machine: ${create},
  command: (random) => 1 + Math.floor(random() * 9),
  queries: ["total"],
};

describeSuite("${create}", machineSuite, {
  name: "${create}",
  capabilities: ["snapshots", "checked", "atomicRestore", "stableSnapshot"],
  create: () => subject as MachineSubject,
});
`,
        "README.md": readme({
          packageName,
          description,
          code: `import { ${create} } from "${packageName}";\n\nconst machine = ${create}();\nconsole.log(machine.apply(42, { index: 1, term: 1, elapsedMs: 0 })); // 42\n`,
          use: `createNode({ stateMachine: ${create}(), … })`,
        }),
      },
    };
  },
};

/** @param {string} file @returns {string} */
function example(file) {
  return readFileSync(`apps/examples/${file}`, "utf8");
}

/**
 * @param {{ packageName: string; description: string; code: string; use: string }} about
 * @returns {string}
 */
function readme({ packageName, description, code, use }) {
  return `# ${packageName}

${description}.

\`\`\`sh
npm install ${packageName}
\`\`\`

\`\`\`ts
${code}\`\`\`

With raftkit: \`${use}\`.

## Guarantees

- It passes the suite of [\`@raftkit/conformance\`](https://www.npmjs.com/package/@raftkit/conformance).

## Limits

- To be written.

${ENDING}`;
}
