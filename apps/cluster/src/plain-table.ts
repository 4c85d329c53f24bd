// Tables for a terminal, without borders: columns as wide as what is in them, two spaces apart.
import Table from "cli-table3";

type Cell = string | number;

const NO_BORDERS = Object.fromEntries(
  ["top", "bottom", "mid", "left", "right"]
    .flatMap((name) => [name, `${name}-mid`, `${name}-left`, `${name}-right`])
    .concat("middle")
    .map((name) => [name, ""]),
);

/** @param rows a cell may have several lines */
export function plainTable(rows: readonly (readonly Cell[])[]): string {
  const table = new Table({ chars: NO_BORDERS, style: { "padding-left": 0, "padding-right": 2 } });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
