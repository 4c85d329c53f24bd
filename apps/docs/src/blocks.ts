// The blocks of code in a page. A block of TypeScript names its file: ```ts file=PATH shows all of
// it, ```ts from=PATH a part. So what a page shows is compiled and run where it lives.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Block {
  readonly language: string;
  /** `file` or `from`, and the path in the repository. */
  readonly source: { readonly kind: "file" | "from"; readonly path: string } | undefined;
  readonly code: string;
}

const FENCE = /^```(\w*)(?: (file|from)=(\S+))?[^\n]*\n([\s\S]*?)^```$/gm;

export function blocksIn(text: string): readonly Block[] {
  return [...text.matchAll(FENCE)].map(([, language = "", kind, path = "", code = ""]) => ({
    language,
    source: kind === "file" || kind === "from" ? { kind, path } : undefined,
    code,
  }));
}

/** The page, with whole files as they are now. */
export function filled(root: string, text: string): string {
  return text.replaceAll(FENCE, (block, language: string, kind: string, path: string) =>
    kind === "file"
      ? `\`\`\`${language} file=${path}\n${readFileSync(join(root, path), "utf8")}\`\`\``
      : block,
  );
}
