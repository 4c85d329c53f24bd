// The suite for transports is proven: each transport that is wrong about seeds fails first in the
// case that names its mistake.
import { transportSuite } from "../../src/transport/suite.js";
import { proveSuite } from "../support/caught.js";
import { wrongSeeds } from "../wrong/transports-seeds.js";

proveSuite(transportSuite, wrongSeeds);
