/** Where log lines go. */

/** How late a line may be written in batches, milliseconds. */
const BATCH_MS = 20;

let isBatching = false;
let waiting: string[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

/** Writes one line to the standard output; at once, unless {@link batchLogLines} was called. */
export function writeLogLine(line: string): void {
  if (!isBatching) return console.log(line);
  waiting.push(line);
  timer ??= setTimeout(flushLogLines, BATCH_MS);
}

/**
 * From now on lines are written together, up to 20 ms late, and before the process exits or ends with
 * an uncaught error. Only a process of its own may ask for this: a platform that stops an isolate after
 * the response would lose lines, and so does a process that is killed.
 */
export function batchLogLines(): void {
  isBatching = true;
  for (const event of ["unload", "error", "unhandledrejection"]) {
    globalThis.addEventListener(event, flushLogLines);
  }
}

/** Writes the lines that still wait. */
export function flushLogLines(): void {
  clearTimeout(timer);
  timer = undefined;
  if (waiting.length > 0) console.log(waiting.join("\n"));
  waiting = [];
}
