/** The expected failures of a deploy, and their exit codes. */

/** The exit codes of InsForge's own CLI, and the shell's exit code for an interruption. */
export const EXIT_CODES = {
  failed: 1,
  noKey: 2,
  notLinked: 3,
  notFound: 4,
  refused: 5,
  interrupted: 130,
} as const;

/** An expected failure. Its message says what happened and what to do; `kind` is for programs. */
export class DeployFailure extends Error {
  override readonly name = "DeployFailure";

  constructor(
    message: string,
    readonly kind: keyof typeof EXIT_CODES = "failed",
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
