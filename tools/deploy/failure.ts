/** How a deploy ends before its end. */

/** The exit codes of InsForge's own CLI, and the shell's for an interruption. */
export const EXIT_CODES = {
  failed: 1,
  noKey: 2,
  notLinked: 3,
  notFound: 4,
  refused: 5,
  interrupted: 130,
} as const;

/** An expected end: its message says what happened and what can be done, its name what a program reads. */
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
