import { assert, assertEquals } from "@std/assert";
import handler, { aliases } from "../../functions/legacy-compat/index.ts";
import { mapConcurrently } from "../../shared/concurrency.ts";
import {
  assertRequests,
  createStage,
  playProxyCall,
  playSdkCall,
  type ProxyCall,
  type RecordedCall,
  type SdkCall,
  type Stage,
} from "../support/replay_ai.ts";

const functions = new Map(["legacy-compat", ...aliases].map((slug) => [slug, handler]));

/** Recorded calls with another number of attempts here, by the row of the page that says why. */
const ATTEMPTS: Record<string, { attempts: number; row: string }> = {
  "chat-errors/x-should-retry-false": { attempts: 3, row: "retried failed calls as OpenAI's SDK" },
  "chat-errors/x-should-retry-true-on-400": {
    attempts: 1,
    row: "retried failed calls as OpenAI's SDK",
  },
  "models/upstream-500": { attempts: 3, row: "did not retry the list of models" },
  "chat-response/choice-error-in-200": { attempts: 3, row: "reported an error that came with 200" },
  "images/error-object-in-200": { attempts: 3, row: "reported an error that came with 200" },
};

/** Recorded calls with another message here, by the row of the page that says why. */
const MESSAGES: Record<string, { message: string; row: string }> = {
  "models/upstream-500": {
    message: "Upstream AI models catalog is temporarily unavailable.",
    row: "named the status of a failed list of models",
  },
};

/** Recorded calls with another response here, by the row of the page that says why. */
const CHANGED: Record<string, string> = {
  "auth/chat-lower-case-bearer": "rejected `bearer` in lower case",
  "auth/chat-none-and-bad-json": "read the body before it checked the credential",
  "chat-validation/body-urlencoded": "accepted bodies of HTML forms",
  "chat-validation/body-urlencoded-nested-is-accepted": "accepted bodies of HTML forms",
  "chat-response/content-type-text-with-json-body": "believed the label of a response",
  "chat-stream-errors/answer-is-json-error-in-200": "believed the label of a response",
};

const proxyCalls = await readRecording<ProxyCall>("ai-proxy.json");
const sdkCalls = await readRecording<SdkCall>("ai-sdk.json");

for (const [category, calls] of Map.groupBy(proxyCalls, ({ category }) => category)) {
  Deno.test(`${category}: ${calls.length} recorded calls get the recorded responses`, async () => {
    await playAll(calls, playProxyCall);
  });
}

for (const [category, calls] of Map.groupBy(sdkCalls, ({ category }) => category)) {
  Deno.test(`${category}: ${calls.length} recorded calls of InsForge's SDK have the recorded outcome`, async () => {
    await playAll(calls, playSdkCall);
  });
}

Deno.test("docs/migrating-from-insforge-ai.md lists every recorded call that differs", async () => {
  const page = new URL("../../docs/migrating-from-insforge-ai.md", import.meta.url);
  const text = (await Deno.readTextFile(page)).replaceAll(/ +/g, " ");
  const adapted = [...Object.values(ATTEMPTS), ...Object.values(MESSAGES)];
  const rows = [...adapted.map(({ row }) => row), ...Object.values(CHANGED)];
  for (const row of rows) assert(text.includes(`\n| ${row}`), row);
  assert(text.includes(`${proxyCalls.length} calls recorded`), `${proxyCalls.length} calls`);
  assert(text.includes(`${sdkCalls.length} calls of the SDK`), `${sdkCalls.length} calls`);
});

async function readRecording<Call extends RecordedCall>(name: string): Promise<Call[]> {
  const text = await Deno.readTextFile(new URL(`../golden/${name}`, import.meta.url));
  const calls: Call[] = JSON.parse(text).cases;
  return calls.filter(({ name }) => !Object.hasOwn(CHANGED, name)).map(adapt);
}

/** Replaces the recorded attempts, and the recorded message, by those that are made here. */
function adapt<Call extends RecordedCall>(call: Call): Call {
  const { attempts } = ATTEMPTS[call.name] ?? {};
  const upstream = attempts ? Array(attempts).fill(call.upstream![0]) : call.upstream;
  const { message } = MESSAGES[call.name] ?? {};
  const { response } = call as Partial<ProxyCall>;
  if (!message || !response) return { ...call, upstream };
  const body = { ...response.body as Record<string, unknown>, message };
  return { ...call, upstream, response: { ...response, body } };
}

/**
 * Replays calls on separate stages, a few at a time; a call that follows another shares its stage.
 */
async function playAll<Call extends RecordedCall>(
  calls: Call[],
  play: (call: Call, stage: Stage) => Promise<void>,
): Promise<void> {
  const scenes: Call[][] = [];
  for (const call of calls) {
    if (call.after) scenes.at(-1)!.push(call);
    else scenes.push([call]);
  }
  const differences = await mapConcurrently(scenes, 16, async (scene) => {
    await using stage = await createStage(functions, scene[0]);
    for (const call of scene) {
      stage.upstream.reply(...(call.upstream ?? []).map(({ reply }) => reply));
      try {
        await play(call, stage);
        assertRequests(call, stage.upstream);
      } catch (difference) {
        return `${call.name}: ${(difference as Error).message}`;
      }
    }
  });
  assertEquals(differences.filter(Boolean).join("\n\n"), "");
}
