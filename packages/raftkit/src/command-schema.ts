// Commands are checked when they are proposed, never when they are applied: a schema that changes
// must not make replicas differ.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { NotProposed } from "./errors.js";

/** @throws {NotProposed} with reason "invalid" and the schema's words */
export async function validateCommand<Command>(
  schema: StandardSchemaV1<unknown, Command>,
  command: Command,
): Promise<Command> {
  let outcome: StandardSchemaV1.Result<Command>;
  try {
    outcome = await schema["~standard"].validate(command);
  } catch (error) {
    throw new NotProposed(
      "invalid",
      `the command's schema threw: ${error instanceof Error ? error.message : String(error)}; nothing was proposed`,
      { cause: error },
    );
  }
  if (!outcome.issues) return outcome.value;
  const words = outcome.issues.map(({ path, message }) => {
    const place = path?.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
    return place ? `${place}: ${message}` : message;
  });
  throw new NotProposed("invalid", `the command was refused by its schema: ${words.join("; ")}`);
}
