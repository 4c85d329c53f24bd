// What stands in front of the replicas: sends requests to those in rotation in turn. A replica that
// is taken out gets no more, and those that it has are waited for.

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Balancer {
  /** Rejects when a replica gives no HTTP answer. */
  request(method: "GET" | "PUT", path: string, body?: object): Promise<Answer>;
  putIn(url: string): void;
  takeOut(url: string): Promise<void>;
}

export function createBalancer(): Balancer {
  const underWay = new Map<string, Set<Promise<Answer>>>();
  const rotation: string[] = [];
  return {
    request(method, path, body) {
      const url = rotation.shift();
      if (url === undefined) throw new Error("no replica is in rotation");
      rotation.push(url);
      const answer = send(url, method, path, body);
      const requests = underWay.get(url);
      requests?.add(answer);
      return answer.finally(() => requests?.delete(answer));
    },
    putIn(url) {
      rotation.push(url);
      underWay.set(url, new Set());
    },
    async takeOut(url) {
      rotation.splice(rotation.indexOf(url), 1);
      const requests = underWay.get(url);
      if (requests) await Promise.all(requests);
    },
  };
}

export async function send(
  url: string,
  method: "GET" | "PUT",
  path: string,
  body?: object,
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    ...(body && {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  });
  return { status: response.status, body: await response.json() };
}
