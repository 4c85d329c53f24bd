// Where bit rot may strike a file log. Damage to the very last frame of a log that was not closed
// looks like a torn write (the README of storage-file says so); everywhere else it must be noticed,
// or do no harm.
import type { SeededRandom } from "@raftkit/simulation";

const SEGMENT_HEADER_BYTES = 4096;
const FRAME_HEADER_BYTES = 32;

/** @returns a byte of the files; undefined where they hold nothing */
export function pickRot(
  files: ReadonlyMap<string, Uint8Array>,
  random: SeededRandom,
): { readonly path: string; readonly at: number } | undefined {
  const paths = [...files.keys()]
    .filter((path) => path.endsWith(".seg") || path.endsWith(".json"))
    .toSorted();
  const closed = paths.some((path) => path.endsWith("closed.json"));
  const frames = paths.flatMap((path) =>
    framesOf(files.get(path) ?? new Uint8Array()).map((frame) => ({ path, ...frame })),
  );
  const last = frames.at(-1);
  // Mostly where it hurts: the frames are a small part of the bytes.
  const frame =
    random.chance(0.7) && frames.length > 1
      ? random.pick(frames.slice(0, closed ? undefined : -1))
      : undefined;
  if (frame !== undefined) {
    return { path: frame.path, at: frame.from + random.integer(frame.to - frame.from) };
  }
  if (paths.length === 0) return undefined;
  const path = random.pick(paths);
  const at = random.integer(Math.max(1, files.get(path)?.length ?? 0));
  const isLast =
    !closed && last !== undefined && path === last.path && at >= last.from && at < last.to;
  return isLast ? undefined : { path, at };
}

/** Frames bear the salt of the segment's header, one behind the other. */
function framesOf(segment: Uint8Array): readonly { readonly from: number; readonly to: number }[] {
  const view = new DataView(segment.buffer, segment.byteOffset, segment.length);
  const found: { readonly from: number; readonly to: number }[] = [];
  let at = SEGMENT_HEADER_BYTES;
  while (
    at + FRAME_HEADER_BYTES <= segment.length &&
    view.getBigUint64(at + 8) === view.getBigUint64(16)
  ) {
    const to = at + FRAME_HEADER_BYTES + view.getUint32(at + 4, true);
    if (to > segment.length) break;
    found.push({ from: at, to });
    at = to;
  }
  return found;
}
