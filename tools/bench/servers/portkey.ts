/** Starts Portkey's gateway, a Node program, and stops it when this process ends. */
import { readConsumptionOf, reportToParent } from "../parent.ts";

const START_MS = 20_000;
const RETRY_MS = 100;

const [program] = Deno.args;
const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const { port } = listener.addr;
listener.close();
const gateway = new Deno.Command("node", {
  args: [program!, `--port=${port}`, "--headless"],
  env: { NODE_ENV: "production" },
  stdin: "null",
  stdout: "null",
  stderr: "null",
}).spawn();
try {
  await untilListening();
} catch (error) {
  gateway.kill();
  throw error;
}
await reportToParent(port, {
  readConsumption: () => readConsumptionOf([gateway.pid]),
  async stop() {
    gateway.kill();
    await gateway.status;
  },
});

async function untilListening(): Promise<void> {
  const deadline = AbortSignal.timeout(START_MS);
  for (;;) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/`, { signal: deadline });
      return await response.body?.cancel();
    } catch (error) {
      if (deadline.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
