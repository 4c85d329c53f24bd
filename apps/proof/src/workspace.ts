// Where the repository is: as far from `src` as from `dist`.
import { fileURLToPath } from "node:url";

export const workspaceRoot = fileURLToPath(new URL("../../../", import.meta.url));
