// The service with replicated settings: what its HTTP side answers, and that every instance hears of
// a change.
import { expect, onTestFinished, test } from "vitest";
import { createApp } from "../src/configuration/app.ts";
import type { Configuration } from "../src/configuration/configuration.ts";
import { createConfiguration } from "../src/configuration/configuration.ts";
import { startMemoryCluster } from "../src/memory-cluster.ts";

test("a setting that is changed at one instance is read and heard of at the others", async () => {
  const machines: Configuration[] = [];
  const nodes = await startMemoryCluster(() => {
    const machine = createConfiguration();
    machines.push(machine);
    return machine;
  });
  onTestFinished(() => Promise.all(nodes.map((node) => node.close())).then(() => undefined));
  const [a, b] = nodes.map((node) => createApp(node));
  const heard = machines[2]?.feed.watch({ after: 0 }).next();
  const put = (app: typeof a, value: string, version?: number): Promise<Response> =>
    Promise.resolve(
      app?.request("/settings/colour", {
        method: "PUT",
        body: value,
        ...(version === undefined ? {} : { headers: { "if-match": `"${version}"` } }),
      }) ?? new Response(),
    );

  const first = await put(a, "green", 0);
  expect(first.status).toBe(200);
  const { version } = (await first.json()) as { readonly version: number };
  expect(await heard).toEqual({
    done: false,
    value: { index: version, events: [{ name: "colour", value: "green", version }] },
  });
  expect((await put(b, "red", 0)).status).toBe(412);
  expect((await put(b, "blue", version)).status).toBe(200);
  const read = await b?.request("/settings/colour");
  expect(await read?.json()).toMatchObject({ name: "colour", value: "blue" });
  expect((await a?.request("/settings/none"))?.status).toBe(404);
});
