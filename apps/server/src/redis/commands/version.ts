/** What HELLO and INFO say. */
export const SERVER_NAME = "raftkit";
/** Of Redis: clients choose what they send by it. */
export const SERVER_VERSION = "7.0.0";
