// The suite for transports is proven: each transport that is wrong inside fails first in the case
// that names its mistake.
import { transportSuite } from "../../src/transport/suite.js";
import { proveSuite } from "../support/caught.js";
import { wrongWays } from "../wrong/transport-ways.js";

proveSuite(transportSuite, wrongWays);
