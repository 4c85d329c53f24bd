// The suite for transports is proven: each transport that is wrong outside fails first in the case
// that names its mistake.
import { transportSuite } from "../../src/transport/suite.js";
import { proveSuite } from "../support/caught.js";
import { wrongWrappers } from "../wrong/transport-wrappers.js";

proveSuite(transportSuite, wrongWrappers);
