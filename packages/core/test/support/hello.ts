// What a node says of itself; a Hello is a LocalNode, too.
import type { Hello } from "../../src/index.js";

export function hello(id: string, changes: Partial<Hello> = {}): Hello {
  return {
    clusterId: "green",
    id,
    incarnation: `${id}-0123456789abcdef`,
    run: 1,
    codec: "json+kv-1",
    address: `at-${id}`,
    maxFrameBytes: 1000,
    to: null,
    ...changes,
  };
}
