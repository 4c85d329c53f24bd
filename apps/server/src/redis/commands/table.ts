// Every command, once: its arity, its keys, how it is executed, and what COMMAND, the README and
// errors say of it.
import type { Command } from "./command.js";
import { connectionCommands } from "./connection.js";
import { genericCommands } from "./generic.js";
import { serverCommands } from "./server.js";
import { stringCommands } from "./strings.js";
import { transactionCommands } from "./transactions.js";

function createTable(): ReadonlyMap<string, Command> {
  const table = new Map<string, Command>();
  for (const command of [
    ...stringCommands,
    ...genericCommands,
    ...transactionCommands,
    ...connectionCommands,
    ...serverCommands(table),
  ]) {
    table.set(command.name, command);
  }
  return table;
}

/** By name, in lower case. */
export const commandTable: ReadonlyMap<string, Command> = createTable();

export function hasArity({ arity }: Command, count: number): boolean {
  return arity < 0 ? count >= -arity : count === arity;
}
