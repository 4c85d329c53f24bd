export { createHttpTransport } from "./transport.js";
export type { HttpTransport } from "./transport.js";
export type { HttpTransportOptions, RequestHeaders } from "./options.js";
export type { Fetch, HttpClock } from "./defaults.js";
export { PeerRejected } from "./errors.js";
export type { PeerRejectedCode } from "./errors.js";
