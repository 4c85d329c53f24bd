// Commands as they were given, into bytes: checked by the schema, then encoded, once.
import type { Codec } from "@raftkit/core";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { validateCommand } from "./command-schema.js";
import { messageOf, NotProposed } from "./errors.js";

interface EncoderOptions {
  readonly codec: Codec;
  readonly commandSchema?: StandardSchemaV1<unknown, unknown>;
}

/** The commands of a call that weren't refused. */
export interface EncodedCommands {
  readonly commands: readonly Uint8Array[];
  /** Where each stands in the call; undefined: none was refused. */
  readonly positions: readonly number[] | undefined;
}

class Refused {
  readonly error: NotProposed;
  constructor(error: NotProposed) {
    this.error = error;
  }
}

export class CommandEncoder {
  /** Whether it is a value that the codec carries the codec itself says. */
  readonly #codec: { encode(value: unknown): Uint8Array };
  readonly #schema: StandardSchemaV1<unknown, unknown> | undefined;
  readonly #maxBytes: number;

  constructor({ codec, commandSchema }: EncoderOptions, maxCommandBytes: number) {
    this.#codec = codec;
    this.#schema = commandSchema;
    this.#maxBytes = maxCommandBytes;
  }

  /**
   * Later only where the schema is asynchronous.
   * @throws {NotProposed} with reason "invalid" and the schema's words
   */
  validate(command: unknown): unknown {
    return this.#schema ? validateCommand(this.#schema, command) : command;
  }

  /** The same for many: what was refused is among them. Later only where the schema is asynchronous. */
  validateAll(commands: readonly unknown[]): readonly unknown[] | Promise<readonly unknown[]> {
    if (!this.#schema) return commands;
    let later = false;
    const valid = commands.map((command) => {
      try {
        const one = this.validate(command);
        if (!(one instanceof Promise)) return one;
        later = true;
        return one.catch((error: unknown) => refused(error));
      } catch (error) {
        return refused(error);
      }
    });
    return later ? Promise.all(valid) : valid;
  }

  /** @throws {NotProposed} */
  encode(command: unknown): Uint8Array {
    let data: Uint8Array;
    try {
      data = this.#codec.encode(command);
    } catch (error) {
      throw new NotProposed(
        "invalid",
        `the codec can't encode the command: ${messageOf(error)}; nothing was proposed`,
        { cause: error },
      );
    }
    if (data.length > this.#maxBytes) {
      throw new NotProposed(
        "tooLarge",
        `the command has ${data.length} bytes, at most ${this.#maxBytes} are allowed (maxCommandBytes)`,
      );
    }
    return data;
  }

  /** @param valid what `validateAll` returned. @param onRefused told of each that is left out */
  encodeAll(
    valid: readonly unknown[],
    onRefused: (position: number, error: NotProposed) => void,
  ): EncodedCommands {
    const commands: Uint8Array[] = [];
    let positions: number[] | undefined;
    for (let i = 0; i < valid.length; i++) {
      try {
        const command = valid[i];
        if (command instanceof Refused) throw command.error;
        commands.push(this.encode(command));
        positions?.push(i);
      } catch (error) {
        positions ??= Array.from(commands, (_, position) => position);
        onRefused(i, refused(error).error);
      }
    }
    return { commands, positions };
  }
}

function refused(error: unknown): Refused {
  return new Refused(
    error instanceof NotProposed
      ? error
      : new NotProposed("invalid", messageOf(error), { cause: error }),
  );
}
