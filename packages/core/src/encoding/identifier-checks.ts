// Checks of the names of nodes, addresses and data directories that come from outside.

/** Whether a string can name a node or a cluster. */
export function isValidId(id: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(id);
}

/** Whether a string can be an address: printable ASCII without spaces, at most 256 characters. */
export function isValidAddress(address: string): boolean {
  return /^[!-~]{1,256}$/.test(address);
}

/** Whether a string can name a data directory: what `LogStorage.open` returns. */
export function isValidIncarnation(incarnation: string): boolean {
  return /^[A-Za-z0-9_-]{16,64}$/.test(incarnation);
}
