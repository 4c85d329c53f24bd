// Ports that browsers and fetch never connect to, since they are reserved for other protocols.

/** From 1024 on: Fetch Standard, "port blocking". */
const REFUSED = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669,
  6679, 6697, 10080,
]);

/** The first refused one of a base and so many ports after it. */
export function refusedPort(base: number, more: number): number | undefined {
  for (let port = base; port <= base + more; port++) if (REFUSED.has(port)) return port;
  return undefined;
}
