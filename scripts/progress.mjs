// Says what is being done while it takes its time. On a terminal: one line with the seconds, which
// goes when the work is done. Elsewhere: a plain line at once, and one every ten seconds.

const REDRAW_MS = 200;
const PLAIN_EVERY_MS = 10_000;

/**
 * @typedef {{ isTTY?: boolean; columns?: number; write: (text: string) => boolean }} Screen
 *
 * @typedef {object} Progress
 * @property {(text: string) => void} detail how far it is
 * @property {() => void} end idempotent
 */

/**
 * @param {string} what as `installing dependencies`
 * @param {{ stream?: Screen; now?: () => number }} [options]
 * @returns {Progress} to be ended
 */
export function showProgress(
  what,
  { stream = process.stderr, now = () => performance.now() } = {},
) {
  const startedAt = now();
  let detail = "";
  let ended = false;
  const line = () => {
    const seconds = Math.floor((now() - startedAt) / 1000);
    return `raftkit: ${what}${seconds > 0 ? `, ${seconds} s` : ""}${detail === "" ? "" : `: ${detail}`}`;
  };
  const draw = () => {
    if (!stream.isTTY) return void stream.write(`${line()}\n`);
    stream.write(`\r\u001b[K${line().slice(0, Math.max(1, (stream.columns ?? 80) - 1))}`);
  };
  draw();
  const timer = setInterval(draw, stream.isTTY ? REDRAW_MS : PLAIN_EVERY_MS);
  return {
    detail: (text) => (detail = text),
    end: () => {
      if (ended) return;
      ended = true;
      clearInterval(timer);
      if (stream.isTTY) stream.write("\r\u001b[K");
    },
  };
}
