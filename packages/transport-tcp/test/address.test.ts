import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { formatAddress, parseAddress } from "../src/address.js";
import { bytes, deliver, local, open, until } from "./help.js";

test.each([
  ["127.0.0.1:7101", { host: "127.0.0.1", port: 7101 }],
  ["node-1.example:0", { host: "node-1.example", port: 0 }],
  ["[::1]:65535", { host: "::1", port: 65_535 }],
  ["[fe80::1%eth0]:1", { host: "fe80::1%eth0", port: 1 }],
])("%s is an address", (text, parts) => {
  expect(parseAddress(text)).toEqual(parts);
  expect(formatAddress(parts.host, parts.port)).toBe(text);
});

test.each([
  "",
  "host",
  "host:",
  ":1",
  "host:65536",
  "::1:7101",
  "[::1]",
  "a b:1",
  "user@host:1",
  "http://host:1",
  "host:-1",
  "host:1x",
  "[host]x:1",
])("%j is none", (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((face) => face?.address === "::1");
test.runIf(hasIpv6)("an IPv6 address in brackets can be listened on and dialled", async () => {
  const [a, b] = [await open(local("a", { address: "[::1]:0" })), await open(local("b"))];
  expect(a.transport.address()).toMatch(/^\[::1\]:\d+$/);
  b.transport.setPeers([{ id: "a", address: a.transport.address() }], []);
  await deliver(b, "a", bytes(1));
  await until("a heard", () => a.frames.length === 1);
});
