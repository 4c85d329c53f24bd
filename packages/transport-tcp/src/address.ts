// `host:port` and `[ipv6]:port` to its parts and back.

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** @returns undefined when the text is not an address. Port 0 is one: any free port. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\s:[\]/@]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

export function formatAddress(host: string | undefined, port: number | undefined): string {
  return host === undefined || port === undefined
    ? "unknown"
    : `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
