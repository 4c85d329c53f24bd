// Errors are told apart by their codes, those of the platform too.

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
