// Lines that a user can paste.

export const DEFAULT_HTTP_BASE = 8100;

/**
 * @param program how a user calls this program, as `node apps/cluster/dist/main.js`
 * @param command as `restart 2`
 */
export function commandLine(program: string, command: string, httpBase: number): string {
  const isDefault = httpBase === DEFAULT_HTTP_BASE;
  return `${program} ${command}${isDefault ? "" : ` --http-base ${httpBase}`}`;
}
