// Host and port pairs as operators write them. This server has no authentication, so only loopback
// hosts can be bound.
import { isIP } from "node:net";

export interface HostPort {
  /** An IP address (IPv6 without brackets) or `localhost`. */
  readonly host: string;
  readonly port: number;
}

/** `host:port` or `[ipv6]:port`, port 0 to 65535; undefined for anything else. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]{1,253})):([0-9]{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, bracketed, plain, digits] = match;
  const port = Number(digits);
  const host = bracketed ?? plain ?? "";
  if (port > 65535 || (bracketed !== undefined && isIP(bracketed) !== 6)) return undefined;
  return { host, port };
}

export function formatHostPort({ host, port }: HostPort): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Whether a host can be reached from this machine only. Names other than `localhost` don't count:
 * they may resolve to anything.
 */
export function isLoopback(host: string): boolean {
  return (
    host.toLowerCase() === "localhost" ||
    (isIP(host) === 4 && host.startsWith("127.")) ||
    host === "::1"
  );
}
