/** `deno task serve --watch`: which changes start the process again. */
import { assertEquals } from "@std/assert";
import { HOPELESS, runWithRestarts } from "../../tools/serve/restarts.ts";

const DEADLINE_MS = 30_000;

Deno.test("starts the process again after a change, and stops it at the end", async () => {
  await Deno.mkdir(".local", { recursive: true });
  const folder = await Deno.realPath(await Deno.makeTempDir({ dir: ".local" }));
  await Deno.mkdir(`${folder}/functions`);
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
    root: folder,
    paths: [`${folder}/functions`, `${folder}/prompts`, `${folder}/.env`],
    ignored: /ignored/,
    signal: stop.signal,
  });
  await hasStarted;

  const changes: Record<string, () => Promise<void>> = {
    "a file is written": () => Deno.writeTextFile(`${folder}/functions/module.ts`, "1"),
    "a folder appears": () => Deno.mkdir(`${folder}/prompts`),
    "a file in a new folder": () => Deno.writeTextFile(`${folder}/prompts/support.md`, "Hi"),
    "a file appears": () => Deno.writeTextFile(`${folder}/.env`, "A=1"),
    "a file is replaced": async () => {
      await Deno.writeTextFile(`${folder}/.env.new`, "A=2");
      await Deno.rename(`${folder}/.env.new`, `${folder}/.env`);
    },
    "a replaced file is written": () => Deno.writeTextFile(`${folder}/.env`, "A=3"),
  };
  for (const [change, make] of Object.entries(changes)) {
    const before = firsts.length;
    hasStarted = isStarted();
    await Deno.writeTextFile(`${folder}/other.ts`, change); // it does not count
    await make();
    await hasStarted;
    assertEquals([firsts.length, firsts.at(-1)], [before + 1, false], change);
  }

  stop.abort();
  await running;
  assertEquals(firsts.length, 1 + Object.keys(changes).length);
  assertEquals(exits, firsts.map(() => "SIGTERM"));
  deadline.throwIfAborted();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("ends when the process ends in a way that no change can help", async () => {
  await Deno.mkdir(".local", { recursive: true });
  const folder = await Deno.makeTempDir({ dir: ".local" });
  const code = await runWithRestarts({
    start: () => {
      const args = ["eval", `Deno.exit(${HOPELESS})`];
      return Promise.resolve(new Deno.Command(Deno.execPath(), { args }).spawn());
    },
    root: folder,
    paths: [],
    ignored: /ignored/,
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  assertEquals(code, HOPELESS);
  await Deno.remove(folder);
});
