// The process around a server: options, log, signals and exit codes. 0: ended by a signal; 1: could
// not start, failed, or could not close in time; 2: wrong options. What ends it is said in one line
// on standard error.
import { constants } from "node:os";
import { resolve } from "node:path";
import { countDown, RaftkitError } from "@raftkit/core";
import { pino } from "pino";
import { InvalidOption } from "raftkit";
import { painterFor } from "@raftkit-app/command-line";
import { complete, helpText, PROGRAM, version } from "./cli/command.js";
import { WrongOptions } from "./cli/errors.js";
import { inFlags } from "./cli/flags.js";
import { parseOptions } from "./cli/parse.js";
import type { Settings } from "./cli/parse.js";
import type { RunningServer } from "./server.js";

/**
 * From the signal to the end, if closing hangs: a disk that doesn't answer must not keep the
 * process. The time in which this process stood still doesn't count: nothing could close then.
 */
const CLOSE_DEADLINE_MS = 1700;
const clock = {
  now: () => performance.now(),
  schedule(at: number, run: () => void): () => void {
    const timer = setTimeout(run, at - performance.now());
    return () => clearTimeout(timer);
  },
};
const MAX_BUFFERED_LOG_BYTES = 4 * 1024 * 1024;
const print = (text: string): void => void process.stdout.write(text);

function fail(error: unknown, prefix: string): never {
  const expected = error instanceof RaftkitError;
  process.stderr.write(
    `${painterFor(process.stderr)("red", `${prefix}:`)} ${expected ? inFlags(error.message) : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exit(error instanceof InvalidOption || error instanceof WrongOptions ? 2 : 1);
}

function settingsOrExit(): Settings {
  try {
    const settings = parseOptions(process.argv.slice(2), process.env);
    if (typeof settings !== "string") return settings;
    print(settings === "help" ? helpText() : `${version()}\n`);
  } catch (error) {
    fail(error, PROGRAM);
  }
  process.exit(0);
}

/**
 * A first signal drains, a second one ends at once; before the server is up there is nothing to
 * drain. A forked server also drains when its parent is gone, so that nobody has to look for it.
 */
function onSignals(
  running: () => RunningServer | undefined,
  log: (message: string) => void,
  name: string,
): void {
  let ending = false;
  const end = (why: string): void => {
    ending = true;
    const server = running();
    if (server === undefined) process.exit(0);
    log(`${why}: draining`);
    countDown(clock, CLOSE_DEADLINE_MS, () =>
      fail(
        new RaftkitError(
          "CLOSE_TIMEOUT",
          `closing took longer than ${CLOSE_DEADLINE_MS} ms; ended without waiting for it`,
        ),
        name,
      ),
    );
    server.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error, name),
    );
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () =>
      ending ? process.exit(128 + constants.signals[signal]) : end(signal),
    );
  }
  if (process.send !== undefined) {
    process.once("disconnect", () => ending || end("the parent process is gone"));
  }
}

async function main(): Promise<void> {
  const asks = await complete(process.argv.slice(2), resolve(process.argv[1] ?? ""), print).catch(
    (error: unknown) => fail(error, PROGRAM),
  );
  if (asks) process.exit(0);
  const settings = settingsOrExit();
  const name = `${PROGRAM} ${settings.id}`;
  // Not synchronous: a reader of the log that falls behind must not stop the event loop; beyond the
  // bound, lines are dropped.
  const destination = pino.destination({ dest: 1, sync: false, maxLength: MAX_BUFFERED_LOG_BYTES });
  const logger = pino(
    {
      level: settings.logLevel,
      base: { node: settings.id },
      timestamp: pino.stdTimeFunctions.isoTime,
      hooks: {
        logMethod([fields, message, ...rest], log) {
          log.call(this, fields, message === undefined ? message : inFlags(message), ...rest);
        },
      },
    },
    destination,
  );
  let server: RunningServer | undefined;
  onSignals(
    () => server,
    (message) => logger.info(message),
    name,
  );
  process.on("exit", () => destination.flushSync());
  try {
    // Help, and what is wrong with the options, needn't wait until all of it is loaded.
    const { startServer } = await import("./server.js");
    server = await startServer({ settings, logger });
  } catch (error) {
    fail(error, name);
  }
  const { http, redis, peer } = server;
  server.failed.then(
    (error) => fail(error, name),
    (error: unknown) => fail(error, name),
  );
  logger.info({ http, redis, peer }, "ready");
  process.send?.({ type: "ready", http, redis, peer });
}

await main();
