/** Runs InsForge's SDK as a browser would, without a browser. */
import { createClient } from "@insforge/sdk";
import { assertEquals } from "@std/assert";
import { DEMO_USERS } from "../../tools/local/insforge/demo.ts";
import type { Stack } from "../../tools/local/stack.ts";

const [{ email, password }] = DEMO_USERS;

/**
 * A `fetch` with the cookies of a browser, readable by scripts or not.
 */
export class Browser implements Disposable {
  /** Every request so far, with the status of its response. */
  readonly exchanges: string[] = [];
  #refreshCookie = "";

  constructor() {
    // The SDK keeps its CSRF token in a cookie of its own.
    Object.assign(globalThis, { document: { cookie: "" } });
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/api/auth/")) request.headers.set("Cookie", this.#refreshCookie);
    const response = await fetch(request);
    const [cookie] = response.headers.getSetCookie();
    if (cookie) this.#refreshCookie = cookie.split(";")[0]!;
    this.exchanges.push(`${request.method} ${pathname} ${response.status}`);
    return response;
  };

  /** Deletes the session's cookie. */
  forget(): void {
    this.#refreshCookie = "";
  }

  [Symbol.dispose](): void {
    Reflect.deleteProperty(globalThis, "document");
  }
}

/** The client of InsForge's SDK. */
export type Client = ReturnType<typeof createClient>;

/** Signs the demo user in, as an app in a browser does. */
export async function signIn(
  stack: Stack,
  browser: Browser,
  functionsUrl?: string,
): Promise<Client> {
  const client = createClient({
    baseUrl: stack.insforgeUrl,
    functionsUrl,
    anonKey: stack.insforge!.secrets.ANON_KEY,
    fetch: browser.fetch,
  });
  const { error } = await client.auth.signInWithPassword({ email, password });
  assertEquals(error, null);
  return client;
}
