/**
 * How a runtime and the process that started it talk: the runtime reads one order from its standard
 * input and writes its URL to its standard output. When the input ends, the runtime ends, so that it
 * never outlives the process that started it.
 */

/** Reads the order, one line of JSON. After that, the end of the input ends this process. */
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

/** Writes the URL at which this process listens. */
export function reportUrl({ port }: { port: number }): void {
  console.log(`http://127.0.0.1:${port}`);
}
