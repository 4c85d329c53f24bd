// Takes a request target apart without normalising anything: a URL parser would fold "." and "..",
// also written as %2e, and they are keys like any other. What isn't valid percent-encoded UTF-8 is
// refused, never repaired.
import { HttpError } from "./errors.js";

export interface Target {
  /** Still percent-encoded. */
  readonly path: string;
  /** Behind the "?", still percent-encoded; undefined when there is none. */
  readonly query: string | undefined;
}

/**
 * Accepts the origin form (`/path?query`) and the absolute form that proxies use
 * (`http://host/path?query`).
 */
export function parseTarget(url: string): Target {
  const origin = url.startsWith("/") ? url : url.replace(/^https?:\/\/[^/?#]*/i, "");
  const at = origin.indexOf("?");
  return at < 0
    ? { path: origin, query: undefined }
    : { path: origin.slice(0, at), query: origin.slice(at + 1) };
}

export function decodePercent(text: string, what: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new HttpError(400, "bad_encoding", `${what} is not percent-encoded UTF-8`);
  }
}

/**
 * The query's parameters, each at most once and none but those `allowed`. "+" is a space, as forms
 * and URLSearchParams write it.
 */
export function parseQuery<const Name extends string>(
  query: string | undefined,
  allowed: readonly Name[],
): { readonly [K in Name]?: string } {
  const found: { [K in Name]?: string } = {};
  for (const pair of (query ?? "").split("&")) {
    if (pair === "") continue;
    const at = pair.indexOf("=");
    const written = (at < 0 ? pair : pair.slice(0, at)).replaceAll("+", " ");
    const decoded = decodePercent(written, "a query parameter's name");
    const name = allowed.find((one) => one === decoded);
    if (name === undefined) {
      throw new HttpError(
        400,
        "bad_parameter",
        `unknown query parameter ${JSON.stringify(decoded)}; allowed: ${allowed.join(", ") || "none"}`,
      );
    }
    if (found[name] !== undefined) {
      throw new HttpError(400, "bad_parameter", `query parameter ${name} is given twice`);
    }
    found[name] = decodePercent(
      at < 0 ? "" : pair.slice(at + 1).replaceAll("+", " "),
      `query parameter ${name}`,
    );
  }
  return found;
}
