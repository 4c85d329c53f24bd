// Checks commands when they are proposed: those of sessions here, the machine's own by its schema.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { SessionsCommand } from "./commands.js";
import { parseCommand } from "./commands.js";

/**
 * Give it to `createNode` as `commandSchema`, with the schema of the machine that is wrapped: a
 * malformed command is then refused before it is replicated.
 */
export function sessionsSchema<Input, Command, Result = unknown>(
  inner: StandardSchemaV1<Input, Command>,
): StandardSchemaV1<SessionsCommand<Input, Result>, SessionsCommand<Command, Result>> {
  type Checked = StandardSchemaV1.Result<SessionsCommand<Command, Result>>;
  return {
    "~standard": {
      version: 1,
      vendor: "raftkit",
      validate(value): Checked | Promise<Checked> {
        const parsed = parseCommand(value);
        if (typeof parsed === "string") return { issues: [{ message: parsed }] };
        if (!("command" in parsed)) return { value: value as SessionsCommand<Command, Result> };
        const finish = (checked: StandardSchemaV1.Result<Command>): Checked => {
          if (checked.issues) return checked;
          if (checked.value === parsed.command) {
            return { value: value as SessionsCommand<Command, Result> };
          }
          const command: readonly unknown[] =
            parsed.type === "plain"
              ? [checked.value]
              : [parsed.session, parsed.number, parsed.lowest, checked.value];
          return { value: command as SessionsCommand<Command, Result> };
        };
        const checked = inner["~standard"].validate(parsed.command);
        return checked instanceof Promise ? checked.then(finish) : finish(checked);
      },
    },
  };
}
