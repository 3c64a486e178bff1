/** A user's own OpenRouter account: to OpenRouter's page, and back. */
import { type Post, readJson } from "./connection.ts";
import type { Connection, StartAnswer } from "./contract.ts";
import type { CallOptions } from "./mod.ts";

/** What `ai.connect` does. */
export interface ConnectClient {
  /**
   * Prepares a connection: send the browser to the `url` that it gives, as in
   * `location.href = (await ai.connect.start(returnUrl)).url`.
   *
   * @param returnUrl the page to come back to, one of `CONNECT_RETURN_URLS`; it calls `finish`.
   */
  start(returnUrl: string, options?: CallOptions): Promise<StartAnswer>;
  /**
   * Finishes a connection on the page that OpenRouter came back to, and takes its traces out of the
   * address bar. Any page may call it: without such traces it does nothing.
   *
   * @param options.address where the browser is, `location.href` unless given.
   * @returns the new connection, or nothing when there is none to finish.
   */
  finish(options?: CallOptions & { address?: string }): Promise<Connection | undefined>;
  /** Tells whether the user is connected, and what their key is worth. */
  status(options?: CallOptions): Promise<Connection>;
  /** Forgets the user's key. It stays valid at OpenRouter, where `manage_url` leads. */
  disconnect(options?: CallOptions): Promise<Connection>;
}

/** Creates `ai.connect`. Operations are named by query, as not every platform knows sub-paths. */
export function createConnect(post: Post): ConnectClient {
  async function ask<Answer>(
    operation: string,
    request: unknown,
    { signal }: CallOptions = {},
  ): Promise<Answer> {
    return await readJson(await post(`connect?route=${operation}`, request, signal), signal);
  }

  return {
    start: (return_url, options) => ask("start", { return_url }, options),
    async finish({ address, ...options } = {}) {
      const url = new URL(address ?? location.href);
      const [code, state] = ["code", "connect_state"].map((name) => url.searchParams.get(name));
      if (state === null) return undefined;
      url.searchParams.delete("code");
      url.searchParams.delete("connect_state");
      // Before the code is used: a page that is loaded again must not use it once more.
      if (address === undefined) history.replaceState(history.state, "", url.href);
      return await ask("callback", { code, state }, options);
    },
    status: (options) => ask("status", undefined, options),
    disconnect: (options) => ask("disconnect", {}, options),
  };
}

declare const history: { state: unknown; replaceState(state: unknown, _: "", url: string): void };
