// Lines that a user can paste.
import { optionTable } from "./options.js";

/**
 * @param program how a user calls this program, as `node apps/cluster/dist/main.js`
 * @param command as `restart 2`
 */
export function commandLine(program: string, command: string, httpBase: number): string {
  const isDefault = String(httpBase) === optionTable.httpBase.fallback;
  return `${program} ${command}${isDefault ? "" : ` --http-base ${httpBase}`}`;
}
