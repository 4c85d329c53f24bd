// Bytes that rot: the places where a flip tells something, few enough to try them all.
import { isSame } from "../bytes.js";

const FLIPS_MAX = 500;

export interface Flip {
  readonly name: string;
  readonly at: number;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * Copies of the files with one bit flipped each: in every byte that isn't 0, and in some that are;
 * evenly spread if they are more than `max`.
 */
export function* flips(
  files: ReadonlyMap<string, Uint8Array>,
  max: number = FLIPS_MAX,
): Generator<Flip> {
  const places: { readonly name: string; readonly at: number }[] = [];
  for (const [name, content] of files) {
    for (let at = 0; at < content.length; at++) {
      if (content[at] !== 0 || at % 97 === 0) places.push({ name, at });
    }
  }
  const stride = Math.max(1, places.length / max);
  for (let i = 0; i < places.length; i += stride) {
    const place = places[Math.floor(i)];
    const content = files.get(place?.name ?? "")?.slice();
    if (place === undefined || content === undefined) return;
    content[place.at] = (content[place.at] ?? 0) ^ (1 << (place.at % 8));
    yield { ...place, files: new Map(files).set(place.name, content) };
  }
}

export function sameFiles(
  a: ReadonlyMap<string, Uint8Array>,
  b: ReadonlyMap<string, Uint8Array>,
): boolean {
  return (
    a.size === b.size &&
    [...a].every(([name, content]) => {
      const other = b.get(name);
      return other !== undefined && isSame(content, other);
    })
  );
}
