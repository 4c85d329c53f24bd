// Commands are checked when they are proposed, never when they are applied: a schema that changes
// must not make replicas differ.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { messageOf, NotProposed } from "./errors.js";
import { isThenable } from "./thenable.js";

/**
 * Later only where the schema is asynchronous.
 * @throws {NotProposed} with reason "invalid" and the schema's words
 */
export function validateCommand<Command>(
  schema: StandardSchemaV1<unknown, Command>,
  command: unknown,
): Command | Promise<Command> {
  try {
    const outcome = schema["~standard"].validate(command);
    if (!isThenable(outcome)) return commandOf(outcome);
    return Promise.resolve(outcome).catch(threw).then(commandOf);
  } catch (error) {
    if (error instanceof NotProposed) throw error;
    return threw(error);
  }
}

function threw(error: unknown): never {
  throw new NotProposed(
    "invalid",
    `the command's schema threw: ${messageOf(error)}; nothing was proposed`,
    { cause: error },
  );
}

function commandOf<Command>(outcome: StandardSchemaV1.Result<Command>): Command {
  if (!outcome.issues) return outcome.value;
  const words = outcome.issues.map(({ path, message }) => {
    const place = path?.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
    return place ? `${place}: ${message}` : message;
  });
  throw new NotProposed("invalid", `the command was refused by its schema: ${words.join("; ")}`);
}
