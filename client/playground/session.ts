/** Who is signed in, and the access token that goes with every request. */
import { AiError, readError } from "../ai_error.ts";
import { SESSION_KEY } from "./returning.ts";

/** A token that ends sooner is not worth sending. */
const LEEWAY_SECONDS = 20;

interface Tokens {
  /** The user's address, or whatever else names a token that was pasted. */
  name: string;
  accessToken: string;
  /** Absent for a token that was pasted: that one ends when it ends. */
  refreshToken?: string;
}

/** The session of this tab: it survives a reload, and ends with the tab or by signing out. */
export interface Session {
  /** Who is signed in, if anyone is. */
  readonly name: string | undefined;
  /** @throws {AiError} what InsForge says to that. */
  signIn(email: string, password: string): Promise<void>;
  useToken(accessToken: string): void;
  signOut(): void;
  /** A token that is still good, refreshed where it has to be; as `createAiClient` wants it. */
  getAccessToken(options: { refresh: boolean }): Promise<string | undefined>;
  /** `fetch` with the token, once more with a new one where it is refused as expired. */
  fetch(url: string, init?: RequestInit): Promise<Response>;
}

/**
 * Creates the session, as it was before a reload.
 *
 * @param onChange is called after somebody has signed in or out, and with a reason after the session
 *   has ended by itself.
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

  /** As anything but a browser, so that no cookie has to cross from one origin to the other. */
  async function ask(path: string, body: unknown) {
    const response = await fetch(`${insforgeUrl}/api/auth/${path}?client_type=mobile`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    }).catch((cause) => {
      throw new AiError(0, "NETWORK_ERROR", "InsForge could not be reached", { cause });
    });
    if (!response.ok) throw await readError(response);
    return await response.json();
  }

  async function refresh(): Promise<string | undefined> {
    const { name, refreshToken } = tokens ?? {};
    // Somebody may have signed out, and somebody else in, while this was under way.
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
      // Somebody else may have been faster: whoever sees the page is who it says.
      if (!tokens) keep({ name: answer.user?.email ?? email, ...toTokens(answer) });
    },
    useToken(accessToken) {
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
      // Another request may have fetched a new one meanwhile.
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

/** What a token says; whether it is true is the functions' business. */
function readClaims(token: string): { exp?: number; email?: string; sub?: string } {
  try {
    const [, payload] = token.split(".");
    return Object(JSON.parse(atob(payload!.replaceAll("-", "+").replaceAll("_", "/"))));
  } catch {
    return {};
  }
}
