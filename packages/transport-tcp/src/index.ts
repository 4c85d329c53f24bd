export { createTcpTransport } from "./transport.js";
export type { TcpTransport } from "./transport.js";
export type { SocketFactory, TcpTransportOptions } from "./options.js";
export { PeerRejected } from "./errors.js";
export type { RejectionCode } from "./errors.js";
