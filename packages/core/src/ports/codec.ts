// Encodes values as bytes: users' commands, and the headers of messages.

/**
 * The values that every codec carries unchanged: finite numbers (-0 may come back as 0), strings,
 * bytes of any length, arrays without holes, plain objects with any keys in their order; at least
 * 32 levels deep. A codec may refuse three things, but never change them: a string or key with half
 * of a surrogate pair; one that begins with U+FEFF; the key `__proto__`.
 */
export type CodecValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly CodecValue[]
  | { readonly [key: string]: CodecValue };

/** Neither method changes its argument, and a refusal has no side effects. */
export interface Codec {
  /** Stored beside the data and compared between peers: `[a-z0-9-]{1,32}`. */
  readonly name: string;
  /**
   * The caller owns the result: it shares no bytes with `value` or another result. Throws a
   * `RaftkitError` for anything that is not a `CodecValue`: undefined, NaN, an instance of a class,
   * a cycle, too many levels. The three things that may be refused are refused with the code
   * `CODEC_ENCODE` and a message that names the place, such as `$[2].name`.
   */
  encode(value: CodecValue): Uint8Array;
  /**
   * Nothing in the result aliases `bytes`, which may be a view of a larger buffer; bytes come back
   * as plain `Uint8Array`s. Throws a `RaftkitError` for bytes that are not one value, including
   * truncated bytes and trailing ones, or that are too deep; an encoding that `encode` wouldn't
   * write may be accepted. Damaged bytes may give another value, but use memory only in proportion
   * to their length, whatever lengths they contain.
   *
   * @param borrow byte arrays in the result may be views of `bytes` after all: those never change,
   * and whoever asked knows what keeping a view of them keeps in memory
   */
  decode(bytes: Uint8Array, borrow?: boolean): CodecValue;
}
