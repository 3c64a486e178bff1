/** The embedded InsForge against recordings of a real one (tests/golden/backend.json). */

import { assert, assertEquals } from "@std/assert";
import { createEmbeddedInsForge } from "../../tools/local/insforge/mod.ts";
import { type Recording, replayBackend } from "../support/replay_backend.ts";

const KEYS = { anonKey: "anon_golden", apiKey: "ik_golden" };

Deno.test("the embedded InsForge returns what the real one returned, for every recorded request", async () => {
  let baseUrl = "";
  const insforge = await createEmbeddedInsForge({ baseUrl: () => baseUrl, ...KEYS });
  const server = serve(insforge.handler);
  baseUrl = addressOf(server);
  try {
    const differing = await replayBackend(await readRecording(), { baseUrl, ...KEYS });
    assertEquals(differing.map(({ step, differences }) => [step.name, ...differences]), []);
  } finally {
    await server.shutdown();
    await insforge.close();
  }
});

Deno.test("the replay reports a different status, header or body", async () => {
  const { steps } = await readRecording();
  const answered = steps.filter(({ response }) => response !== undefined);
  await using server = serve(() => Response.json({ wrong: true }, { status: 299 }));
  const differing = await replayBackend(
    { steps: answered.slice(0, 1) },
    { baseUrl: addressOf(server), ...KEYS },
  );
  const differences = differing.flatMap((each) => each.differences);
  assert(differences.includes("status 299, recorded 200"));
  assert(differences.includes("body/passwordMinLength: undefined, recorded 6"));
  assert(differences.includes("body/wrong: true, recorded undefined"));
});

async function readRecording(): Promise<Recording> {
  const file = new URL("../golden/backend.json", import.meta.url);
  return JSON.parse(await Deno.readTextFile(file));
}

function serve(handler: (request: Request) => Response | Promise<Response>) {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
}

function addressOf({ addr }: Deno.HttpServer<Deno.NetAddr>): string {
  return `http://127.0.0.1:${addr.port}`;
}
