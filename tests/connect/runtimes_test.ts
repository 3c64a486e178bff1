/** `connect` in every runtime: with and without sub-paths, and in a fresh worker per request. */
import { assertEquals, assertMatch } from "@std/assert";
import { startRuntimes } from "../../tools/local/runtimes/mod.ts";
import { startStack } from "../../tools/local/stack.ts";
import { getAccessToken } from "../support/session.ts";

const RETURN_URL = "https://app.example.com/settings";
const ANY_PORT: Record<string, string> = { PORT: "0", INSFORGE_PORT: "0", OPENROUTER_PORT: "0" };

Deno.test("the deployed files of connect", async (t) => {
  await using stack = await startStack({ get: (name) => ANY_PORT[name] });
  const { openrouter, insforge, openrouterUrl, insforgeUrl } = stack;
  await using runtimes = await startRuntimes({
    secrets: {
      ...insforge!.secrets,
      INSFORGE_BASE_URL: insforgeUrl,
      OPENROUTER_API_KEY: "sk-or-v1-local",
      OPENROUTER_BASE_URL: openrouterUrl,
      KEYS_ENCRYPTION_KEY: "a1".repeat(32),
      CONNECT_RETURN_URLS: RETURN_URL,
    },
  });
  const accessToken = await getAccessToken({ insforgeUrl });

  for (const name of ["cloud", "worker", "olderWorker"] as const) {
    await t.step(
      `${name}: connects, makes a call with the user's key, and disconnects`,
      async () => {
        const call = async (path: string, body?: unknown) => {
          const response = await fetch(runtimes[name] + path, {
            method: body === undefined ? "GET" : "POST",
            headers: { Authorization: `Bearer ${accessToken}`, "Content-Type": "application/json" },
            body: body === undefined ? undefined : JSON.stringify(body),
          });
          assertEquals(response.status, 200);
          return await response.json();
        };
        const usedKey = async () => {
          await call("/chat", { prompt: "Hello" });
          const chats = openrouter!.requests.filter(({ path }) => path.endsWith("/completions"));
          return chats.at(-1)!.headers.get("authorization");
        };

        const { url } = await call("/connect?route=start", { return_url: RETURN_URL });
        const authorized = await fetch(url, { method: "POST", redirect: "manual" });
        await authorized.body?.cancel();
        const { searchParams } = new URL(authorized.headers.get("location")!);
        const [code, state] = ["code", "connect_state"].map((field) => searchParams.get(field));
        const connected = await call("/connect?route=callback", { code, state });
        assertEquals([connected.connected, connected.valid], [true, true]);
        assertMatch((await usedKey())!, /^Bearer sk-or-v1-[0-9a-f]{64}$/);
        const { usage } = await call("/connect?route=status");
        assertEquals(usage > 0, true);
        await call("/connect?route=disconnect", {});
        assertEquals(await call("/connect"), { connected: false, required: false });
        assertEquals(await usedKey(), "Bearer sk-or-v1-local");
      },
    );
  }
});
