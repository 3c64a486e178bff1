/** What surrounds the functions in a case: settings, secrets, a network, a clock, a log. */
import { exportSPKI, generateKeyPair, SignJWT } from "jose";
import type { Environment } from "../../shared/settings.ts";
import { FakeNetwork } from "./fake_network.ts";
import { VirtualTime } from "./virtual_time.ts";

/** The prompt of all example requests. No response and no log line may hold it. */
export const PROMPT = "canary prompt, Grüße 🌍";
/** The project's key at the gateway. */
export const OPENROUTER_KEY = "sk-or-v1-canary-0123456789abcdef";
const API_KEY = "ik_canary0123456789abcdef";
const JWT_SECRET = "canary-jwt-secret-0123456789abcdef";
const ENCRYPTION_KEY = "00c0ffee".repeat(8);

/** Where the scripted servers are. */
export const GATEWAY_URL = "https://gateway.test/api/v1";
export const INSFORGE_URL = "https://insforge.test";
const INTERNAL_URL = "http://internal.insforge.test:7130";

const KEY_ID = "fuzz";
const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
/** The signed-in user. */
export const USER_ID = "fuzz-user";
/** The user's token. */
export const TOKEN = await new SignJWT({ sub: USER_ID, role: "authenticated" })
  .setProtectedHeader({ alg: "RS256", kid: KEY_ID }).setExpirationTime("1h").sign(privateKey);

const SETTINGS: Record<string, string> = {
  OPENROUTER_API_KEY: OPENROUTER_KEY,
  OPENROUTER_BASE_URL: GATEWAY_URL,
  INSFORGE_BASE_URL: INSFORGE_URL,
  INSFORGE_INTERNAL_URL: INTERNAL_URL,
  ANON_KEY: "anon_canary",
  API_KEY,
  JWT_SECRET,
  JWT_PUBLIC_KEY: await exportSPKI(publicKey),
  JWT_KEY_ID: KEY_ID,
  CONNECT_RETURN_URLS: "https://app.example.com/settings",
};

/** Projects with different settings. An environment keeps its identity, so settings are read once. */
export const ENVIRONMENTS: Environment[] = [
  {},
  { KEYS_ENCRYPTION_KEY: ENCRYPTION_KEY },
  { ALLOWED_MODELS: "openai/*,google/*", ALLOWED_SERVER_TOOLS: "none", ALLOWED_PLUGINS: "none" },
  { MAX_INPUT_TOKENS: "200", MAX_OUTPUT_TOKENS: "500", MAX_COMPLETION_USD_PER_MILLION: "1" },
  { USER_USD_PER_DAY: "1", USER_REQUESTS_PER_MINUTE: "100" },
  { LEGACY_ALLOW_ANON: "true", LEGACY_ALLOW_API_KEY: "true" },
].map(toEnvironment);

/** A project that can only be used through its assistants, and in which nothing else is refused. */
export const LOCKED: Environment = toEnvironment({
  ASSISTANTS_ONLY: "true",
  ENABLE_OBJECT_GEN: "true",
  LEGACY_ALLOW_ANON: "true",
  LEGACY_ALLOW_API_KEY: "true",
});

function toEnvironment(own: Partial<Record<string, string>>): Environment {
  return { get: (name) => own[name] ?? SETTINGS[name] };
}

const SECRETS = [
  OPENROUTER_KEY,
  API_KEY,
  JWT_SECRET,
  ENCRYPTION_KEY,
  TOKEN,
  "canary prompt",
  "internal.insforge.test",
];

/** Fails when a text that a caller or an operator reads holds a secret, SQL or a stack. */
export function requireClean(text: string, where: string): void {
  const secret = SECRETS.find((secret) => text.includes(secret));
  if (secret) throw new Error(`${where} holds "${secret}": ${text.slice(0, 600)}`);
  // In JSON, a line feed is written as an escape.
  const leak = /(?:\\n|\n)\s*at .+:\d+:\d+|\bselect .+ from \w/i.exec(text);
  if (leak) throw new Error(`${where} holds "${leak[0].trim()}": ${text.slice(0, 600)}`);
}

/** The surroundings of all cases of a thread. */
export class World {
  readonly time = new VirtualTime();
  readonly network = new FakeNetwork();
  readonly #lines: string[] = [];
  readonly #rejections: unknown[] = [];

  constructor() {
    const note = (...values: unknown[]) => void this.#lines.push(values.join(" "));
    console.log = note;
    console.warn = note;
    console.error = note;
    addEventListener("unhandledrejection", (event) => {
      event.preventDefault();
      this.#rejections.push(event.reason);
    });
  }

  /** Runs one case, and fails when it leaves something behind: a timer, a request, a rejection. */
  async run(work: () => Promise<void>): Promise<void> {
    this.#lines.length = 0;
    let failure: { thrown: unknown } | undefined;
    try {
      await this.time.finish(work());
    } catch (thrown) {
      failure = { thrown };
    }
    const timers = await this.time.clear();
    const { open, strangers } = this.network;
    const [rejection] = this.#rejections.splice(0);
    const [stranger] = strangers.splice(0);
    this.network.open = 0;
    if (failure) throw failure.thrown;
    if (rejection) throw new Error("A promise was rejected and not handled", { cause: rejection });
    if (stranger) throw new Error(`A request went to ${stranger}`);
    if (timers > 0) throw new Error(`${timers} timers are left`);
    if (open !== 0) throw new Error(`${open} requests are left open`);
    for (const line of this.#lines) requireLogLine(line);
  }
}

/** Longest line of the log, characters. */
const MAX_LINE_CHARS = 16_000;

function requireLogLine(line: string): void {
  requireClean(line, "A log line");
  if (line.length > MAX_LINE_CHARS) throw new Error(`A log line has ${line.length} characters`);
  let entry: { cause?: string; notice?: string };
  try {
    entry = JSON.parse(line);
  } catch {
    throw new Error(`A log line is not JSON: ${line.slice(0, 600)}`);
  }
  // The log names a cause only for what is not an ApiError, which is a bug of the functions.
  if (entry.cause) throw new Error(`A bug was logged: ${entry.cause}`);
}
