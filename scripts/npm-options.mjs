// Options that npm took for its own. `npm start --fresh` gives the script no argument: npm puts
// `npm_config_fresh=true` into the environment and goes on, so that a cluster would start with the
// data that was to be deleted. Nothing is guessed: the command ends with the line to type.

/**
 * The options of each root script; "": a switch, otherwise what stands for its value. A test holds
 * this table against the programs' own.
 * @type {Readonly<Record<string, Readonly<Record<string, string>>>>}
 */
export const optionsOf = {
  start: {
    nodes: "N",
    transport: "NAME",
    codec: "NAME",
    storage: "NAME",
    data: "DIRECTORY",
    "cluster-id": "ID",
    "http-base": "PORT",
    "peer-base": "PORT",
    "redis-base": "PORT",
    "log-level": "LEVEL",
    fresh: "",
    config: "FILE",
  },
  chaos: {
    nodes: "N",
    seconds: "S",
    seed: "N",
    clients: "N",
    keys: "N",
    rate: "N",
    out: "DIRECTORY",
    keep: "",
    json: "",
    config: "FILE",
  },
  verify: { json: "" },
  bench: {
    "in-flight": "LIST",
    seconds: "S",
    runs: "N",
    "value-bytes": "N",
    keys: "N",
    "log-mib": "LIST",
    data: "DIRECTORY",
    mib: "N",
    "entry-bytes": "N",
    writes: "N",
    rate: "N",
    out: "DIRECTORY",
    reads: "N",
    "heartbeat-ms": "N",
    "election-ms": "N",
    "memory-puts": "N",
    port: "NAME",
    ms: "MS",
    scale: "N",
  },
  playground: { port: "PORT", open: "" }, // Vite's preview has more
  rules: { seeds: "N", seed: "N", rule: "RULE", faults: "" },
  simulate: {
    seeds: "N",
    from: "N",
    simulation: "NAME",
    tier: "N",
    nodes: "N",
    workers: "N",
    bail: "",
    seed: "N",
    plan: "FILE",
    trace: "FILE",
    speed: "",
  },
  mutants: { only: "ID", package: "NAME", list: "", simulation: "", seeds: "N", json: "FILE" },
  hazards: { json: "FILE" },
  proof: { only: "PART", quick: "" }, // and those of its parts, behind the part's name
  packages: { "check-only": "", keep: "DIR" },
  test: { project: "NAME", bail: "N", reporter: "NAME", "max-workers": "N" },
  lint: { fix: "" },
  format: { check: "" },
  mutation: { mutate: "FILE" }, // StrykerJS has more
};

/**
 * @param {string} task the root script
 * @param {readonly string[]} args what npm passed on
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined} what to tell the user; undefined: npm kept nothing back. An option
 * that is among `args` too was given rightly, whatever else says the same.
 */
export function keptByNpm(task, args, env) {
  // `npm run proof -- simulate …`: the options are those of the part.
  const part = task === "proof" && (args[0] ?? "") in optionsOf ? args.slice(0, 1) : [];
  const own = args.slice(part.length);
  const known = Object.entries(optionsOf[part[0] ?? task] ?? {});
  const kept = known.flatMap(([name, value]) => {
    const given = env[`npm_config_${name.replaceAll("-", "_")}`];
    const isRight = own.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
    return given === undefined || given === "" || isRight ? [] : [{ name, value, given }];
  });
  if (kept.length === 0) return undefined;
  // Of `--nodes 5` npm keeps `--nodes` and passes on `5`. Of several it can't be known which is
  // whose.
  const lacking = kept.filter(({ value, given }) => value !== "" && given === "true");
  const isSure = lacking.length === 1 && own.length === 1;
  const options = kept.map(({ name, value, given }) => {
    if (value === "") return `--${name}`;
    return `--${name} ${given !== "true" ? given : isSure ? own[0] : value}`;
  });
  const rest = lacking.length > 0 ? [] : own;
  const command = task === "start" || task === "test" ? `npm ${task}` : `npm run ${task}`;
  const names = kept.map(({ name }) => `--${name}`).join(", ");
  return (
    `npm took ${names} for itself, and nothing was started; type two more dashes: ` +
    `${[command, "--", ...part, ...options, ...rest].join(" ")}`
  );
}
