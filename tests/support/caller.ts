/**
 * Calls functions as a signed-in user does, in this process. Settings are passed in and log lines
 * are captured. A test fails when a secret appears in any response or log line.
 */
import { exportSPKI, generateKeyPair, SignJWT } from "jose";
import type { EdgeFunction } from "../../shared/http/handler.ts";
import type { Environment } from "../../shared/settings.ts";
import { assert } from "@std/assert";

/** The prompt of these tests. No function may repeat or log it. */
export const PROMPT = "canary prompt, Grüße 🌍";
export const USER_ID = "11111111-2222-4333-8444-555555555555";
/** The opaque id that OpenRouter gets for this user, with the key of these tests. */
export const OPAQUE_USER = "40a6678670d7a0c1d37b3e3d885f2c6e";
export const KEY_ID = "kid_test";

const OPENROUTER_KEY = "sk-or-v1-canary-0123456789abcdef";
/**
 * The project's API key. With it, usage is recorded in the ledger of the InsForge at
 * `INSFORGE_BASE_URL`.
 */
export const API_KEY = "ik_canary0123456789abcdef";
const JWT_SECRET = "canary-jwt-secret-0123456789abcdef";
const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
const JWT_PUBLIC_KEY = await exportSPKI(publicKey);

/** An access token as InsForge signs it; `claims` replace those of a valid token. */
export function createToken(claims: Record<string, unknown> = {}, kid = KEY_ID): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const valid = { sub: USER_ID, email: "a@example.com", role: "authenticated" };
  return new SignJWT({ ...valid, iat: now, exp: now + 900, ...claims })
    .setProtectedHeader({ alg: "RS256", kid }).sign(privateKey);
}

/** A token signed with the project's HS256 secret, or with another secret. */
export function createHmacToken(
  claims: Record<string, unknown>,
  secret = JWT_SECRET,
): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  return new SignJWT({ iat: now, exp: now + 900, ...claims })
    .setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret));
}

/** A valid user's token. */
export const TOKEN = await createToken();

const SECRETS = [OPENROUTER_KEY, API_KEY, JWT_SECRET, TOKEN, PROMPT, "canary prompt"];

/** Fails when `text`, which a caller or a log gets, contains a secret. */
export function assertNothingSecret(text: string): void {
  for (const secret of SECRETS) {
    assert(!text.includes(secret), `a response or a log line contains a secret: ${text}`);
  }
}

/** The log lines that this file's tests have written so far, parsed. */
export const logs: Record<string, unknown>[] = [];
console.log = (line: string) => {
  assertNothingSecret(line);
  logs.push(JSON.parse(line));
};

/**
 * The settings that InsForge gives a project, without `API_KEY`; `values` replace or add settings.
 */
export function createEnvironment(values: Record<string, string | undefined> = {}): Environment {
  const all: Record<string, string | undefined> = {
    OPENROUTER_API_KEY: OPENROUTER_KEY,
    OPENROUTER_BASE_URL: "http://127.0.0.1:9/api/v1",
    INSFORGE_BASE_URL: "http://127.0.0.1:9",
    ANON_KEY: "anon_canary",
    JWT_SECRET,
    JWT_PUBLIC_KEY,
    JWT_KEY_ID: KEY_ID,
    ...values,
  };
  return { get: (name) => all[name] };
}

/** How a request differs from a signed-in user's JSON `POST /`. */
export interface RequestOptions {
  method?: string;
  path?: string;
  /** `null` sends no `Authorization` header. */
  token?: string | null;
  headers?: Record<string, string>;
  /** Sent unchanged in place of a JSON body. */
  raw?: BodyInit;
  signal?: AbortSignal;
}

/** Creates the request that reaches a function. */
export function createRequest(body: unknown, options: RequestOptions = {}): Request {
  const { method = "POST", path = "/", token = TOKEN, signal } = options;
  const headers = new Headers({ "Content-Type": "application/json", ...options.headers });
  if (token !== null) headers.set("Authorization", `Bearer ${token}`);
  const content = method === "GET" || method === "OPTIONS" || method === "HEAD"
    ? undefined
    : options.raw ?? (body === undefined ? undefined : JSON.stringify(body));
  return new Request(`http://functions.test${path}`, { method, headers, body: content, signal });
}

/** A response with its complete body. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // deno-lint-ignore no-explicit-any
  body: any;
}

/** Calls a function, reads the complete response, and checks it for secrets. */
export async function send(
  handler: EdgeFunction,
  environment: Environment,
  body: unknown,
  options?: RequestOptions,
): Promise<Answer> {
  const response = await handler(createRequest(body, options), environment);
  const { status, headers } = response;
  const text = await response.text();
  assertNothingSecret(text + JSON.stringify([...headers]));
  const json = headers.get("content-type")?.includes("json");
  return { status, headers, text, body: json ? JSON.parse(text) : undefined };
}
