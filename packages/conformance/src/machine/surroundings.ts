// What differs between two replicas beside time and dice: how long the process has been running,
// where it runs, in which country, and which timers it is waiting for.
import os from "node:os";
import timers from "node:timers";
import { RaftkitError } from "@raftkit/core";
import { replace } from "./world.js";
import type { Surroundings } from "./world.js";

/** A process that has been running for so long, and has used so much of everything. */
export function aged(seconds: number): Surroundings {
  const used = Math.round(seconds * 1e6);
  const hrtime = Object.assign(
    (since: readonly [number, number] = [0, 0]): [number, number] => [seconds - since[0], 0],
    { bigint: () => BigInt(seconds) * 1_000_000_000n },
  );
  const memory = { rss: used, heapTotal: used, heapUsed: used, external: used, arrayBuffers: used };
  return () => [
    replace(process, "uptime", () => seconds),
    replace(process, "hrtime", hrtime),
    replace(process, "cpuUsage", () => ({ user: used, system: used })),
    replace(
      process,
      "memoryUsage",
      Object.assign(() => memory, { rss: () => used }),
    ),
    replace(os, "uptime", () => seconds),
    replace(os, "loadavg", () => [seconds, seconds, seconds]),
    replace(os, "freemem", () => used),
    replace(performance, "timeOrigin", used),
  ];
}

/** A process of this name on a host of this name, with environment variables of its own. */
export function placed(name: string): Surroundings {
  const number = Array.from(name).reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  return () => [
    replace(process, "pid", number),
    replace(process, "ppid", number + 1),
    replace(process, "title", name),
    replace(process, "argv", [name]),
    replace(process, "cwd", () => `/${name}`),
    replace(os, "hostname", () => name),
    replace(os, "homedir", () => `/${name}`),
    replace(os, "tmpdir", () => `/${name}`),
    replace(
      process,
      "env",
      // Every variable is set, to a value of this place.
      new Proxy(process.env, {
        get: (env, key) => (typeof key === "string" ? `${key} at ${name}` : Reflect.get(env, key)),
        ownKeys: () => [name],
        getOwnPropertyDescriptor: () => ({ value: name, enumerable: true, configurable: true }),
      }),
    ),
  ];
}

/** The system's time zone is this one. @throws {RaftkitError} where it can't be changed */
export function inTimeZone(zone: string, offsetMinutes: number): Surroundings {
  return () => {
    const before = process.env["TZ"];
    const back = (): void => {
      if (before === undefined) delete process.env["TZ"];
      else process.env["TZ"] = before;
    };
    process.env["TZ"] = zone;
    if (new Date(Date.UTC(2001, 0)).getTimezoneOffset() !== offsetMinutes) {
      back();
      throw new RaftkitError(
        "CONFORMANCE_SURROUNDINGS",
        "the time zone can't be changed here: run the suite in a process of its own, not in a worker thread (Vitest: pool: 'forks')",
      );
    }
    return [back];
  };
}

/**
 * Who asks for no locale gets this one. Where texts are compared, `order` is -1 for a country that
 * sorts the other way around: whatever differs between two real ones, machines may not depend on it.
 */
export function inCountry(locale: string, order: 1 | -1): Surroundings {
  return () => [
    ...(
      [
        [String.prototype, "toLocaleLowerCase", 0],
        [String.prototype, "toLocaleUpperCase", 0],
        [Number.prototype, "toLocaleString", 0],
        [BigInt.prototype, "toLocaleString", 0],
        [Date.prototype, "toLocaleString", 0],
        [Date.prototype, "toLocaleDateString", 0],
        [Date.prototype, "toLocaleTimeString", 0],
        [String.prototype, "localeCompare", 1],
      ] as const
    ).map(([owner, name, at]) => {
      const before: unknown = Reflect.get(owner, name);
      return replace(owner, name, function localized(this: unknown, ...args: unknown[]): unknown {
        const isDefault = args[at] === undefined;
        if (isDefault) args[at] = locale;
        const result: unknown = Reflect.apply(before as () => unknown, this, args);
        return at === 1 && isDefault ? Number(result) * order : result;
      });
    }),
    ...(["NumberFormat", "DateTimeFormat", "PluralRules", "ListFormat", "Segmenter"] as const).map(
      (name) => replace(Intl, name, withDefault(Intl[name], locale)),
    ),
    replace(
      Intl,
      "Collator",
      function Collator(locales?: string, options?: Intl.CollatorOptions): object {
        const sign = locales === undefined ? order : 1;
        const { compare } = new collator(locales ?? locale, options);
        return { compare: (a: string, b: string) => sign * compare(a, b) };
      },
    ),
  ];
}

const collator: Intl.CollatorConstructor = Intl.Collator;

function withDefault(format: object, locale: string): object {
  const given = ([locales, ...rest]: unknown[]): unknown[] => [locales ?? locale, ...rest];
  return new Proxy(format as () => unknown, {
    construct: (target, args: unknown[]) => Reflect.construct(target, given(args)) as object,
    apply: (target, self, args: unknown[]) => Reflect.apply(target, self, given(args)) as unknown,
  });
}

export interface RecordedTimers {
  readonly around: Surroundings;
  /** Runs what is still waited for, as if its time had come. @returns how many there were */
  fire(): number;
}

/** Timers run as always, and are noted until they have. */
export function recordTimers(): RecordedTimers {
  const pending = new Map<unknown, () => void>();
  const starting = (start: (run: () => void, ...rest: unknown[]) => unknown, again: boolean) =>
    function started(
      callback: (...args: unknown[]) => void,
      ms?: number,
      ...args: unknown[]
    ): unknown {
      const timer = start(() => {
        if (!again) pending.delete(timer);
        callback(...args);
      }, ms);
      pending.set(timer, () => callback(...args));
      return timer;
    };
  const stopping =
    (stop: (timer: unknown) => void) =>
    (timer: unknown): void => {
      pending.delete(timer);
      stop(timer);
    };
  const kinds = [
    ["setTimeout", "clearTimeout"],
    ["setInterval", "clearInterval"],
  ] as const;
  const stops: ((timer: unknown) => void)[] = [];
  return {
    around: () =>
      [globalThis, timers].flatMap((owner) =>
        kinds.flatMap(([start, stop]) => {
          const [starts, ends]: readonly unknown[] = [
            Reflect.get(owner, start),
            Reflect.get(owner, stop),
          ];
          const end = ends as (timer: unknown) => void;
          stops.push(end);
          return [
            replace(
              owner,
              start,
              starting(starts as (run: () => void) => unknown, start === "setInterval"),
            ),
            replace(owner, stop, stopping(end)),
          ];
        }),
      ),
    fire() {
      const waiting = [...pending];
      pending.clear();
      for (const [timer, run] of waiting) {
        for (const stop of stops) stop(timer);
        run();
      }
      return waiting.length;
    },
  };
}
