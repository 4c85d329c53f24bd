// The rules of `promtool check metrics`, for metrics in Prometheus's text format.

/** Parts of a name that stand for a unit which isn't a base unit, or shortens one. */
const WRONG_UNITS = new Set(
  "s ms us ns sec b kb mb gb tb pb m h d milliseconds microseconds nanoseconds minutes hours days kilobytes megabytes gigabytes bits percent".split(
    " ",
  ),
);

/** One line for each thing that is wrong. */
export function problemsOf(text: string): string[] {
  const lines = text.split("\n");
  const helped = new Set(lines.flatMap((line) => /^# HELP (\S+) \S/.exec(line)?.[1] ?? []));
  const types = new Map(
    lines.flatMap((line) => {
      const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
      return name === undefined || type === undefined ? [] : [[name, type] as const];
    }),
  );
  const problems = [...types].flatMap(([name, type]) => [
    ...(helped.has(name) ? [] : [`${name}: no help text`]),
    ...nameProblems(name, type),
  ]);
  const samples = lines.filter((line) => line !== "" && !line.startsWith("#"));
  return [
    ...new Set([
      ...problems,
      ...samples.flatMap((line) => sampleProblems(line, types)),
      ...layoutProblems(lines, types),
    ]),
  ];
}

/** Each family once, HELP first, then TYPE, then all its samples, each series once. */
function layoutProblems(lines: readonly string[], types: ReadonlyMap<string, string>): string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  const parts = new Map<string, string[]>();
  let last = "";
  for (const line of lines.filter((one) => one !== "")) {
    const [, comment, described] = /^# (HELP|TYPE) (\S+)/.exec(line) ?? [];
    const series = line.slice(0, line.lastIndexOf(" "));
    const family = described ?? familyOf(/^[^{ ]+/.exec(line)?.[0] ?? "", types);
    if (comment === undefined && seen.has(series)) {
      problems.push(`${series}: a series that comes twice`);
    }
    seen.add(series);
    const before = parts.get(family);
    if (before && family !== last) problems.push(`${family}: samples that don't stand together`);
    last = family;
    parts.set(family, [...(before ?? []), comment ?? "sample"]);
  }
  for (const [family, all] of parts) {
    if (!types.has(family)) continue;
    if (all.filter((part) => part === "TYPE").length > 1) {
      problems.push(`${family}: a TYPE that comes twice`);
    } else if (all.includes("HELP") && !/^HELP,TYPE(,sample)*$/.test(all.join())) {
      problems.push(`${family}: HELP, TYPE and samples aren't in this order`);
    }
  }
  return problems;
}

function familyOf(sample: string, types: ReadonlyMap<string, string>): string {
  return types.has(sample) ? sample : sample.replace(/_(?:count|sum|bucket)$/, "");
}

function nameProblems(name: string, type: string): string[] {
  const parts = name.split("_");
  const problems: string[] = [];
  if (type === "counter" && !name.endsWith("_total")) {
    problems.push("a counter's name ends in _total");
  }
  if (type !== "counter" && name.endsWith("_total")) {
    problems.push("only a counter's name ends in _total");
  }
  for (const unit of parts.filter((part) => WRONG_UNITS.has(part))) {
    problems.push(`an abbreviated or derived unit, ${unit}`);
  }
  if (parts.includes(type)) problems.push("the name has its type in it");
  if (!/^[a-z0-9_]+$/.test(name)) problems.push("not snake_case");
  const ending = /_(?:count|sum|bucket)$/.exec(name)?.[0];
  if (ending !== undefined) problems.push(`${ending} is a histogram's or summary's`);
  return problems.map((problem) => `${name}: ${problem}`);
}

function sampleProblems(line: string, types: ReadonlyMap<string, string>): string[] {
  const [, sample = "", labels = ""] = /^([^{ ]+)(?:\{(.*)\})? /.exec(line) ?? [];
  const name = familyOf(sample, types);
  const type = types.get(name);
  if (type === undefined) return [`${sample}: a sample of no family`];
  return [
    ...(/(?:^|,)quantile=/.test(labels) && type !== "summary"
      ? [`${name}: only a summary has the label quantile`]
      : []),
    ...(/(?:^|,)le=/.test(labels) && type !== "histogram"
      ? [`${name}: only a histogram has the label le`]
      : []),
  ];
}
