/**
 * Whether a result is still to come. Not `instanceof Promise`: query builders and promises of
 * another realm are awaited like any other.
 */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    "then" in value &&
    typeof value.then === "function"
  );
}
