// StrykerJS over @raftkit/core: `npm run proof -- mutation`. Every operator, bound and branch is changed in
// turn, and core's own tests must notice. It works on a copy in an ignored folder, talks to nobody,
// and needs no compiler: types are taken off by the test runner.

/** @type {import("@stryker-mutator/core").PartialStrykerOptions} */
export default {
  mutate: ["packages/core/src/**/*.ts"],
  testRunner: "vitest",
  vitest: { configFile: "apps/proof/mutation.vitest.config.ts", related: false },
  plugins: ["@stryker-mutator/vitest-runner"],
  coverageAnalysis: "perTest",
  concurrency: 2,
  ignorePatterns: [
    "**",
    "!packages/core/**",
    "!apps/proof/mutation.vitest.config.ts",
    "!vitest.config.ts",
    "!package.json",
    "!tsconfig.base.json",
    "node_modules",
    "packages/core/dist",
  ],
  tsconfigFile: "none",
  incremental: false,
  allowConsoleColors: false,
  checkers: [],
  warnings: {
    unknownOptions: true,
    preprocessorErrors: true,
    unserializableOptions: true,
    slow: true,
  },
  reporters: ["clear-text", "json", "html"],
  clearTextReporter: {
    allowColor: false,
    logTests: false,
    reportTests: false,
    reportMutants: false,
    reportScoreTable: true,
  },
  jsonReporter: { fileName: "coverage/mutation/mutation.json" },
  htmlReporter: { fileName: "coverage/mutation/index.html" },
  tempDirName: "coverage/stryker",
  timeoutMS: 15_000,
  thresholds: { high: 90, low: 80, break: null },
};
