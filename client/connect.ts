/** Lets users pay with their own OpenRouter account. */
import { type CallOptions, type Post, readJson } from "./connection.ts";
import type { Connection, StartAnswer } from "./contract.ts";

/** The methods of `ai.connect`. */
export interface ConnectClient {
  /**
   * Prepares a connection. The browser then has to go to the returned `url`, a page of OpenRouter.
   *
   * @param returnUrl the app's page that OpenRouter leads back to, one of `CONNECT_RETURN_URLS`.
   *   That page calls {@link ConnectClient.finish}.
   *
   * @example
   * ```ts
   * location.href = (await ai.connect.start("https://app.example.com/settings")).url;
   * ```
   */
  start(returnUrl: string, options?: CallOptions): Promise<StartAnswer>;
  /**
   * Finishes a connection on the page that OpenRouter led back to, and removes its parameters from
   * the browser's address bar. Any page may call it: without these parameters it does nothing.
   *
   * @param options.url the URL of the page; `location.href` when missing.
   * @returns the new connection, or undefined when there is none to finish.
   *
   * @example
   * ```ts
   * const connection = await ai.connect.finish();
   * if (connection) console.log(`Connected with ${connection.label}`);
   * ```
   */
  finish(options?: CallOptions & { url?: string }): Promise<Connection | undefined>;
  /**
   * Connects the user with an OpenRouter key that they typed in, in place of an earlier connection.
   * The key is stored encrypted; no response contains it.
   *
   * @throws {AiError} 400 `INVALID_INPUT` when OpenRouter rejects the key.
   *
   * @example
   * ```ts
   * const { label } = await ai.connect.useKey("sk-or-v1-…");
   * ```
   */
  useKey(key: string, options?: CallOptions): Promise<Connection>;
  /**
   * Reads whether the user is connected and whether OpenRouter accepts the stored key.
   *
   * @example
   * ```ts
   * const { connected, limit_remaining } = await ai.connect.status();
   * ```
   */
  status(options?: CallOptions): Promise<Connection>;
  /**
   * Deletes the stored key. It stays valid at OpenRouter; the user can delete it at `manage_url`.
   *
   * @example
   * ```ts
   * const { connected, manage_url } = await ai.connect.disconnect();
   * ```
   */
  disconnect(options?: CallOptions): Promise<Connection>;
}

/** Creates `ai.connect`. The query names the operation, as not every platform routes sub-paths. */
export function createConnect(post: Post): ConnectClient {
  async function request<Answer>(
    operation: string,
    body: unknown,
    { signal }: CallOptions = {},
  ): Promise<Answer> {
    return await readJson(await post(`connect?route=${operation}`, body, signal), signal);
  }

  return {
    start: (return_url, options) => request("start", { return_url }, options),
    async finish({ url: pageUrl, ...options } = {}) {
      const url = new URL(pageUrl ?? location.href);
      const code = url.searchParams.get("code");
      const state = url.searchParams.get("connect_state");
      if (state === null) return undefined;
      url.searchParams.delete("code");
      url.searchParams.delete("connect_state");
      // First of all, so that reloading the page does not use the code a second time.
      if (pageUrl === undefined) history.replaceState(history.state, "", url.href);
      return await request("callback", { code, state }, options);
    },
    useKey: (key, options) => request("key", { key }, options),
    status: (options) => request("status", undefined, options),
    disconnect: (options) => request("disconnect", {}, options),
  };
}

declare const history: { state: unknown; replaceState(state: unknown, _: "", url: string): void };
