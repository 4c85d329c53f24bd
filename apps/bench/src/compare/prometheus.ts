// What a server tells of itself at /metrics, in Prometheus's text format.

/** @throws it doesn't answer */
export async function metricsOf(address: string): Promise<string> {
  const response = await fetch(`http://${address}/metrics`);
  const text = await response.text();
  if (!response.ok) throw new Error(`${address} doesn't tell its metrics: ${response.status}`);
  return text;
}

/**
 * The sum of a metric's samples.
 * @param counts whether a sample with these labels counts; default: all do
 */
export function sumOf(
  text: string,
  name: string,
  counts: (labels: string) => boolean = () => true,
): number {
  let sum = 0;
  for (const line of text.split("\n")) {
    const [, found, labels = "", value] = /^([a-z0-9_:]+)(\{[^}]*\})? (\S+)/i.exec(line) ?? [];
    if (found === name && counts(labels)) sum += Number(value);
  }
  return sum;
}
