// What a snapshot's data is in the core simulation: the number of a capture, then bytes that follow
// from it. So data that was mixed, cut or changed is no capture, and nobody has to write a state
// machine as bytes.
import { createLogShadow } from "../invariants/view.js";
import { copyMachine } from "./machine.js";
import type { Capture } from "./snapshot-state.js";
import type { Member, World } from "./world.js";

/** The number alone. */
export const CAPTURE_BYTES_MIN = 4;

/** Of what is applied now. */
export function captureNow(world: World, member: Member): Capture {
  const entries = createLogShadow();
  entries.copyFrom(member.log, member.lastApplied);
  const capture = {
    number: world.captures.length,
    index: member.lastApplied,
    machine: copyMachine(member.machine),
    entries,
  };
  world.captures.push(capture);
  return capture;
}

export function dataOf(number: number, length: number): Uint8Array {
  const data = new Uint8Array(Math.max(CAPTURE_BYTES_MIN, length));
  new DataView(data.buffer).setUint32(0, number);
  for (let at = CAPTURE_BYTES_MIN; at < data.length; at++) {
    data[at] = Math.imul(number + 1, at) >>> 7;
  }
  return data;
}

/** @returns undefined: nobody captured exactly this */
export function captureIn(world: World, data: Uint8Array): Capture | undefined {
  if (data.length < CAPTURE_BYTES_MIN) return undefined;
  const number = new DataView(data.buffer, data.byteOffset).getUint32(0);
  const expected = dataOf(number, data.length);
  return data.every((byte, at) => byte === expected[at]) ? world.captures[number] : undefined;
}
