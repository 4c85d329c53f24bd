// What the server makes of its options: settings, or a complaint.
import { parseOptions } from "../src/cli/parse.js";
import type { Settings } from "../src/cli/parse.js";

export function settings(
  args: readonly string[],
  environment: Record<string, string> = {},
): Settings {
  const parsed = parseOptions(args, environment);
  if (typeof parsed === "string") throw new Error(`asked for ${parsed}`);
  return parsed;
}

export function complaint(
  args: readonly string[],
  environment: Record<string, string> = {},
): string {
  try {
    settings(args, environment);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "WRONG_OPTIONS") {
      return error.message;
    }
    throw error;
  }
  throw new Error("accepted");
}
