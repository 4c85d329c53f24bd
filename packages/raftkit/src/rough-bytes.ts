// A rough estimate of a value's size in memory, for limits on other people's values. Counts shared
// parts as if they weren't shared, and opaque ones as small.

const OBJECT_BYTES = 64;
const SLOT_BYTES = 8;

/** @returns bytes; a count that reaches `limit` ends, and is some number from `limit` on */
export function roughBytes(value: unknown, limit: number): number {
  let bytes = 0;
  const seen = new Set<object>();
  const open: unknown[] = [value];
  while (open.length > 0 && bytes < limit) {
    const next = open.pop();
    bytes += SLOT_BYTES;
    if (typeof next === "string") bytes += 2 * next.length;
    if (typeof next !== "object" || next === null || seen.has(next)) continue;
    seen.add(next);
    bytes += OBJECT_BYTES;
    // A view keeps all of its buffer alive.
    if (ArrayBuffer.isView(next)) bytes += next.buffer.byteLength;
    else if (next instanceof ArrayBuffer) bytes += next.byteLength;
    else bytes += addParts(next, open, limit - bytes);
  }
  return bytes;
}

/** @returns what the names of the parts count for, or `limit` for too many parts to look at */
function addParts(value: object, open: unknown[], limit: number): number {
  if (value instanceof Map || value instanceof Set) {
    if (value.size * SLOT_BYTES > limit) return limit;
    for (const item of value.entries()) open.push(item[0], item[1]);
    return 0;
  }
  if (Array.isArray(value)) {
    if (value.length * SLOT_BYTES > limit) return limit;
    for (const item of value) open.push(item);
    return 0;
  }
  let names = 0;
  for (const [name, { value: part }] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
    names += SLOT_BYTES + name.length;
    open.push(part);
  }
  return names;
}
