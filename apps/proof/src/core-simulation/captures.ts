// What a snapshot's data is in the core simulation: the number of a capture, then bytes that follow
// from it. So data that was mixed, cut or changed is no capture, and nobody has to write a state
// machine as bytes.
import type { LogView } from "../invariants/view.js";
import { createLogShadow } from "../invariants/view.js";
import { copyMachine } from "./machine.js";
import type { Capture } from "./snapshot-state.js";
import type { Member, World } from "./world.js";

/** The number alone. */
const CAPTURE_BYTES_MIN = 4;
/** What follows the number is a piece of this noise, from a place that follows from the number. */
const NOISE = noise(2 ** 17);
const PLACES = 2 ** 16;

/** Of what is applied now. */
export function captureNow(world: World, member: Member): Capture {
  const number = world.captures.length;
  const capture = {
    number,
    data: dataOf(number, world.settings.snapshots?.bytes ?? 0),
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

function dataOf(number: number, length: number): Uint8Array {
  const data = new Uint8Array(Math.max(CAPTURE_BYTES_MIN, length));
  new DataView(data.buffer).setUint32(0, number);
  const place = Math.imul(number, 40_503) & (PLACES - 1);
  data.set(NOISE.subarray(place, place + data.length - CAPTURE_BYTES_MIN), CAPTURE_BYTES_MIN);
  return data;
}

function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let drawn = 1;
  for (let at = 0; at < length; at++) {
    drawn = (Math.imul(drawn, 1_664_525) + 1_013_904_223) | 0;
    bytes[at] = drawn >>> 24;
  }
  return bytes;
}

/** @returns undefined: nobody captured exactly this */
export function captureIn(world: World, data: Uint8Array): Capture | undefined {
  if (data.length < CAPTURE_BYTES_MIN) return undefined;
  const number = new DataView(data.buffer, data.byteOffset).getUint32(0);
  const capture = world.captures[number];
  const isThis = capture?.data === data || (capture && Buffer.compare(capture.data, data) === 0);
  return isThis ? capture : undefined;
}
