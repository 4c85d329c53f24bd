// What the playground and the dashboard draw alike.
export { classes, termClass } from "./class-names.js";
export { Fields } from "./fields.js";
export { LogTable } from "./logs.js";
export type { LogEntryPicture, LogPicture } from "./logs.js";
export { onPress } from "./press.js";
export { useRedraw } from "./redraw.js";
export { CROWN, EDGE_RADIUS, placeOf, RingLink, RingNode, RingPicture } from "./ring.js";
export type { Point } from "./ring.js";
