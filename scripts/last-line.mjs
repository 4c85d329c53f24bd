// Of a program that dies of an error that nobody caught, the last line is the reason too: Node's
// own is its version.
process.once("uncaughtException", (error) => {
  console.error(error);
  console.error(`failed: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
  process.exit(1);
});
