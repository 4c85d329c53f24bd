// Outgoing and incoming messages: core's messages as frames, and frames as core's input.
import type {
  Codec,
  DropReason,
  Input,
  Message,
  NodeId,
  Peer,
  Sender,
  Transport,
  TransportHandler,
} from "@raftkit/core";
import { decodeFrame, encodeFrame } from "@raftkit/core";
import type { CounterName } from "./api.js";
import type { OperatorLog } from "./operator-log.js";
import type { OwnMembership } from "./own-membership.js";

export class Traffic {
  readonly #transport: Transport;
  readonly #codec: Codec;
  readonly #counters: Record<CounterName, number>;
  readonly #operatorLog: OperatorLog;
  readonly #own: OwnMembership;
  readonly #feed: (input: Input) => void;
  /** The peers that core wants to reach. */
  #peers: readonly Peer[] = [];
  #seeds: readonly string[] = [];

  constructor(
    { transport, codec }: { readonly transport: Transport; readonly codec: Codec },
    counters: Record<CounterName, number>,
    operatorLog: OperatorLog,
    own: OwnMembership,
    feed: (input: Input) => void,
  ) {
    this.#transport = transport;
    this.#codec = codec;
    this.#counters = counters;
    this.#operatorLog = operatorLog;
    this.#own = own;
    this.#feed = feed;
  }

  /** @param isListening until then and from then on nothing is heard */
  handler(isListening: () => boolean): TransportHandler {
    return {
      receive: (from, frame) => {
        if (isListening()) this.receive(from, frame);
      },
      met: (from) => {
        if (isListening()) this.#feed({ type: "met", from });
      },
      unreachable: (peer) => {
        if (isListening()) this.#feed({ type: "unreachable", peer });
      },
      rejected: (error) => {
        this.#own.onRejected(error);
        this.#operatorLog.rejected(error);
      },
    };
  }

  configure(peers: readonly Peer[]): void {
    this.#peers = peers;
    this.#seeds = this.#own.seeds;
    this.#transport.setPeers(this.#peers, this.#seeds);
  }

  /** This node may have found its cluster. */
  dial(): void {
    if (this.#own.seeds !== this.#seeds) this.configure(this.#peers);
  }

  send(to: NodeId, message: Message): void {
    const sent = this.#transport.send(to, encodeFrame(this.#codec, message));
    this.#counters[sent ? "messagesSent" : "messagesUnsent"]++;
    if (!sent && message.type === "forward") {
      this.#feed({ type: "forwardNotSent", firstSeq: message.firstSeq });
    }
  }

  receive(from: Sender, frame: Uint8Array): void {
    this.#counters.messagesReceived++;
    this.#operatorLog.leaderWatch.heard(from.id);
    const message = decodeFrame(this.#codec, frame);
    if (message) this.#feed({ type: "receive", from, message });
    else this.drop(from, "malformed", true);
  }

  drop(from: Sender, reason: DropReason | "malformed", disconnect: boolean): void {
    this.#counters.messagesDropped++;
    const why = this.#operatorLog.dropped(from, reason, disconnect);
    if (disconnect) this.#transport.disconnect(from, why);
  }
}
