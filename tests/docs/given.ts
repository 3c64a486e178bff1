/** The names that code in the pages uses without saying where they come from. */
import { createClient } from "@insforge/sdk";
import { createAiClient } from "../../client/mod.ts";
import { DEMO_USERS } from "../../tools/local/insforge/demo.ts";
import type { Stack } from "../../tools/local/stack.ts";
import { getAccessToken } from "../support/session.ts";

/** Makes the values of these names, for a signed-in demo user of a running stack. */
export async function createGiven(stack: Stack, signal: AbortSignal) {
  const [{ email, password }] = DEMO_USERS;
  const { functionsUrl, insforgeUrl } = stack;
  const accessToken = await getAccessToken(stack);
  const anonKey = stack.insforge!.secrets.ANON_KEY!;
  const insforge = createClient({ baseUrl: insforgeUrl, functionsUrl, anonKey });
  await insforge.auth.signInWithPassword({ email, password });
  return {
    functionsUrl,
    insforgeUrl,
    baseUrl: insforgeUrl,
    anonKey,
    accessToken,
    email,
    password,
    insforge,
    signal,
    ai: createAiClient({ functionsUrl, getAccessToken: () => accessToken }),
    refreshSession: () => getAccessToken(stack),
    /** An element of the page. */
    output: { textContent: "" },
    location: { href: `${functionsUrl}/` },
  };
}

/** The values of the names. */
export type Given = Awaited<ReturnType<typeof createGiven>>;

/** The names; a block that declares one of them itself gets its own. */
export const givenNames = [
  "functionsUrl",
  "insforgeUrl",
  "baseUrl",
  "anonKey",
  "accessToken",
  "email",
  "password",
  "insforge",
  "signal",
  "ai",
  "refreshSession",
  "output",
  "location",
] as const satisfies (keyof Given)[];
