// What clients ask for, as HTTP, and what the answers mean to the model of a key-value store.
import type { KeyValueInput, KeyValueOutput } from "@raftkit/linearizability";
import type { Call, Reply } from "./http-call.js";
import { bodyOf, nameOf } from "./values.js";

export type Outcome =
  | { readonly kind: "done"; readonly output: KeyValueOutput; readonly version: number | undefined }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "unknown"; readonly why: string }
  /** No server should answer so. */
  | { readonly kind: "wrong"; readonly why: string };

/** Of reads: both are linearizable. */
export type Consistency = "linearizable" | "lease";

export function callOf(input: KeyValueInput, consistency: Consistency = "linearizable"): Call {
  const path = `/v1/kv/${encodeURIComponent(input.key)}`;
  if (input.op === "get") {
    const query = consistency === "lease" ? "?consistency=lease" : "";
    return { method: "GET", path: `${path}${query}` };
  }
  const { expected } = input;
  const headers: Record<string, string> =
    expected === undefined
      ? {}
      : expected === "absent"
        ? { "if-none-match": "*" }
        : expected === "present"
          ? { "if-match": "*" }
          : "version" in expected
            ? { "if-match": `"${expected.version}"` }
            : {};
  return input.op === "delete"
    ? { method: "DELETE", path, headers }
    : { method: "PUT", path, headers, body: bodyOf(String(input.value)) };
}

export function outcomeOf(input: KeyValueInput, reply: Reply): Outcome {
  if (reply.kind !== "answer") return reply;
  const { status, etag, body } = reply;
  const done = (output: KeyValueOutput, version?: number): Outcome => ({
    kind: "done",
    output,
    version,
  });
  const wrong: Outcome = {
    kind: "wrong",
    why: `${input.op} answered ${status} ${body.slice(0, 200)}`,
  };
  if (input.op === "get") {
    if (status === 404) return done(null);
    return status === 200 && etag !== undefined
      ? done({ value: nameOf(body), version: etag }, etag)
      : wrong;
  }
  if (status === 412 && input.expected !== undefined) {
    return done({ ok: false, version: etag ?? null }, etag);
  }
  if (input.op === "delete" && status === 404) return done({ ok: true, existed: false });
  const version = status === 200 || status === 201 ? indexOf(body) : undefined;
  return version === undefined
    ? wrong
    : done(
        { ok: true, version, existed: status === 200 },
        input.op === "put" ? version : undefined,
      );
}

function indexOf(body: string): number | undefined {
  const digits = /^\{"index":(\d+)\}\s*$/.exec(body)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
