// The suite for transports is proven: each transport that reaches too far or lasts too long fails
// first in the case that names its mistake.
import { transportSuite } from "../../src/transport/suite.js";
import { proveSuite } from "../support/caught.js";
import { wrongLasting } from "../wrong/transports-lasting.js";

proveSuite(transportSuite, wrongLasting);
