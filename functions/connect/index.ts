/**
 * Lets users pay with OpenRouter accounts of their own.
 * https://openrouter.ai/docs/guides/overview/auth/oauth
 */
import * as z from "zod/mini";
import { createApp } from "../../shared/http/app.ts";
import { invalidInput } from "../../shared/errors.ts";
import { unusable } from "../../shared/gateway/failures.ts";
import { requireUser } from "../../shared/auth/user_token.ts";
import { readBody } from "../../shared/http/body.ts";
import { nonEmptyText } from "../../shared/request/text_fields.ts";
import { requireUserKeySupport } from "../../shared/gateway/openrouter.ts";
import { createConnection, deleteConnection, readConnection } from "./connection.ts";
import { readStoredKey } from "./key_store.ts";
import { exchangeCode } from "./openrouter_keys.ts";
import { toAuthorizationUrl } from "./openrouter_pages.ts";
import { createVerifier, toChallenge } from "./pkce.ts";
import { openState, requireReturnUrl, sealState } from "./state.ts";

export type { Connection } from "./connection.ts";
export type { KeyFacts } from "./openrouter_keys.ts";

/** How long OpenRouter's own codes are valid. */
const FLOW_MS = 10 * 60_000;

/** Several times the length of OpenRouter's own keys. */
const MAX_KEY_CHARS = 500;

/** The page to return to, one of `CONNECT_RETURN_URLS`. */
export const startRequest = z.looseObject({ return_url: nonEmptyText });

/** The parameters `code` and `connect_state` of the page that the browser returned to. */
export const callbackRequest = z.looseObject({ code: nonEmptyText, state: nonEmptyText });

/** An OpenRouter key that the user has typed in. */
export const keyRequest = z.looseObject({
  key: nonEmptyText.check(
    z.maxLength(MAX_KEY_CHARS),
    z.refine((key) => /^[\x21-\x7e]*$/.test(key), "must be printable ASCII without spaces"),
  ),
});

/** How the connection continues. */
export interface StartAnswer {
  /** OpenRouter's page to send the browser to; it returns with `code` and `connect_state`. */
  url: string;
}

const { app, handler } = createApp("connect");
export default handler;

app.post("/start", async (c) => {
  const { settings } = c.env;
  const { id: userId } = await requireUser(c.env);
  const { return_url } = await readBody(c.env, startRequest);
  const returnUrl = requireReturnUrl(return_url, settings);
  requireUserKeySupport(settings);
  const verifier = createVerifier();
  const challenge = await toChallenge(verifier);
  const expiresAt = Date.now() + FLOW_MS;
  const state = await sealState({ userId, verifier, returnUrl, expiresAt }, settings);
  // A missing table is reported now, not when the user comes back with a key.
  await readStoredKey(userId, settings);
  const url = toAuthorizationUrl({ returnUrl, state, challenge }, settings);
  return c.json({ url } satisfies StartAnswer);
});

app.post("/callback", async (c) => {
  const user = await requireUser(c.env);
  const { code, state } = await readBody(c.env, callbackRequest);
  const { verifier } = await openState(state, user.id, c.env.settings);
  const key = await exchangeCode(c.env, { code, verifier });
  const toRejection = () => unusable("OpenRouter returned a key that it does not accept");
  return c.json(await createConnection(c.env, { userId: user.id, key, toRejection }));
});

app.post("/key", async (c) => {
  const user = await requireUser(c.env);
  const { key } = await readBody(c.env, keyRequest);
  requireUserKeySupport(c.env.settings);
  const toRejection = () => invalidInput('"key" must be a key that OpenRouter accepts');
  return c.json(await createConnection(c.env, { userId: user.id, key, toRejection }));
});

app.on("GET", ["/", "/status"], async (c) => {
  const user = await requireUser(c.env);
  return c.json(await readConnection(c.env, user.id));
});

app.post("/disconnect", async (c) => {
  const user = await requireUser(c.env);
  return c.json(await deleteConnection(c.env, user.id));
});
