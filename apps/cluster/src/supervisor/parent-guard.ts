// Loaded into every server process before the server: ends it when the cluster's process is gone,
// however that ended. A server that nobody watches any more would keep its ports and its directory.
import { obeyCuts } from "./cut-links.js";

process.on("disconnect", () => process.exit(1));
obeyCuts();
