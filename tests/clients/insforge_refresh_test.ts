/**
 * InsForge's own SDK, as it runs in a browser, when the access token of a signed-in user expires:
 * it must refresh the session and send the request again by itself.
 */
import { AuthChangeEvent } from "@insforge/sdk";
import { SignJWT } from "jose";
import OpenAI from "openai";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { DEMO_USERS } from "../../tools/local/insforge/demo.ts";
import { type Stack, startStack } from "../../tools/local/stack.ts";
import { Browser, type Client, signIn } from "../support/browser.ts";

const ANY_PORT: Record<string, string> = { PORT: "0", INSFORGE_PORT: "0", OPENROUTER_PORT: "0" };
const [{ email }] = DEMO_USERS;
console.log = () => {};

Deno.test("an expired token makes InsForge's SDK refresh the session and send again", async (t) => {
  await using stack = await startStack({ get: (name) => ANY_PORT[name] });
  using browser = new Browser();

  const urls = {
    "the functions' own URL": stack.functionsUrl,
    "InsForge's URL": undefined,
  };
  for (const [name, functionsUrl] of Object.entries(urls)) {
    await t.step(`at ${name}`, async () => {
      const client = await signIn(stack, browser, functionsUrl);
      const expired = await expireToken(stack, client);
      browser.exchanges.length = 0;

      const { data, error } = await client.functions.invoke("chat", { body: { prompt: "Hello" } });
      assertEquals([error, data?.finish_reason], [null, "stop"]);
      const path = functionsUrl ? "/chat" : "/functions/chat";
      assertEquals(browser.exchanges, [
        `POST ${path} 401`,
        "POST /api/auth/refresh 200",
        `POST ${path} 200`,
      ]);
      assertNotEquals(await client.getHttpClient().getValidAccessToken(), expired);

      await client.functions.invoke("chat", { body: { prompt: "Hello" } });
      assertEquals(browser.exchanges.slice(3), [`POST ${path} 200`]);
    });
  }

  await t.step(
    "OpenAI's SDK, which asks InsForge's for a key each time, always has a valid token",
    async () => {
      const client = await signIn(stack, browser, stack.functionsUrl);
      await expireToken(stack, client);
      browser.exchanges.length = 0;

      const openai = new OpenAI({
        baseURL: `${stack.functionsUrl}/v1`,
        apiKey: async () => (await client.getHttpClient().getValidAccessToken())!,
        fetch: browser.fetch,
      });
      const messages = [{ role: "user" as const, content: "Hello" }];
      const stream = openai.chat.completions.stream({ model: "openai/gpt-4o-mini", messages });
      assert(await stream.finalContent());
      assertEquals(browser.exchanges, [
        "POST /api/auth/refresh 200",
        "POST /v1/chat/completions 200",
      ]);
    },
  );

  await t.step("a session that has ended is one error", async () => {
    const client = await signIn(stack, browser, stack.functionsUrl);
    await expireToken(stack, client);
    browser.forget();
    browser.exchanges.length = 0;

    const { data, error } = await client.functions.invoke("chat", { body: { prompt: "Hello" } });
    assertEquals([data, error?.statusCode], [null, 401]);
    assertEquals(browser.exchanges, ["POST /chat 401", "POST /api/auth/refresh 401"]);
  });
});

/** Replaces the session's token by the user's own token, expired a minute ago. */
async function expireToken(stack: Stack, client: Client): Promise<string> {
  const { data } = await client.auth.getCurrentUser();
  const now = Math.floor(Date.now() / 1_000);
  const claims = {
    sub: data.user!.id,
    email,
    role: "authenticated",
    iat: now - 960,
    exp: now - 60,
  };
  const expired = await new SignJWT(claims).setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(stack.insforge!.secrets.JWT_SECRET));
  client.setAccessToken(expired, AuthChangeEvent.TOKEN_REFRESHED);
  return expired;
}
