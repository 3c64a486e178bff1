/** `deno task serve --watch`: which changes start the process again. */
import { assertEquals } from "@std/assert";
import { runWithRestarts } from "../../tools/serve/restarts.ts";

const DEADLINE_MS = 30_000;

Deno.test("starts the process again after a change, and stops it at the end", async () => {
  await Deno.mkdir(".local", { recursive: true });
  const folder = await Deno.makeTempDir({ dir: ".local" });
  const stop = new AbortController();
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  deadline.addEventListener("abort", () => stop.abort());
  const firsts: boolean[] = [];
  const exits: (string | null)[] = [];
  const started: (() => void)[] = [];
  const isStarted = () => new Promise<void>((resolve) => started.push(resolve));

  let hasStarted = isStarted();
  const running = runWithRestarts({
    start: async (isFirst) => {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["eval", "console.log(1); setInterval(() => {}, 1000)"],
        stdout: "piped",
      }).spawn();
      const reader = child.stdout.getReader();
      await reader.read(); // it runs
      child.status.then(({ signal }) => exits.push(signal));
      child.status.then(() => reader.cancel());
      firsts.push(isFirst);
      started.shift()?.();
      return child;
    },
    paths: [folder, `${folder}/missing`],
    ignored: /ignored/,
    signal: stop.signal,
  });
  await hasStarted;

  hasStarted = isStarted();
  await Deno.writeTextFile(`${folder}/module.ts`, "1");
  await hasStarted;
  assertEquals([firsts, exits], [[true, false], ["SIGTERM"]]);

  stop.abort();
  await running;
  assertEquals([firsts.length, exits], [2, ["SIGTERM", "SIGTERM"]]);
  deadline.throwIfAborted();
  await Deno.remove(folder, { recursive: true });
});
