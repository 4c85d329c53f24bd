// The suite for transports is proven: each transport that breaks the parts of a snapshot, and nothing
// before it, fails first in the case that sends one.
import { transportSuite } from "../../src/transport/suite.js";
import { proveSuite } from "../support/caught.js";
import { wrongInstalls } from "../wrong/transports-installs.js";

proveSuite(transportSuite, wrongInstalls);
