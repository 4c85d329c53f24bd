// The dashboard that is offered for Grafana asks for metrics that a server exports, and for no
// labels that they don't have; so do the alerts of the guide.
import { readFileSync } from "node:fs";
import { Registry } from "prom-client";
import { createNode } from "raftkit";
import { createJsonCodec } from "@raftkit/codec-json";
import { createKv } from "@raftkit/kv";
import { createMemoryLog } from "@raftkit/storage-memory";
import { createMemoryNetwork } from "@raftkit/transport-memory";
import { expect, onTestFinished, test } from "vitest";
import { createPrometheusInstruments } from "../src/prometheus-instruments.js";

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const file = new URL("../../../docs/grafana/raftkit.json", import.meta.url);
const guide = new URL("../../../docs/guide/operate.md", import.meta.url);
const { panels }: { panels: readonly Panel[] } = JSON.parse(readFileSync(file, "utf8"));
const targets = panels.flatMap((panel) => panel.targets ?? []);
/** Prometheus adds these itself. */
const COMMON = ["job", "instance", "le"];

test("every metric and label of the dashboard and of the alerts is exported", async () => {
  const registry = new Registry();
  const node = await createNode({
    id: "n1",
    cluster: { id: "test", bootstrap: [{ id: "n1", address: "n1" }], alone: true },
    transport: createMemoryNetwork().transport(),
    storage: { log: createMemoryLog() },
    codec: createJsonCodec(),
    stateMachine: createKv(),
    instruments: createPrometheusInstruments(registry),
  });
  onTestFinished(() => node.close());
  const exported = new Map(
    registry.getMetricsAsArray().map((metric) => {
      const labels = "labelNames" in metric ? (metric.labelNames as readonly string[]) : [];
      return [metric.name, labels] as const;
    }),
  );
  expect(targets.length).toBeGreaterThan(30);
  for (const { expr, legendFormat } of targets) {
    const names = [...expr.matchAll(/raftkit_\w+/g)].map(([name]) => name.replace(/_bucket$/, ""));
    expect(names).not.toEqual([]);
    for (const name of names) expect([...exported.keys()]).toContain(name);
    const known = [...COMMON, ...names.flatMap((name) => exported.get(name) ?? [])];
    const grouped = [...expr.matchAll(/by \(([\w, ]+)\)/g)].flatMap(([, by = ""]) =>
      by.split(", "),
    );
    const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label);
    for (const label of [...grouped, ...shown]) expect(known).toContain(label);
  }
  const alerts = [...readFileSync(guide, "utf8").matchAll(/raftkit_\w+/g)].map(([name]) =>
    name.replace(/_bucket$/, ""),
  );
  expect(alerts.length).toBeGreaterThan(8);
  for (const name of alerts) expect([...exported.keys()]).toContain(name);
});
