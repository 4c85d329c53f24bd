// JSON bodies of operators' routes: read by the route, like every body, and checked here.
import type { z } from "zod";
import { HttpError } from "./errors.js";
import type { RequestLifecycle } from "./request-lifecycle.js";

const BODY_BYTES_MAX = 64 * 1024;

/**
 * An empty body counts as `{}`.
 * @throws {HttpError} 400 `bad_request`: not JSON; `bad_parameter`: not what the schema allows
 */
export async function jsonBody<T>(call: RequestLifecycle, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(parse((await call.body(BODY_BYTES_MAX)).toString()));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue?.path.join(".") ?? "";
  const message = `${at === "" ? "the body" : at}: ${issue?.message ?? ""}`;
  throw new HttpError(400, "bad_parameter", message);
}

function parse(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HttpError(400, "bad_request", `the body is not JSON: ${why}`);
  }
}
