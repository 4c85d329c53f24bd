// Core's assumptions about the link to a peer. They are only estimates: a slower link costs time
// and repeated bytes, never safety (decision 0013).

/** A link is expected to carry at least 1 MiB a second. */
const LINK_BYTES_PER_MS = 2 ** 20 / 1000;

/** Larger messages travel in pieces, and smaller ones overtake them (`Transport.send`). */
export const LARGE_MESSAGE_BYTES = 65_536;

/** How long so many bytes may take to cross a link, in milliseconds. */
export function transferMs(bytes: number): number {
  return bytes / LINK_BYTES_PER_MS;
}
