// What restarts leave behind: nothing.
import { expect, test } from "vitest";
import { bytes, countedResources, deliver, dial, hello, local, meet, open, until } from "./help.js";

test("five restarts leave no timer: of handshakes, pauses, signs of life and last words", async () => {
  const { clock, timers } = countedResources();
  for (let run = 1; run <= 5; run++) {
    const patient = { handshakeTimeoutMs: 60_000, idleTimeoutMs: 60_000, clock };
    const [a, b] = [
      await open(local("a", { run }), patient),
      await open(local("b", { run }), patient),
    ];
    meet(a, b);
    await deliver(a, "b", bytes(1));
    await deliver(b, "a", new Uint8Array(200_000));
    await until("both heard", () => a.frames.length === 1 && b.frames.length === 1);
    const stranger = dial(a); // never introduces itself
    const refused = dial(a); // is refused, and stays
    refused.socket.write(hello("c", { clusterId: "blue" }));
    await until("it was refused", () => a.rejected.length === 1);
    a.transport.setPeers(
      [
        { id: "b", address: b.transport.address() },
        { id: "dead", address: "127.0.0.1:1" },
      ],
      [],
    );
    await until("the dead one is being waited for", () => a.unreachable.includes("dead"));
    a.transport.disconnect(local("b", { run }));
    expect(timers.size).toBeGreaterThan(0);
    await Promise.all([a.transport.close(), b.transport.close()]);
    stranger.socket.destroy();
    refused.socket.destroy();
    expect(timers.size).toBe(0);
  }
});
