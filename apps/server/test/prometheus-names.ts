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
  return [...new Set([...problems, ...samples.flatMap((line) => sampleProblems(line, types))])];
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
  const name = types.has(sample) ? sample : sample.replace(/_(?:count|sum|bucket)$/, "");
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
