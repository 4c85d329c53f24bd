// Patterns of KEYS, SCAN and CONFIG GET, as Redis matches them: * ? [abc] [^a-z] and \ before a
// character that stands for itself. Over bytes, in time proportional to pattern times text. The
// kept libraries for globs (minimatch, picomatch) are for paths: over text, with braces and a *
// that ends at a slash, and by way of regular expressions, which backtrack.

import { CommandError } from "./errors.js";

/** Of one command. A match costs up to this times the text: a millisecond or two with a long key. */
const PATTERN_BYTES_MAX = 1024;

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const ESCAPE = 0x5c;
const NOT = 0x5e;
const DASH = 0x2d;

/** @throws {CommandError} they are too long */
export function checkPatterns(patterns: readonly Buffer[]): void {
  const bytes = patterns.reduce((sum, { length }) => sum + length, 0);
  if (bytes <= PATTERN_BYTES_MAX) return;
  throw new CommandError(`ERR a command's patterns have at most ${PATTERN_BYTES_MAX} bytes`);
}

export function globMatches(pattern: Buffer, text: Buffer): boolean {
  let at = 0;
  let in_ = 0;
  /** Where to go on when what is behind the last star didn't match: it gets one byte more. */
  let starAt = -1;
  let starText = 0;
  while (in_ < text.length) {
    if (pattern[at] === STAR) {
      starAt = ++at;
      starText = in_;
      continue;
    }
    const next = at < pattern.length ? matchOne(pattern, at, text[in_] ?? 0) : -1;
    if (next >= 0) {
      at = next;
      in_++;
    } else if (starAt >= 0) {
      at = starAt;
      in_ = ++starText;
    } else return false;
  }
  while (pattern[at] === STAR) at++;
  return at >= pattern.length;
}

/** What all keys that match begin with: ASCII, since keys are asked for by their text. */
export function literalPrefix(pattern: Buffer): string {
  const end = pattern.findIndex(
    (byte) => byte === STAR || byte === QUESTION || byte === OPEN || byte === ESCAPE || byte > 0x7f,
  );
  return pattern.toString("latin1", 0, end < 0 ? pattern.length : end);
}

/** @returns where the pattern goes on; -1: it isn't this byte */
function matchOne(pattern: Buffer, at: number, byte: number): number {
  if (pattern[at] === QUESTION) return at + 1;
  if (pattern[at] === OPEN) return matchClass(pattern, at + 1, byte);
  const literal = pattern[at] === ESCAPE && at + 1 < pattern.length ? at + 1 : at;
  return pattern[literal] === byte ? literal + 1 : -1;
}

/** A class without its end goes to the end of the pattern, as in Redis. */
function matchClass(pattern: Buffer, start: number, byte: number): number {
  const isNegated = pattern[start] === NOT;
  let at = isNegated ? start + 1 : start;
  let isIn = false;
  for (; at < pattern.length && pattern[at] !== CLOSE; at++) {
    if (pattern[at] === ESCAPE && at + 1 < pattern.length) at++;
    const from = pattern[at] ?? 0;
    if (pattern[at + 1] === DASH && at + 2 < pattern.length) {
      const to = pattern[at + 2] ?? 0;
      if (byte >= Math.min(from, to) && byte <= Math.max(from, to)) isIn = true;
      at += 2;
    } else if (from === byte) isIn = true;
  }
  return isIn === isNegated ? -1 : Math.min(at + 1, pattern.length);
}
