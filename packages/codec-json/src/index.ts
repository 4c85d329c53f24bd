// JSON as a codec: readable bytes, in any JavaScript runtime. The work is done in encode.ts and
// decode.ts.
import type { Codec } from "@raftkit/core";
import { decode } from "./decode.js";
import { encode } from "./encode.js";

/**
 * A codec that writes JSON text in UTF-8. Its name is `json`. Bytes are written as
 * `{"$bytes":"<base64>"}`; a key that starts with `$` is written with one more.
 *
 * `encode` throws a `RaftkitError` with code `CODEC_ENCODE` that names the place of anything that
 * is not a `CodecValue`, or is nested more than 64 levels deep. `decode` throws one with code
 * `CODEC_DECODE`, also for numbers that would lose digits.
 */
export function createJsonCodec(): Codec {
  return { name: "json", encode, decode };
}
