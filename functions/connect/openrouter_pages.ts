/** OpenRouter's pages that users are sent to. */
import type { Settings } from "../../shared/settings.ts";
import { CODE_CHALLENGE_METHOD } from "./pkce.ts";

/**
 * The URL at OpenRouter on which a user gives the app a key.
 *
 * OpenRouter documents no parameter `state`, so the state is part of the callback URL.
 */
export function toAuthorizationUrl(
  { returnUrl, state, challenge }: { returnUrl: string; state: string; challenge: string },
  settings: Settings,
): string {
  const callback = new URL(returnUrl);
  callback.searchParams.set("connect_state", state);
  const url = new URL("../../auth", settings.OPENROUTER_BASE_URL + "/");
  url.searchParams.set("callback_url", callback.href);
  url.searchParams.set("code_challenge", challenge);
  url.searchParams.set("code_challenge_method", CODE_CHALLENGE_METHOD);
  return url.href;
}

/** The page at OpenRouter on which the owner of a key can limit or delete it. */
export async function toManageUrl(key: string, settings: Settings): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
  const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0"));
  return new URL(`../../keys/${hex.join("")}`, settings.OPENROUTER_BASE_URL + "/").href;
}
