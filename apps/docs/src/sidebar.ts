// The table of contents. A test sees to it that every page is in it.

interface Entry {
  readonly text: string;
  readonly link: string;
}

export interface Part {
  readonly text: string;
  readonly items: Entry[];
  readonly collapsed?: boolean;
}

const part = (text: string, entries: readonly (readonly [string, string])[]): Part => ({
  text,
  items: entries.map(([name, link]) => ({ text: name, link })),
});

const packages = [
  "raftkit",
  "core",
  "transport-tcp",
  "transport-http",
  "transport-memory",
  "storage-file",
  "storage-memory",
  "codec-msgpack",
  "codec-json",
  "kv",
  "sessions",
  "opentelemetry",
  "conformance",
  "simulation",
  "linearizability",
] as const;

export const sidebar: Part[] = [
  part("Begin", [
    ["See it work", "/readme"],
    ["What Raft is", "/guide/raft"],
    ["Why it is safe", "/guide/raft-safety"],
    ["The packages", "/guide/packages"],
    ["Embed it", "/guide/embed"],
  ]),
  part("Write a part", [
    ["A transport", "/guide/transport"],
    ["A storage", "/guide/storage"],
    ["A state machine", "/guide/state-machine"],
  ]),
  part("Run it", [
    ["Operate it", "/guide/operate"],
    ["Guarantees and limits", "/guide/guarantees"],
    ["How it is tested", "/guide/testing"],
    ["Other choices", "/guide/comparison"],
    ["Measured", "/measured"],
  ]),
  part(
    "Packages",
    packages.map((name) => [name, `/packages/${name}`]),
  ),
  part("Programs", [
    ["The server", "/apps/server"],
    ["The test cluster", "/apps/cluster"],
    ["The playground", "/apps/playground"],
    ["The dashboard", "/apps/dashboard"],
    ["Examples", "/apps/examples"],
    ["The proof", "/apps/proof"],
    ["Benchmarks", "/apps/bench"],
    ["This site", "/apps/docs"],
  ]),
  part("Take part", [
    ["Contributing", "/contributing"],
    ["Security", "/security"],
    ["Architecture", "/architecture"],
    ["Changing core", "/changing-core"],
    ["Decisions", "/decisions/"],
    ["Glossary", "/glossary"],
    ["Raft's rules", "/rules"],
    ["The paper's figures in the code", "/paper-map"],
    ["Known hazards", "/hazards"],
    ["What was found", "/found"],
    ["Performance", "/performance"],
  ]),
];
