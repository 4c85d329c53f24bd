// The page's files. Nothing is read before somebody asks for it.
import { readFile } from "node:fs/promises";

/** The same seen from `src` and from `dist`. */
const FOLDER = new URL("../dist/page/", import.meta.url);

/** Names that the build gives; nothing else is looked for. */
const NAMES = /^\/(assets\/[\w-]+\.(css|js|svg)|icon\.svg)?$/;

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** Its own files, and its own server: nothing else may be loaded, asked, or put around it. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export interface PageFile {
  readonly headers: Readonly<Record<string, string>>;
  readonly content: Buffer;
}

/**
 * @param path of the request, such as `/`
 * @returns undefined: there is no such file, or the page isn't built
 */
export async function pageFile(path: string): Promise<PageFile | undefined> {
  if (!NAMES.test(path)) return undefined;
  const name = path === "/" ? "index.html" : path.slice(1);
  try {
    const content = await readFile(new URL(name, FOLDER));
    return {
      content,
      headers: {
        "content-type": TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "",
        // The others' names change with what is in them.
        "cache-control": name.startsWith("assets/") ? "max-age=31536000, immutable" : "no-cache",
        "content-security-policy": POLICY,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
      },
    };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
