// Loaded into every server process before the server: ends it when the cluster's process is gone,
// however that ended. A server that nobody watches any more would keep its ports and its directory.
// Until then it lets that process cut its links and slow its disk.
import { obeyCuts } from "./cut-links.js";
import { obeySlowDisk } from "./slow-disk.js";

process.on("disconnect", () => process.exit(1));
obeyCuts();
obeySlowDisk();
// Listening must not keep the process.
process.channel?.unref();
