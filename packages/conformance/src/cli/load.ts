// Finds the module that is to be tested, and its target. It says what is missing before anything
// runs.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { RaftkitError } from "@raftkit/core";
import { show, toError } from "../show.js";
import type { Target } from "../suite.js";
import { subjects } from "../suites.js";
import { UsageError } from "./arguments.js";

/**
 * @param name a path (relative to `folder`) or a package that is installed there
 * @returns its target, whose `create` rejects what can't be a subject of the suite. @throws
 * {UsageError}
 */
export async function loadTarget(
  name: string,
  folder: string,
  suite: string,
): Promise<Target<unknown>> {
  const exported = await load(addressOf(name, folder), name);
  if (!("target" in exported)) {
    const names = Object.keys(exported).toSorted();
    throw new UsageError(
      `${name} exports no "target"; it exports ${names.length === 0 ? "nothing" : names.join(", ")}`,
    );
  }
  const target = checked(exported["target"], name);
  return {
    name: target.name,
    capabilities: target.capabilities,
    async create() {
      const subject = await target.create();
      checkSubject(subject, suite, target.name);
      return subject;
    },
    dispose: (subject) => target.dispose?.(subject),
  };
}

/** @throws {RaftkitError} `CONFORMANCE_SUBJECT` */
function checkSubject(subject: unknown, suite: string, target: string): void {
  const { what, members } = subjects[suite] ?? { what: "", members: [] };
  const missing = members.filter((member) => !(member in (Object(subject) as object)));
  if (missing.length === 0) return;
  throw new RaftkitError(
    "CONFORMANCE_SUBJECT",
    `create() of ${target} gave ${show(subject)}, which has no ${missing.join(", no ")}; for the suite "${suite}" it must give ${what}`,
  );
}

function addressOf(name: string, folder: string): string {
  const path = resolve(folder, name);
  if (existsSync(path)) return pathToFileURL(path).href;
  if (/^[./\\]/.test(name)) throw new UsageError(`there is no file ${path}`);
  try {
    return pathToFileURL(createRequire(resolve(folder, "package.json")).resolve(name)).href;
  } catch (error) {
    throw new UsageError(
      `there is neither a file ${path} nor a package "${name}" that can be found from ${folder}`,
      { cause: error },
    );
  }
}

async function load(address: string, name: string): Promise<Record<string, unknown>> {
  try {
    return (await import(address)) as Record<string, unknown>;
  } catch (error) {
    const isTypeScript =
      error instanceof Error &&
      "code" in error &&
      error.code === "ERR_UNKNOWN_FILE_EXTENSION" &&
      name.endsWith("ts");
    throw new UsageError(
      `${name} can't be imported: ${isTypeScript ? "this version of Node.js runs no TypeScript; name the JavaScript that it compiles to" : toError(error).message}`,
      { cause: error },
    );
  }
}

function checked(target: unknown, module: string): Target<unknown> {
  const shape =
    "an object with name (a string), capabilities (an array of strings), create (a function) and, if need be, dispose";
  const { name, capabilities, create, dispose } = Object(target) as {
    readonly [key: string]: unknown;
  };
  const good =
    typeof name === "string" &&
    Array.isArray(capabilities) &&
    capabilities.every((item) => typeof item === "string") &&
    typeof create === "function" &&
    ["undefined", "function"].includes(typeof dispose);
  if (!good) {
    throw new UsageError(
      `the target that ${module} exports is ${show(target)}; it must be ${shape}`,
    );
  }
  return target as Target<unknown>;
}
