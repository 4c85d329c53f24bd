// The dashboard for whoever serves it: the built page, and what the page is sent.
export { happeningsBetween } from "./happenings.js";
export { pageFile } from "./page-files.js";
export type { PageFile } from "./page-files.js";
export { raftViewSchema } from "./raft-view.js";
export { runCharts } from "./run-charts.js";
export type { RunCharts } from "./run-charts.js";
export type * from "./run-figures.js";
export type * from "./view.js";
