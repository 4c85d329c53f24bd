// `verify`: checks again what a run recorded, from its files alone.
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { keyValueFormat, readHistory } from "@raftkit/linearizability";
import type { z } from "zod";
import { ClusterError } from "../errors.js";
import { checkRecord, hasAnswers } from "./checks/checks.js";
import type { Check } from "./checks/check.js";
import { finalStateSchema } from "./checks/final-state.js";
import type { KeyValueOperation } from "./workload/history.js";
import { watchRecordsSchema } from "./workload/watch-record.js";
import { FINAL_STATE, HISTORY, MEMBERS, OLDER_READS, WATCHES } from "./out-directory.js";
import { memberRecordSchema } from "./processes/member-record.js";
import { olderReadsSchema } from "./workload/older-reads.js";

export interface Verified {
  readonly checks: readonly Check[];
  /** What could not be checked, and why; undefined if all was. */
  readonly missing: string | undefined;
}

/**
 * @param path a report's directory, or a history; the final state is looked for beside it
 * @param say told what it is doing, if it may take long
 * @throws {ClusterError} `NOTHING_TO_VERIFY`: it can't be read as a record
 */
export async function verify(
  path: string,
  say: (line: string) => void = () => {},
): Promise<Verified> {
  const isDirectory = existsSync(path) && statSync(path).isDirectory();
  const file = isDirectory ? join(path, HISTORY) : path;
  const stateFile = join(dirname(file), FINAL_STATE);
  const operations = await readOperations(file);
  if (operations.length === 0) throw unreadable(`${file} has no operations`);
  if (!hasAnswers(operations)) {
    throw unreadable(
      `${file} has no answer to any of its operations (${operations.length}), so nothing would be proven`,
    );
  }
  const hasState = existsSync(stateFile);
  if (isDirectory && !hasState) throw unreadable(`${stateFile} is missing`);
  say(`checking ${operations.length} operations`);
  // Older reports lack some.
  const optional = <T>(name: string, schema: z.ZodType<T>, what: string): T | undefined => {
    const beside = join(dirname(file), name);
    return existsSync(beside) ? readAs(schema, beside, what) : undefined;
  };
  const checks = checkRecord(
    operations,
    hasState ? readAs(finalStateSchema, stateFile, "the nodes' contents") : undefined,
    {
      watches: optional(WATCHES, watchRecordsSchema, "records of watches"),
      olderReads: optional(OLDER_READS, olderReadsSchema, "reads of older states"),
      members: optional(MEMBERS, memberRecordSchema, "the record of the members"),
    },
  );
  return {
    checks,
    missing: hasState
      ? undefined
      : `there is no ${FINAL_STATE} next to it, so the nodes' final state was not checked`,
  };
}

async function readOperations(file: string): Promise<KeyValueOperation[]> {
  const operations: KeyValueOperation[] = [];
  try {
    for await (const { operation } of readHistory(createReadStream(file), keyValueFormat)) {
      operations.push(operation);
    }
  } catch (cause) {
    throw unreadable(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  return operations;
}

function readAs<T>(schema: z.ZodType<T>, file: string, what: string): T {
  try {
    return schema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw unreadable(`${file} can't be read as ${what}`, cause);
  }
}

function unreadable(what: string, cause?: unknown): ClusterError {
  return new ClusterError(
    "NOTHING_TO_VERIFY",
    `${what}; give the directory of a chaos report, or its history.jsonl`,
    { cause },
  );
}
