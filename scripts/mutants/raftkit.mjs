// Faults in raftkit, the runtime. One changed place each.

/** @type {readonly import("./list.mjs").Mutant[]} */
export const raftkit = [
  { id: "raftkit-01", file: "packages/raftkit/src/log-lane.ts", find: "        await storage.write(operations);\n", replace: "        await Promise.race([storage.write(operations), Promise.resolve()]);\n", why: "core hears of a write that isn't durable (hazard 1)" },
  { id: "raftkit-02", file: "packages/raftkit/src/log-lane.ts", find: "        onError(error);\n        return;", replace: "        onError(error);\n        continue;", why: "the log is written to after a write failed (hazard 47)" },
  { id: "raftkit-03", file: "packages/raftkit/src/log-lane.ts", find: "        onError(error);\n        return;", replace: "        void error;\n        return;", why: "a write's failure is swallowed (hazard 48)" },
  { id: "raftkit-04", file: "packages/raftkit/src/log-lane.ts", find: "if (!writing) void write();", replace: "void write();", why: "writes overlap" },
  { id: "raftkit-05", file: "packages/raftkit/src/log-lane.ts", find: "next = bytes < JOINED_BYTES_MAX ? waiting.shift() : undefined)", replace: "next = waiting.shift())", why: "a joined write has no bound (hazard 50)" },
  { id: "raftkit-06", file: "packages/raftkit/src/machine-lane.ts", find: "          if (stopped) return;\n          lastApplied = index;", replace: "          lastApplied = index;", why: "a result is given out after the node was closed" },
  { id: "raftkit-07", file: "packages/raftkit/src/machine-lane.ts", find: "if (index <= lastApplied) run();", replace: "if (index <= lastApplied + 1) run();", why: "a read runs before the entry that it waited for is applied" },
  { id: "raftkit-08", file: "packages/raftkit/src/machine-lane.ts", find: "if (clock.now() > sliceEnd) {", replace: "if (clock.now() > sliceEnd + 60_000) {", why: "a long apply blocks heartbeats (hazard 51)" },
  { id: "raftkit-09", file: "packages/raftkit/src/machine-lane.ts", find: "const result = outcome instanceof Promise ? await outcome : outcome;", replace: "const result = await Promise.race([outcome, Promise.resolve(undefined as R)]);", why: "the next entry is applied before a slow apply ended (hazard 58)" },
  { id: "raftkit-10", file: "packages/raftkit/src/proposals.ts", find: "  if (proposal.term === term) proposal.succeed(result);", replace: "  if (proposal.term <= term) proposal.succeed(result);", why: "a proposal gets the result of another leader's entry (R22)" },
  { id: "raftkit-11", file: "packages/raftkit/src/proposals.ts", find: "this.fail(this.handedOver ?", replace: "this.fail(this.term > 0 ?", why: "not proposed is said of what was sent and may be applied (R22)" },
  { id: "raftkit-12", file: "packages/raftkit/src/proposals.ts", find: "if (kept?.index === index) settle", replace: "if (kept !== undefined) settle", why: "a proposal gets a result that was kept for an earlier index" },
  { id: "raftkit-13", file: "packages/raftkit/src/proposals.ts", find: "      if (!proposal) this.#placed.delete(index);\n", replace: "", why: "proposals that timed out pile up (hazard 55)" },
  { id: "raftkit-14", file: "packages/raftkit/src/deadlines.ts", find: "() => clock.defer(() => onTimer(timeoutMs, queue))", replace: "() => onTimer(timeoutMs, queue)", why: "after a stall calls time out although their answers have arrived (hazard 62)" },
  { id: "raftkit-15", file: "packages/raftkit/src/node.ts", find: "      this.#timer = null;\n      this.#requestTurn();", replace: "      this.#timer = null;\n      this.#feed({ type: \"tick\" });", why: "after a stall an election begins before the leader's waiting messages are read (hazard 62)" },
  { id: "raftkit-16", file: "packages/raftkit/src/node.ts", find: "    if (!sent && message.type === \"forward\")", replace: "    if (!sent && message.type === \"forward\" && message.firstSeq < 0)", why: "what certainly was not sent is not known to be so" },
  { id: "raftkit-17", file: "packages/raftkit/src/node.ts", find: "      if (data.length > maxCommandBytes) throw", replace: "      if (data.length > maxCommandBytes * 2) throw", why: "a command is accepted that no message can carry (hazard 59)" },
  { id: "raftkit-18", file: "packages/raftkit/src/node.ts", find: "this.#machineLane.whenApplied(noopIndex, () => {", replace: "this.#machineLane.whenApplied(0 * noopIndex, () => {", why: "a reign begins before the local state is new enough" },
  { id: "raftkit-19", file: "packages/raftkit/src/node.ts", find: "    this.#leadership.end();\n    if", replace: "    if", why: "a deposed leader's signal isn't aborted" },
  { id: "raftkit-20", file: "packages/raftkit/src/node.ts", find: "    if (disconnect) this.#options.transport.disconnect(from);", replace: "    if (disconnect && reason === \"impossible\") this.#options.transport.disconnect(from);", why: "who sends rubbish stays connected" },
  { id: "raftkit-21", file: "packages/raftkit/src/reads.ts", find: "...[...this.#asked.values()].flat(), ...this.#running]", replace: "...[...this.#asked.values()].flat()]", why: "a query that hangs outlives its node" },
];
