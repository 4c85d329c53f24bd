// Unique values: a number, some of them padded so that links, disks and snapshots get work. The
// history keeps the short name; a body that isn't exactly its name's value is kept as it came, so
// that no model explains it.

/** Every so many values one is large. */
const LARGE_EVERY = 4;
const LARGE_CHARS = 8000;

export function valueName(number: number): string {
  return `v${number}`;
}

export function bodyOf(name: string): string {
  const number = Number(name.slice(1));
  return number % LARGE_EVERY === 0 ? `${name} ${".".repeat(LARGE_CHARS)}` : name;
}

export function nameOf(body: string): string {
  const [name = ""] = body.split(" ", 1);
  return bodyOf(name) === body ? name : body;
}
