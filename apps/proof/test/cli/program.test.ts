// Called wrongly, a command does nothing, says why on standard error, and ends with 2.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { createProgram, main } from "../../src/cli/program.js";
import { workspaceRoot } from "../../src/workspace.js";

/** In place of the repository: whatever went on would find nothing to work on. */
let nothing = "";
let said = "";
let complained = "";
beforeEach(() => {
  nothing = mkdtempSync(join(tmpdir(), "raftkit-nothing-"));
  said = complained = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    said += String(text);
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    complained += String(text);
    return true;
  });
  vi.spyOn(console, "error").mockImplementation((text) => {
    complained += `${text}\n`;
  });
  return () => {
    vi.restoreAllMocks();
    rmSync(nothing, { recursive: true });
  };
});

describe("called wrongly", () => {
  test.each([
    [["rulse"], /unknown command 'rulse' \(Did you mean rules\?\); the parts are rules, .*, all;/],
    [["--onyl", "rules"], /unknown option '--onyl' \(Did you mean --only\?\)/],
    [["--only", "nothing"], /'nothing' is invalid\. Allowed choices are tests, rules, /],
    [["all", "--quick", "--quick"], /option '--quick' was given twice/],
    [["rules", "--sees", "3"], /unknown option '--sees' \(Did you mean .*--seeds/],
    [["rules", "--seeds"], /option '--seeds <n>' argument missing/],
    [["rules", "--seeds", "0"], /'0' is invalid\. Allowed: a whole number from 1 on/],
    [["rules", "--seeds", "1.5"], /'1\.5' is invalid/],
    [["rules", "--seed", "-1"], /'-1' is invalid\. Allowed: a whole number from 0 on/],
    [["rules", "R31"], /'R31' is invalid for argument 'rule'\. It has no scenario; .*R01, R02/],
    [["rules", "--rule", "R31"], /'R31' is invalid/],
    [["rules", "--seed", "1", "--seed=2"], /option '--seed <n>' was given twice/],
    [["rules", "--faults", "--faults"], /option '--faults' was given twice/],
    [["simulate", "--sedes", "3"], /unknown option '--sedes' \(Did you mean --seeds\?\)/],
    [["simulate", "--seeds", "many"], /'many' is invalid\. Allowed: .* from 1 to 1000000000/],
    [["simulate", "--simulation", "node"], /'node' is invalid\. Allowed choices are core, cluster/],
    [["simulate", "--tier", "3"], /'3' is invalid\. Allowed choices are 1, 2/],
    [["simulate", "--tier", "1", "--simulation", "core"], /cannot be used with/],
    [["simulate", "--seed", "3", "--seeds", "5"], /'--seed <n>' cannot be used with .*'--seeds/],
    [["simulate", "7"], /too many arguments/],
    [["packages", "--wrong"], /unknown option '--wrong'/],
    [["packages", "--keep"], /option '--keep <dir>' argument missing/],
    [["packages", "--keep", "/"], /: --keep: \/ isn't empty; name another folder; --help/],
    [["hazards", "--wrong"], /unknown option '--wrong'/],
    [["hazards", "--json"], /option '--json <file>' argument missing/],
    [["mutants", "--wrong"], /unknown option '--wrong'/],
    [["mutants", "core-1"], /: no mutant "core-1"; --list names them all; --help/],
    [["mutants", "--only", "core-1"], /no mutant "core-1"/],
    [["mutants", "--package", "nothing"], /'nothing' is invalid\. Allowed choices are core, /],
    [["mutants", "core-01", "--package", "raftkit"], /none of core-01 is in the package "raftkit"/],
    [["mutants", "--seeds", "many"], /'many' is invalid\. Allowed: a whole number from 1 /],
  ])("%j", async (args, complaint) => {
    expect(await main(args, nothing)).toBe(2);
    expect(complained).toMatch(complaint);
    expect(complained).toMatch(/^raftkit-proof: .+; --help tells what is allowed\n$/);
    expect(said).toBe("");
  });
});

test.each([
  [["hazards"], /ENOENT: no such file or directory, open '.*hazards\.md'/],
  [["mutants", "core-01"], /ENOENT: .*package\.json'/],
])("%j, with nothing to work on, fails and says why", async (args, reason) => {
  await expect(main(args, nothing)).rejects.toThrow(reason);
});

test("packages aren't kept inside the workspace", async () => {
  expect(await main(["packages", "--keep", join(nothing, "dist")], nothing)).toBe(2);
  expect(complained).toMatch(
    /^raftkit-proof: --keep: .*dist is inside the workspace; name a folder outside; --help tells what is allowed\n$/,
  );
});

test("a rule is named as an argument or by --rule, in any case", async () => {
  vi.spyOn(console, "log").mockImplementation((text) => {
    said += `${text}\n`;
  });
  expect(await main(["rules", "r07", "--rule", "R08", "--seed=30"])).toBe(0);
  expect(said).toMatch(/^R07 .*\n(.*\n)*R08 .*\n(.*\n)*\n2 passed, 0 failed, with seed 30\n$/m);
});

test("every command has help with its options' bounds, examples and exit codes", async () => {
  for (const { name } of createProgram(() => {}, "").commands.map((one) => ({
    name: one.name(),
  }))) {
    said = "";
    expect(await main([name, "--help"])).toBe(0);
    expect(said, name).toMatch(/Examples?:\n(.|\n)*Exit codes: 0 /);
  }
});

test("the help of them all names --quick, which belongs to the default part", async () => {
  expect(await main(["--help"])).toBe(0);
  expect(said).toMatch(/npm run proof -- --quick +everything, with fewer /);
});

test("an option that Vitest doesn't know is refused in one line", () => {
  const program = join(workspaceRoot, "apps/proof/dist/cli/main.js");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [program, "conformance", "--foo"],
    { encoding: "utf8" },
  );
  expect({ status, stdout, stderr }).toEqual({
    status: 2,
    stdout: "",
    stderr: "raftkit-proof: Unknown option `--foo`; npx vitest --help tells Vitest's options\n",
  });
});
