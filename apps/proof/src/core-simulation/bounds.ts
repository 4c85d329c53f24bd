// How much a node lets pile up, against what its options allow: in its windows towards peers, in
// one message, in forwards without an answer, and in what it has not committed.
import type { Message } from "@raftkit/core";
import type { Member, World } from "./world.js";

/**
 * Between two answers of a peer a message leaves only while its window isn't full; a message holds
 * more than its limit only for one large entry.
 */
export function measureWindow(
  world: World,
  member: Member,
  to: number,
  message: Extract<Message, { readonly type: "appendEntries" }>,
): void {
  const peer = member.unanswered[to];
  if (!peer || message.entries.length === 0) return;
  const { maxInflightMessages, maxInflightBytes, maxMessageBytes } = world.settings.options;
  const { measured } = world.invariants;
  measured(member, "bytes without an answer", peer.bytes + 1, maxInflightBytes);
  let bytes = 0;
  let entries = 0;
  for (const run of message.entries) {
    bytes += run.bytes.length;
    entries += run.count;
  }
  if (entries > 1) measured(member, "bytes in one message", bytes, maxMessageBytes);
  peer.messages++;
  peer.bytes += bytes;
  measured(member, "messages without an answer", peer.messages, maxInflightMessages);
}

/** Each forward that was sent waits for its answer. */
export function measureForwards(world: World, member: Member): void {
  world.invariants.measured(
    member,
    "forwards without an answer",
    member.forwards.size,
    world.settings.options.maxInflightMessages,
  );
}

export function measureUncommitted(world: World, member: Member): void {
  const { log, commitIndex } = member;
  world.invariants.measured(
    member,
    "uncommitted bytes",
    log.bytes(log.lastIndex) - log.bytes(commitIndex),
    world.settings.options.maxUncommittedBytes,
  );
}
