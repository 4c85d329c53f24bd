// The suite for codecs, in the order in which it is best read.
import type { Codec } from "@raftkit/core";
import type { Suite } from "../suite.js";
import { lookalikeCases } from "./lookalikes.js";
import { borrowingCases, ownershipCases } from "./ownership.js";
import { refusalCases } from "./refusals.js";
import { largeCases, roundTripCases } from "./round-trip.js";

/**
 * What a `Codec` promises (`@raftkit/core`, ports). Its subject is the codec. Capability:
 * `deterministic`, the same value always gives the same bytes.
 */
export const codecSuite: Suite<Codec> = [
  ...roundTripCases,
  ...ownershipCases,
  ...refusalCases,
  ...largeCases,
  ...lookalikeCases,
  ...borrowingCases,
];
