/** Takes the steps of a deploy in order, and says how far it got when one fails. */
import { DeployFailure } from "./failure.ts";

/** Takes a step that comes before all functions. Its failure says that no function has changed. */
export async function takeStep(
  step: string,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  try {
    signal.throwIfAborted();
    await work();
  } catch (failure) {
    throw describeHalt(`${step}: ${toMessage(failure)}\nNo function has changed`, failure);
  }
}

/** Works on functions one by one. A failure says which are done and which were not begun. */
export async function takeEach<T extends { slug: string }>(
  all: T[],
  signal: AbortSignal,
  work: (one: T) => Promise<void>,
): Promise<void> {
  const slugs = all.map(({ slug }) => slug);
  for (const [i, one] of all.entries()) {
    let begun = 0;
    try {
      signal.throwIfAborted();
      begun = 1;
      await work(one);
    } catch (failure) {
      const [done, left] = [slugs.slice(0, i), slugs.slice(i + begun)]
        .map((some) => some.join(", ") || "none");
      throw describeHalt(`${toMessage(failure)}\ndone: ${done}; not begun: ${left}`, failure);
    }
  }
}

function describeHalt(message: string, cause: unknown): DeployFailure {
  const kind = cause instanceof DeployFailure ? cause.kind : "failed";
  return new DeployFailure(`${message}\nThe same command again does the rest`, kind, { cause });
}

function toMessage(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
