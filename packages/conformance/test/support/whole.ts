// How much of the suites a run proves. `npm test` takes what tells that a case still works: each
// wrong adapter against its case and those that this one builds on. With RAFTKIT_WHOLE_SUITES=1, as
// the proof sets it, each meets all cases before its own, too, and the transports that are slow are
// as slow as the README promises.

const NAME = "RAFTKIT_WHOLE_SUITES";

export const isWhole: boolean = process.env[NAME] === "1";

/** For who reads the output. */
export const whatRuns: string = isWhole
  ? `conformance: ${NAME}=1: each wrong adapter runs through every case before the one that catches it`
  : `conformance: each wrong adapter runs through the case that catches it and those that it builds on; ${NAME}=1 takes every case before it`;
