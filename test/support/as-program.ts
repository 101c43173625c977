/**
 * Runs the main function of a script that people start: its exit code, or 1 and a sentence where it
 * throws, as people have no use for a stack trace.
 */
export async function asProgram(main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
