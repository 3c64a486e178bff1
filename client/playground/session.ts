/** The signed-in user, and the access token that is sent with every request. */
import { AiError, readAiError } from "../ai_error.ts";
import { SESSION_KEY } from "./returning.ts";

/** A token that expires sooner is refreshed first. */
const LEEWAY_SECONDS = 20;

interface Tokens {
  /** The user's email, or another name for a pasted token. */
  name: string;
  accessToken: string;
  /** Missing for a pasted token, which cannot be refreshed. */
  refreshToken?: string;
}

/** The session of this browser tab. It survives a reload and ends with the tab. */
export interface Session {
  /** The name of the signed-in user, or undefined. */
  readonly name: string | undefined;
  /** @throws {AiError} when InsForge rejects the password. */
  signIn(email: string, password: string): Promise<void>;
  /** @throws {AiError} when the functions reject the token. */
  useToken(accessToken: string): Promise<void>;
  signOut(): void;
  /** Returns a token that has not expired, refreshing it when needed. */
  getAccessToken(options: { refresh: boolean }): Promise<string | undefined>;
  /** `fetch` with the token; repeated once with a new one when the token is rejected. */
  fetch(url: string, init?: RequestInit): Promise<Response>;
}

/**
 * Creates the session, with the state it had before a reload.
 *
 * @param onChange is called after signing in or out, and with a reason after the session ended by
 *   itself.
 */
export function createSession(insforgeUrl: string, onChange: (reason?: string) => void): Session {
  let tokens: Tokens | undefined = JSON.parse(sessionStorage.getItem(SESSION_KEY) ?? "null") ??
    undefined;
  let refreshing: Promise<string | undefined> | undefined;

  function keep(changed: Tokens | undefined, reason?: string): void {
    const isSame = tokens?.name === changed?.name;
    tokens = changed;
    if (changed) sessionStorage.setItem(SESSION_KEY, JSON.stringify(changed));
    else sessionStorage.removeItem(SESSION_KEY);
    if (!isSame) onChange(reason);
  }

  /** Calls InsForge as a mobile client does, so no cookie has to cross origins. */
  async function ask(path: string, body: unknown) {
    const response = await fetch(`${insforgeUrl}/api/auth/${path}?client_type=mobile`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    }).catch((cause) => {
      throw new AiError(0, "NETWORK_ERROR", "InsForge could not be reached", { cause });
    });
    if (!response.ok) throw await readAiError(response);
    return await response.json();
  }

  async function refresh(): Promise<string | undefined> {
    const { name, refreshToken } = tokens ?? {};
    // Another user may have signed in while this request was in flight.
    const isOver = () => tokens?.refreshToken !== refreshToken;
    if (!name || !refreshToken) return tokens?.accessToken;
    try {
      const renewed = await ask("refresh", { refreshToken });
      if (!isOver()) keep({ name, refreshToken, ...toTokens(renewed) });
      return tokens?.accessToken;
    } catch (error) {
      if (error instanceof AiError && error.status === 401 && !isOver()) {
        keep(undefined, "The session has ended. Sign in again.");
      }
      throw error;
    }
  }

  async function getAccessToken(options: { refresh: boolean }): Promise<string | undefined> {
    if (!tokens || (!options.refresh && !isEnding(tokens.accessToken))) return tokens?.accessToken;
    refreshing ??= refresh().finally(() => refreshing = undefined);
    return await refreshing;
  }

  return {
    get name() {
      return tokens?.name;
    },
    async signIn(email, password) {
      const answer = await ask("sessions", { email, password });
      // When two sign-ins are in flight, the first to succeed stays.
      if (!tokens) keep({ name: answer.user?.email ?? email, ...toTokens(answer) });
    },
    async useToken(accessToken) {
      // Any route that needs a user will do; without `v1` the token cannot be checked here.
      const headers = { Authorization: `Bearer ${accessToken}` };
      const response = await fetch("/v1/models", { headers }).catch((cause) => {
        throw new AiError(0, "NETWORK_ERROR", "The functions could not be reached", { cause });
      });
      if (response.status === 401) throw await readAiError(response);
      const { email, sub } = readClaims(accessToken);
      keep({ name: email ?? sub ?? "A pasted token", accessToken });
    },
    signOut: () => keep(undefined),
    getAccessToken,
    async fetch(url, init) {
      const send = async (token: string | undefined) => {
        const headers = { ...init?.headers, Authorization: `Bearer ${token}` };
        return await fetch(url, { ...init, headers });
      };
      const token = await getAccessToken({ refresh: false });
      const response = await send(token);
      if (response.status !== 401 || !tokens?.refreshToken) return response;
      // Another request may have refreshed the token already.
      return await send(await getAccessToken({ refresh: tokens.accessToken === token }));
    },
  };
}

function toTokens(answer: { accessToken: string; refreshToken?: string }) {
  const { accessToken, refreshToken } = answer;
  return refreshToken ? { accessToken, refreshToken } : { accessToken };
}

function isEnding(token: string): boolean {
  const { exp } = readClaims(token);
  return exp !== undefined && exp - Date.now() / 1_000 < LEEWAY_SECONDS;
}

/** Reads a token's claims without verifying them; the functions do that. */
function readClaims(token: string): { exp?: number; email?: string; sub?: string } {
  try {
    const [, payload] = token.split(".");
    return Object(JSON.parse(atob(payload!.replaceAll("-", "+").replaceAll("_", "/"))));
  } catch {
    return {};
  }
}
