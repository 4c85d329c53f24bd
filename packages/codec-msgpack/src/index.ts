// MessagePack as a codec: compact, fast, and strict about what it lets in. The work is done in
// encode.ts and decode.ts.
import type { Codec } from "@raftkit/core";
import { createDecoder } from "./decode.js";
import { createEncoder } from "./encode.js";

/**
 * A codec that writes MessagePack (https://msgpack.org): the types nil, boolean, int, float, str,
 * bin, array and map with string keys, no extensions. Its name is `msgpack`.
 *
 * `encode` throws a `RaftkitError` with code `CODEC_ENCODE` that names the place of what is not a
 * `CodecValue`, or of the 65th array or object inside one another. `decode` throws one with code
 * `CODEC_DECODE`; it never overflows the stack and never allocates for a length before the bytes
 * for it are there.
 */
export function createMsgpackCodec(): Codec {
  return { name: "msgpack", encode: createEncoder(), decode: createDecoder() };
}
