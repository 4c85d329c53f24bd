// How Node is best started for a server: see docs/decisions/0058. A server works without it, too.

/** Arguments of Node, before the program's. */
export const NODE_FLAGS = ["--initial-old-space-size=64", "--max-semi-space-size=8"] as const;

/** Variables of its environment, where the user hasn't set them. */
export const NODE_ENVIRONMENT = { MALLOC_ARENA_MAX: "1" } as const;
