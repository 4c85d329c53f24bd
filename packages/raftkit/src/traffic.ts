// Messages on their way out and in: what core says as frames, and frames as core's input.
import type {
  Codec,
  DropReason,
  Input,
  Message,
  NodeId,
  Sender,
  Transport,
  TransportHandler,
} from "@raftkit/core";
import { decodeFrame, encodeFrame } from "@raftkit/core";
import type { CounterName } from "./api.js";
import type { OperatorLog } from "./operator-log.js";

export class Traffic {
  readonly #transport: Transport;
  readonly #codec: Codec;
  readonly #counters: Record<CounterName, number>;
  readonly #operatorLog: OperatorLog;
  readonly #feed: (input: Input) => void;

  constructor(
    { transport, codec }: { readonly transport: Transport; readonly codec: Codec },
    counters: Record<CounterName, number>,
    operatorLog: OperatorLog,
    feed: (input: Input) => void,
  ) {
    this.#transport = transport;
    this.#codec = codec;
    this.#counters = counters;
    this.#operatorLog = operatorLog;
    this.#feed = feed;
  }

  /** @param isListening until then and from then on nothing is heard */
  handler(isListening: () => boolean): TransportHandler {
    return {
      receive: (from, frame) => {
        if (isListening()) this.receive(from, frame);
      },
      met: () => undefined,
      unreachable: (peer) => {
        if (isListening()) this.#feed({ type: "unreachable", peer });
      },
      rejected: (error) => this.#operatorLog.rejected(error),
    };
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
