// Writes to a file when it is told to, and says how large the file is a while later, and at the end.
// It reaches the file system as modules do.
import * as fs from "node:fs";

// The channel to who started it keeps no server alive.
setInterval(() => {}, 60_000);
const file = fs.openSync(process.argv[2], "w");

function tellSize(what, rounds) {
  fs.fstat(file, (_, { size }) => {
    if (rounds > 0) tellSize(what, rounds - 1);
    else process.send({ what, size });
  });
}

process.on("message", (message) => {
  if (message !== "write") return;
  fs.write(file, "text", () => fs.fdatasync(file, () => tellSize("written", 0)));
  // Each one is answered by the same threads that write.
  tellSize("meanwhile", 20);
});
process.send({ what: "ready" });
