/**
 * How a runtime and the process that started it speak: an order on standard input, an address on
 * standard output. When the input ends, so does the runtime, however its parent came to its end.
 */

/** Reads the order, one line of JSON; from then on the end of the input ends this process. */
export async function readOrder<T>(): Promise<T> {
  const reader = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
  let line = "";
  while (!line.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) Deno.exit();
    line += value;
  }
  reader.read().finally(() => Deno.exit());
  return JSON.parse(line);
}

/** Says where this process listens. */
export function reportAddress({ port }: { port: number }): void {
  console.log(`http://127.0.0.1:${port}`);
}
