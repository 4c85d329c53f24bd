// Settings to a running node: which transport, storage and codec. The one place that knows all
// adapters.
import { createJsonCodec } from "@raftkit/codec-json";
import { createMsgpackCodec } from "@raftkit/codec-msgpack";
import type { Codec, LogStorage, SnapshotStorage, Transport } from "@raftkit/core";
import { createKv, kvCommandSchema } from "@raftkit/kv";
import type { KvChanges, KvCommand, KvResult } from "@raftkit/kv";
import { sessionsSchema, withSessions } from "@raftkit/sessions";
import { createFileLog, createFileSnapshots } from "@raftkit/storage-file";
import { createMemoryLog, createMemorySnapshots } from "@raftkit/storage-memory";
import { createMemoryNetwork } from "@raftkit/transport-memory";
import { createTcpTransport } from "@raftkit/transport-tcp";
import { createNode } from "raftkit";
import type { CreateInstruments, Logger } from "raftkit";
import { createListeningHttpTransport, peerUrl } from "./peer-http.js";
import { addressOf } from "./cli/parse.js";
import type { Settings } from "./cli/parse.js";
import type { KvNode } from "./kv-calls.js";
import { NUMBERS_KEPT } from "./kv-calls.js";
import { socketsVia } from "./peer-via.js";

export interface OpenContext {
  readonly logger: Logger;
  /** Connections that other nodes may open to this one. */
  readonly peerConnections: number;
  readonly instruments: CreateInstruments;
  /** Told of every change. */
  readonly changes: KvChanges;
  /** @returns the log to be used */
  readonly watchLog: (log: LogStorage, codec: Codec) => LogStorage;
}

/** Rejects with what `createNode` rejects with. */
export function openNode(settings: Settings, context: OpenContext): Promise<KvNode> {
  const { logger, instruments, changes } = context;
  const {
    id,
    clusterId,
    peers = [],
    alone,
    join,
    rejoin,
    transport,
    electionTimeoutMs,
    heartbeatMs,
    timeoutMs,
    maxLogBytes,
    snapshotAfterBytes,
    leaseDriftRate,
  } = settings;
  /** In the transport's notation. */
  const shown = (hostPort: string): string => (transport === "http" ? peerUrl(hostPort) : hostPort);
  const codec = codecs[settings.codec]();
  const { log, snapshots } = storages[settings.storage](settings, logger);
  return createNode({
    id,
    address: shown(addressOf(settings)),
    cluster: join
      ? { id: clusterId, join: join.map(shown), rejoin }
      : {
          id: clusterId,
          bootstrap: peers.map((peer) => ({ id: peer.id, address: shown(peer.address) })),
          alone,
        },
    transport: transports[transport](settings, context),
    storage: { log: context.watchLog(log, codec), snapshots },
    codec,
    stateMachine: withSessions(createKv({ changes }), { codec, maxUnanswered: NUMBERS_KEPT }),
    commandSchema: sessionsSchema<unknown, KvCommand, KvResult>(kvCommandSchema),
    electionTimeoutMs,
    heartbeatIntervalMs: heartbeatMs,
    defaultTimeoutMs: timeoutMs,
    ...(maxLogBytes !== undefined && { maxLogBytes }),
    ...(leaseDriftRate !== undefined && { leaseDriftRate }),
    snapshotAfterBytes,
    logger,
    instruments,
  });
}

/** A cluster may grow: there is a reserve for five nodes. */
const USUAL_NODES = 5;

export function nodesOf({ peers = [] }: Settings): number {
  return Math.max(USUAL_NODES, peers.length);
}

type TransportOf = (settings: Settings, context: OpenContext) => Transport;
const transports: Readonly<Record<Settings["transport"], TransportOf>> = {
  tcp: (settings, { peerConnections }) =>
    createTcpTransport({
      // Each other node has its place; twice as many as `maxStrangers` share the rest.
      maxStrangers: Math.floor((peerConnections - nodesOf(settings)) / 2),
      ...(settings.peerVia !== undefined && { sockets: socketsVia(settings) }),
    }),
  http: (_, { peerConnections }) => createListeningHttpTransport(peerConnections),
  memory: () => createMemoryNetwork().transport(),
};

const codecs: Readonly<Record<Settings["codec"], () => Codec>> = {
  msgpack: () => createMsgpackCodec(),
  json: () => createJsonCodec(),
};

interface Storage {
  readonly log: LogStorage;
  readonly snapshots: SnapshotStorage;
}

const storages: Readonly<
  Record<Settings["storage"], (settings: Settings, logger: Logger) => Storage>
> = {
  file: ({ data: directory }, logger) => {
    const onEvent = (event: { readonly type: string; readonly error?: unknown }): void =>
      event.error === undefined
        ? logger.info(event, `storage: ${event.type}`)
        : logger.warn({ ...event, err: event.error }, `storage: ${event.type}`);
    return {
      log: createFileLog({ directory, onEvent }),
      snapshots: createFileSnapshots({ directory, onEvent }),
    };
  },
  memory: () => ({ log: createMemoryLog(), snapshots: createMemorySnapshots() }),
};
