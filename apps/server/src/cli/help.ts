// The text of `--help`, made from the table, so that no option can be missing from it.
import { environmentName } from "./parse.js";
import { optionTable } from "./table.js";

export function helpText(): string {
  const rows = Object.values(optionTable).map((option) =>
    [
      `  --${option.flag} ${option.value}`,
      `      ${option.help}`,
      `      Allowed: ${option.allowed}.`,
      `      Default: ${option.fallbackText}. Environment: ${environmentName(option.flag)}`,
    ].join("\n"),
  );
  return [
    "One node of a replicated key-value store, with an HTTP API.",
    "",
    "Usage: node apps/server/dist/main.js [--OPTION VALUE | --OPTION=VALUE]...",
    "",
    "Flags win over environment variables, those over defaults.",
    "",
    ...rows,
    "  -h, --help",
    "      Prints this.",
    "",
    "Exit codes: 0 ended by SIGTERM or SIGINT, 1 could not start or failed, 2 wrong options.",
    "",
  ].join("\n");
}
