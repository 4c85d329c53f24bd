import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { transformWithOxc } from "vite";
