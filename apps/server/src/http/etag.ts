// The one kind of validator (RFC 9110 §8.8.3): a key's modification index as a strong ETag.

export function etag(index: number): string {
  return `"${index}"`;
}

/** Undefined for anything but one ETag as this server gives them. */
export function parseEtag(text: string): number | undefined {
  const index = Number(/^"([1-9][0-9]{0,15})"$/.exec(text)?.[1]);
  return Number.isSafeInteger(index) ? index : undefined;
}
