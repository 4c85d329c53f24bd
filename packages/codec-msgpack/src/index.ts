// MessagePack as a codec, built on msgpackr. Values are checked before they are packed and after
// they were unpacked: what wouldn't come back unchanged is refused, so that all replicas decode the
// same.
import { RaftkitError } from "@raftkit/core";
import type { Codec, CodecValue } from "@raftkit/core";
import { Packr, RESET_BUFFER_MODE, Unpackr } from "msgpackr";
import { describeFlaw, findFlaw } from "./flaws.js";

/** msgpackr decodes this key as `__proto_`. */
const PROTO = "__proto__";
const RENAMED_PROTO = "__proto_";
/**
 * U+FEFF as UTF-8. Without its native part msgpackr drops it from the beginning of a long string,
 * and what is left doesn't show that.
 */
const BYTE_ORDER_MARK = Buffer.from("\ufeff");
const FIRST_OF_BYTE_ORDER_MARK = 0xef;
/** Among more bytes a Buffer searches many times as fast. */
const SEARCHED_BYTES = 512;
/** msgpackr packs into one buffer, up to 12 times the size of a value. A larger one isn't kept. */
const KEPT_BUFFER_BYTES = 2 ** 20;
const FIRST_BUFFER_BYTES = 8192;

/** Fewer bytes are copied into a pool before they are unpacked. As in Node's own pool. */
const POOL_BYTES = Buffer.poolSize;
const POOLED_BYTES = POOL_BYTES >>> 1;

const OPTIONS = {
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  useToJSON: false,
  // A number up to 2^53, beyond it a bigint, which is refused. The typings don't know "auto".
  int64AsType: "auto" as "number",
  moreTypes: false,
  structuredClone: false,
};

/**
 * A codec that writes MessagePack (https://msgpack.org): the types nil, boolean, int, float, str,
 * bin, array and map with string keys. It writes no extensions, and reads one only: msgpackr's form
 * of a byte array (type 0x74). Its name is `msgpack`.
 *
 * `encode` throws a `RaftkitError` with code `CODEC_ENCODE` that names the place of anything that
 * is not a `CodecValue`, of a string or key with a lone surrogate or a leading U+FEFF, of a key
 * `__proto__`, and of anything more than 64 levels deep. `decode` throws one with code
 * `CODEC_DECODE` for everything that `encode` refuses, for bytes that are not exactly one value,
 * and for bytes with EF BB BF (U+FEFF) in them that `encode` would have written differently.
 */
export function createMsgpackCodec(): Codec {
  const packr = new Packr(OPTIONS);
  const unpack = createUnpack();
  return {
    name: "msgpack",
    encode: (value) => encode(packr, value),
    decode: (bytes, borrow = false) => decode(packr, unpack, bytes, borrow),
  };
}

/** @param borrow whether byte arrays may be views of the bytes */
type Unpack = (bytes: Uint8Array, borrow: boolean) => CodecValue;

/**
 * What it unpacks shares no memory with the bytes, unless that is what was asked for. Of a few bytes
 * one copy is made, for all byte arrays in them. Of many, so that a small one doesn't keep a large one
 * in memory, each is copied.
 */
function createUnpack(): Unpack {
  const views = createUnpackr(false);
  const copies = createUnpackr(true);
  // msgpackr makes a DataView of what it reads and leaves it there: one for the pool, not for each.
  let pool = new Uint8Array(POOL_BYTES);
  const range = { start: 0, end: 0 };
  return (bytes, borrow) => {
    if (borrow) return views.unpack(plainView(bytes)) as CodecValue;
    if (bytes.length >= POOLED_BYTES) return copies.unpack(plainView(bytes)) as CodecValue;
    if (range.end + bytes.length > pool.length) {
      pool = new Uint8Array(POOL_BYTES);
      range.end = 0;
    }
    range.start = range.end;
    range.end += bytes.length;
    pool.set(bytes, range.start);
    return views.unpack(pool, range) as CodecValue;
  };
}

/** @param copyBuffers whether byte arrays are copies of what is unpacked, or views of it */
function createUnpackr(copyBuffers: boolean): Unpackr {
  const records: object[] = [];
  const unpackr = new Unpackr({ ...OPTIONS, copyBuffers, structures: records });
  Object.freeze(records); // bytes that define a record, msgpackr's own extension, are refused
  return unpackr;
}

function encode(packr: Packr, value: CodecValue): Uint8Array {
  const flaw = findFlaw(value, PROTO);
  if (flaw !== undefined) {
    throw new RaftkitError(
      "CODEC_ENCODE",
      `can't encode ${describeFlaw(flaw)}: a value is made of null, booleans, finite numbers, well-formed strings, Uint8Arrays, arrays and plain objects`,
    );
  }
  return pack(packr, value);
}

function pack(packr: Packr, value: CodecValue): Uint8Array {
  const packed = packr.pack(value, RESET_BUFFER_MODE); // a view of msgpackr's buffer
  const bytes = plainView(copyOf(packed));
  if (packed.buffer.byteLength > KEPT_BUFFER_BYTES) {
    packr.useBuffer(Buffer.allocUnsafeSlow(FIRST_BUFFER_BYTES));
  }
  return bytes;
}

function decode(packr: Packr, unpack: Unpack, bytes: Uint8Array, borrow: boolean): CodecValue {
  let value: CodecValue;
  try {
    value = unpack(bytes, borrow);
  } catch (cause) {
    throw refusal(bytes, "they are not one MessagePack value", cause);
  }
  let flaw = findFlaw(value, RENAMED_PROTO);
  if (flaw !== undefined) {
    // The key itself is fine. It is written as it was read, unless it was another one there.
    flaw = findFlaw(value, PROTO) ?? (isPacked(packr, value, bytes) ? undefined : flaw);
  }
  if (flaw !== undefined) throw refusal(bytes, describeFlaw(flaw));
  // Anywhere: inside a text and in byte arrays it is fine.
  if (hasByteOrderMark(bytes) && !isPacked(packr, value, bytes)) {
    throw refusal(bytes, "they hold EF BB BF (U+FEFF) and are not as `encode` writes them");
  }
  return value;
}

function hasByteOrderMark(bytes: Uint8Array): boolean {
  // Most bytes have not even the first one; where there are few, that search needs no Buffer.
  if (bytes.length <= SEARCHED_BYTES && !bytes.includes(FIRST_OF_BYTE_ORDER_MARK)) return false;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(BYTE_ORDER_MARK);
}

/** Out of Node's pool where it is small. Half the time of `Buffer.from`. */
function copyOf(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafe(bytes.length);
  copy.set(bytes);
  return copy;
}

/** msgpackr leaves a property on the view that it reads, and parts of a Buffer are Buffers. */
function plainView(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

function refusal(bytes: Uint8Array, what: string, cause?: unknown): RaftkitError {
  return new RaftkitError(
    "CODEC_DECODE",
    `can't decode ${bytes.length} bytes: ${what}; they are damaged or another codec wrote them`,
    { cause },
  );
}

/** Whether `encode` writes the value with these bytes. */
function isPacked(packr: Packr, value: CodecValue, bytes: Uint8Array): boolean {
  return Buffer.compare(pack(packr, value), bytes) === 0;
}
