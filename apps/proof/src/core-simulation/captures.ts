// What a snapshot's data is in the core simulation: the number of a capture, then bytes that follow
// from it. So data that was mixed, cut or changed is no capture, and nobody has to write a state
// machine as bytes.
import type { LogView } from "../invariants/view.js";
import { createLogShadow } from "../invariants/view.js";
import { copyMachine } from "./machine.js";
import type { Capture } from "./snapshot-state.js";
import type { Member, World } from "./world.js";

/** The number alone. */
export const CAPTURE_BYTES_MIN = 4;

/** Of what is applied now. */
export function captureNow(world: World, member: Member): Capture {
  const capture = {
    number: world.captures.length,
    index: member.lastApplied,
    machine: copyMachine(member.machine),
    entries: entriesUpTo(world, member),
  };
  world.captures.push(capture);
  return capture;
}

/** All captures share one log, as long as there is but one: a copy for each would cost the most. */
function entriesUpTo({ replayed }: World, { log, lastApplied }: Member): LogView {
  const shared = Math.min(replayed.lastIndex, lastApplied);
  if (replayed.chain(shared) === log.chain(shared)) {
    replayed.extendFrom(log, lastApplied);
    return replayed;
  }
  const own = createLogShadow();
  own.copyFrom(log, lastApplied);
  return own;
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
