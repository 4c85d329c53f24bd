// How the text of each kind of option becomes a value. A refusal's own words follow the general
// "allowed: …" of the table.
import { isValidAddress, isValidId } from "@raftkit/core";
import { z } from "zod";
import { formatHostPort, isLoopback, parseHostPort } from "./addresses.js";
import type { HostPort } from "./addresses.js";

/** A node and where it is: `address` is always `host:port`. */
export interface Located {
  readonly id: string;
  readonly address: string;
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

export const idText: z.ZodType<string, string> = z.string().refine(isValidId);

export const pathText: z.ZodType<string, string> = z
  .string()
  .min(1)
  .refine((text) => !text.includes("\0"));

export function whole(min: number, max: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^[0-9]{1,16}$/)
    .transform(Number)
    .pipe(z.int().min(min).max(max));
}

/** A number between 0 and 1, both excluded. */
export const fraction: z.ZodType<number, string> = z
  .string()
  .regex(/^0?\.[0-9]{1,15}$/)
  .transform(Number)
  .pipe(z.number().positive());

export function oneOf<T extends string>(values: readonly T[]): z.ZodType<T, string> {
  return z.string().pipe(z.enum(values));
}

/** Two whole numbers with a dash between them, the smaller one first. */
export function range(min: number, max: number): z.ZodType<Range, string> {
  return z.string().transform((text, context) => {
    const [low, high] = (/^([0-9]{1,9})-([0-9]{1,9})$/.exec(text) ?? []).slice(1).map(Number);
    if (low !== undefined && high !== undefined && min <= low && low < high && high <= max) {
      return { min: low, max: high };
    }
    context.addIssue({ code: "custom" });
    return z.NEVER;
  });
}

/** Where to listen: a loopback host, and port 0 for any free one. */
export const listenAddress: z.ZodType<HostPort, string> = z.string().transform((text, context) => {
  const address = parseHostPort(text);
  if (address !== undefined && isLoopback(address.host)) return address;
  context.addIssue({
    code: "custom",
    message:
      address === undefined
        ? ""
        : `${address.host} is not a loopback host, and this server has no authentication`,
  });
  return z.NEVER;
});

/** The same, or a port alone, on 127.0.0.1. */
export const listenPort: z.ZodType<HostPort, string> = z
  .string()
  .transform((text) => (/^[0-9]+$/.test(text) ? `127.0.0.1:${text}` : text))
  .pipe(listenAddress);

/** Where to listen, and what the others are given: `host:port`. */
export const ownAddress: z.ZodType<string, string> = listenAddress
  .refine(({ port }) => port > 0)
  .transform(formatHostPort);

/** `host:port`, separated by commas. */
export const addressList: z.ZodType<readonly string[], string> = z
  .string()
  .transform((text, context) => {
    const parsed = text.split(",").map((item) => ({ item, address: parseHostPort(item) }));
    const wrong = parsed.find(({ address }) => address === undefined || address.port === 0);
    if (wrong) {
      const message = `${JSON.stringify(wrong.item)} is not host:port`;
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    }
    return parsed.flatMap(({ address }) => (address ? [formatHostPort(address)] : []));
  });

/** `id=host:port`, separated by commas, each id and each address once. */
export const locatedList: z.ZodType<readonly Located[], string> = z
  .string()
  .transform((text, context) => {
    const refuse = (message: string): never => {
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    };
    const list: Located[] = [];
    for (const item of text.split(",")) {
      const at = item.indexOf("=");
      const id = item.slice(0, at);
      const parsed = parseHostPort(item.slice(at + 1));
      if (at < 0 || !isValidId(id) || parsed === undefined || parsed.port === 0) {
        return refuse(`${JSON.stringify(item)} is not id=host:port`);
      }
      const address = formatHostPort(parsed);
      if (!isValidAddress(address)) return refuse(`"${item}" has an address that is too long`);
      if (list.some((other) => other.id === id)) return refuse(`"${id}" is named twice`);
      if (list.some((other) => other.address === address)) {
        return refuse(`two nodes have the address ${address}`);
      }
      list.push({ id, address });
    }
    return list;
  });

/** An address, and the one that is dialled in its place: `host:port` both. */
export interface Detour {
  readonly address: string;
  readonly via: string;
}

/** `host:port=host:port`, separated by commas, each first address once. */
export const detourList: z.ZodType<readonly Detour[], string> = z
  .string()
  .transform((text, context) => {
    const refuse = (message: string): never => {
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    };
    const list: Detour[] = [];
    for (const item of text.split(",")) {
      const [address, via, ...more] = item.split("=").map(parseHostPort);
      if (!address || !via || more.length > 0 || address.port === 0 || via.port === 0) {
        return refuse(`${JSON.stringify(item)} is not host:port=host:port`);
      }
      const detour = { address: formatHostPort(address), via: formatHostPort(via) };
      if (list.some((other) => other.address === detour.address)) {
        return refuse(`${detour.address} is named twice`);
      }
      list.push(detour);
    }
    return list;
  });
