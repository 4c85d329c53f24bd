// How values become bytes: users' commands, and the headers of messages.

/**
 * What every codec carries unchanged: numbers that are finite (-0 may come back as 0), strings, bytes
 * of any length, arrays without holes, plain objects with any keys in their order; at least 32 arrays
 * and objects inside one another. Three things may be refused instead, but never changed: a string or
 * key with half of a surrogate pair; one that begins with U+FEFF; the key `__proto__`.
 */
export type CodecValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly CodecValue[]
  | { readonly [key: string]: CodecValue };

/** Neither method changes what it gets, and a refusal leaves no trace. */
export interface Codec {
  /** Stored beside the data and compared between peers: `[a-z0-9-]{1,32}`. */
  readonly name: string;
  /**
   * The result is the caller's for ever: it shares no bytes with `value` or another result. Throws
   * a `RaftkitError` for what is not a `CodecValue`: undefined, NaN, an instance of a class, a
   * cycle, too many levels. What may be refused is refused with the code `CODEC_ENCODE` and a
   * message that names the place, such as `$[2].name`.
   */
  encode(value: CodecValue): Uint8Array;
  /**
   * Nothing in the result aliases `bytes`, which may be a view of a larger buffer; bytes come back
   * as plain `Uint8Array`s. Throws a `RaftkitError` for bytes that are no value, those cut short or
   * followed by others among them, or that are too deep; another spelling of a value than
   * `encode`'s may pass. Damaged bytes may give another value; they cost no more memory than their
   * length deserves, whatever they claim.
   */
  decode(bytes: Uint8Array): CodecValue;
}
