// Hashes of values that a codec supports. They depend on the values and not on their encoding,
// since a new version of a codec may encode them differently. Not a defence against forgery.

/** 53 bits of a value's hash. The order of an object's keys makes no difference. */
export function hashValue(value: unknown): number {
  const hash = new Hash();
  add(hash, value);
  return hash.value;
}

/** 53 bits of the hash of some numbers. */
export function hashNumbers(...numbers: readonly number[]): number {
  const hash = new Hash();
  for (const number of numbers) hash.number(number);
  return hash.value;
}

const TAG = { simple: 1, number: 2, text: 3, bytes: 4, list: 5, object: 6, float: 7 } as const;

function add(hash: Hash, value: unknown): void {
  if (typeof value === "number") {
    hash.word(TAG.number);
    // Not every codec tells 0 from -0.
    hash.number(value + 0);
  } else if (typeof value === "string") {
    hash.word(TAG.text);
    hash.text(value);
  } else if (value instanceof Uint8Array) {
    hash.word(TAG.bytes);
    hash.bytes(value);
  } else if (Array.isArray(value)) {
    hash.word(TAG.list);
    hash.word(value.length);
    for (const item of value) add(hash, item);
  } else if (typeof value === "object" && value !== null) {
    hash.word(TAG.object);
    const fields: [string, unknown][] = Object.entries(value);
    hash.word(fields.length);
    for (const [key, item] of fields.sort(([a], [b]) => (a < b ? -1 : 1))) {
      hash.text(key);
      add(hash, item);
    }
  } else {
    hash.word(TAG.simple);
    hash.text(String(value));
  }
}

/** Two MurmurHash3 of 32 bits each, with different seeds. */
class Hash {
  #first = 0;
  #second = 0x9747b28c;
  #words = 0;

  get value(): number {
    const high = finished(this.#first ^ this.#words) >>> 0;
    const low = finished(this.#second ^ this.#words) >>> 11;
    return high * 2 ** 21 + low;
  }

  word(word: number): void {
    this.#first = mixed(this.#first, word);
    this.#second = mixed(this.#second, word);
    this.#words++;
  }

  number(number: number): void {
    if (Number.isSafeInteger(number)) {
      this.word(number | 0);
      this.word(Math.floor(number / 2 ** 32));
      return;
    }
    const float = new DataView(new ArrayBuffer(8));
    float.setFloat64(0, number);
    this.word(float.getInt32(0));
    this.word(float.getInt32(4));
    this.word(TAG.float);
  }

  text(text: string): void {
    this.word(text.length);
    for (let i = 0; i < text.length; i++) this.word(text.charCodeAt(i));
  }

  bytes(bytes: Uint8Array): void {
    this.word(bytes.length);
    for (let i = 0; i < bytes.length; i += 4) {
      this.word(
        (bytes[i] ?? 0) |
          ((bytes[i + 1] ?? 0) << 8) |
          ((bytes[i + 2] ?? 0) << 16) |
          ((bytes[i + 3] ?? 0) << 24),
      );
    }
  }
}

function mixed(hash: number, word: number): number {
  const scrambled = Math.imul(word, 0xcc9e2d51);
  const next = hash ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
  return (Math.imul((next << 13) | (next >>> 19), 5) + 0xe6546b64) | 0;
}

/** Spreads every bit over the whole word (the finalizer of MurmurHash3). */
function finished(word: number): number {
  let mixing = word;
  mixing = Math.imul(mixing ^ (mixing >>> 16), 0x85ebca6b);
  mixing = Math.imul(mixing ^ (mixing >>> 13), 0xc2b2ae35);
  return mixing ^ (mixing >>> 16);
}
