import { assertEquals } from "@std/assert";
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

/** Tries upstream where our retry policy is not the old one; the answers are the same. */
const TRIES: Record<string, number> = {
  // OpenAI's header `x-should-retry`, which OpenRouter does not send
  "chat-errors/x-should-retry-false": 3,
  "chat-errors/x-should-retry-true-on-400": 1,
  // errors that came with status 200
  "chat-response/choice-error-in-200": 3,
  "images/error-object-in-200": 3,
  // the only request of the old proxy's that was not tried again
  "models/upstream-500": 3,
};

/** Recorded calls that are answered otherwise on purpose. */
const CHANGED = new Set([
  // the scheme of a credential is not case-sensitive (RFC 9110, section 11.1)
  "auth/chat-lower-case-bearer",
  // no body is read before the credential was checked
  "auth/chat-none-and-bad-json",
]);

const proxyCalls = await readRecording<ProxyCall>("ai-proxy.json");
const sdkCalls = await readRecording<SdkCall>("ai-sdk.json");

for (const [category, calls] of Map.groupBy(proxyCalls, ({ category }) => category)) {
  Deno.test(`${category}: the old proxy's ${calls.length} recorded calls are answered the same`, async () => {
    await playAll(calls, playProxyCall);
  });
}

for (const [category, calls] of Map.groupBy(sdkCalls, ({ category }) => category)) {
  Deno.test(`${category}: ${calls.length} recorded calls of InsForge's SDK end the same`, async () => {
    await playAll(calls, playSdkCall);
  });
}

async function readRecording<Call extends RecordedCall>(name: string): Promise<Call[]> {
  const text = await Deno.readTextFile(new URL(`../golden/${name}`, import.meta.url));
  const calls: Call[] = JSON.parse(text).cases;
  return calls.filter(({ name }) => !CHANGED.has(name)).map(adapt);
}

/** Gives a recorded call the number of tries that we make. */
function adapt<Call extends RecordedCall>(call: Call): Call {
  const tries = TRIES[call.name];
  const upstream = tries ? Array(tries).fill(call.upstream![0]) : call.upstream;
  return { ...call, upstream };
}

/** Plays calls on stages of their own, a few at a time; a call that follows another shares its. */
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
