/** Signs users in to the embedded InsForge. */
import { assertEquals } from "@std/assert";
import { DEMO_USERS } from "../../tools/local/insforge/demo.ts";

/** Returns a user's access token; the first demo user's by default. */
export async function getAccessToken(
  { insforgeUrl }: { insforgeUrl: string },
  { email, password }: { email: string; password: string } = DEMO_USERS[0],
): Promise<string> {
  const response = await fetch(`${insforgeUrl}/api/auth/sessions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  assertEquals(response.status, 200, `${email} could not sign in`);
  return (await response.json()).accessToken;
}
