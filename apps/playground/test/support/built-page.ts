// The page as it is published, built from the present sources, and a server for it.
import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
};

/** @returns its files: paths from its root, and what they hold */
export async function buildPage(): Promise<ReadonlyMap<string, Buffer>> {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const folder = join(root, "dist/tested-page");
  await build({
    configFile: join(root, "vite.config.ts"),
    root: join(root, "src"),
    logLevel: "warn",
    mode: "production",
    build: { outDir: folder, emptyOutDir: true },
  });
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  return new Map(
    files
      .filter((file) => file.isFile())
      .map((file) => join(file.parentPath, file.name))
      .map((path) => [path.slice(folder.length), readFileSync(path)]),
  );
}

export interface Served {
  readonly url: string;
  close(): void;
}

export async function serve(files: ReadonlyMap<string, Buffer>): Promise<Served> {
  const server = createServer(({ url = "/" }, response) => {
    const path = url === "/" ? "/index.html" : url;
    const content = files.get(path);
    if (!content) response.writeHead(404).end();
    else response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "" }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}
