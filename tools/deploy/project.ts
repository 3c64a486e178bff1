/** A client for the admin API of an InsForge project, with the calls of InsForge's own CLI. */
import type {
  FunctionResponse,
  FunctionSchema,
  ListFunctionsResponse,
  Migration,
  SecretSchema,
} from "@insforge/shared-schemas";
import type { Clock } from "./clock.ts";
import { withDeadline } from "./deadline.ts";
import { DeployFailure } from "./failure.ts";
import type { ProjectLink } from "./link.ts";
import { WriteBudget } from "./write_budget.ts";

/** A function, as it is sent. */
export interface Definition {
  name: string;
  description: string | null;
  code: string;
}

/** How long a write of a function waits. */
export interface WriteOptions {
  /** How many writes must be left before this one begins, itself included. */
  needed: number;
  /** Aborts waits, never a request in flight. */
  signal?: AbortSignal;
}

const READ_TIMEOUT_MS = 20_000;
/** Cloud responds to a write once the deployment has ended: up to a minute, and its own calls. */
const WRITE_TIMEOUT_MS = 180_000;
const TRIES = 3;
const PAUSE_MS = 5_000;

interface Reply {
  status: number;
  headers: Headers;
  // deno-lint-ignore no-explicit-any
  body: any;
}

/**
 * A project's functions, secrets and migrations.
 *
 * Every method throws {@link DeployFailure}: `refused` for a wrong key, otherwise with InsForge's
 * message. A call whose response is lost is repeated, up to three calls in all; every call is safe to
 * repeat.
 */
export class Project {
  readonly url: string;
  readonly #key: string;
  readonly #budget: WriteBudget;
  /** Whether the project has responded before. Until then, no call is repeated. */
  #reached = false;

  constructor(
    { url, key }: ProjectLink,
    readonly clock: Clock,
    readonly print: (line: string) => void,
  ) {
    this.url = url;
    this.#key = key;
    this.#budget = new WriteBudget(clock, print);
  }

  async listFunctions(): Promise<ListFunctionsResponse> {
    const reply = await this.#send("GET", "/api/functions");
    return this.#requireBody(reply, (body) => Array.isArray(body.functions));
  }

  async findFunction(slug: string): Promise<FunctionSchema | undefined> {
    const reply = await this.#send("GET", `/api/functions/${slug}`);
    if (isNotFound(reply)) return undefined;
    // A response without code, taken for a function, would replace the function by nothing.
    return this.#requireBody(reply, (body) => typeof body.code === "string");
  }

  /** Stores a function and, on cloud, deploys all of them. A failed deployment does not throw. */
  async writeFunction(
    slug: string,
    { name, description, code }: Definition,
    { exists, ...options }: WriteOptions & { exists: boolean },
  ): Promise<FunctionResponse> {
    const update = { name, description: description ?? undefined, code };
    if (!exists) {
      const created = await this.#write("POST", "/api/functions", { slug, ...update }, options);
      // Another client created it, or an earlier call of ours whose response was lost.
      if (created.status !== 409) return this.#requireBody(created);
    }
    const updated = await this.#write("PUT", `/api/functions/${slug}`, update, options);
    return this.#requireBody(updated);
  }

  /** On cloud a deployment follows, whose outcome InsForge does not report. */
  async deleteFunction(slug: string, options: WriteOptions): Promise<void> {
    const reply = await this.#write("DELETE", `/api/functions/${slug}`, undefined, options);
    if (!isNotFound(reply)) this.#requireSuccess(reply);
  }

  async listSecrets(): Promise<SecretSchema[]> {
    const reply = await this.#send("GET", "/api/secrets");
    return this.#requireBody(reply, (body) => Array.isArray(body.secrets)).secrets;
  }

  /** Sets a secret that the project lacks. If it was set in the meantime, it stays as it is. */
  async createSecret(key: string, value: string): Promise<void> {
    const reply = await this.#send("POST", "/api/secrets", { key, value });
    if (reply.status !== 409) this.#requireSuccess(reply);
  }

  async listMigrations(): Promise<Migration[]> {
    const reply = await this.#send("GET", "/api/database/migrations");
    return this.#requireBody(reply, (body) => Array.isArray(body.migrations)).migrations;
  }

  async applyMigration(migration: { version: string; name: string; sql: string }): Promise<void> {
    const reply = await this.#send("POST", "/api/database/migrations", migration);
    // The version may be in use by this very migration, when an earlier response was lost.
    const isApplied = reply.status === 409 &&
      (await this.listMigrations()).some(({ name }) => name === migration.name);
    if (!isApplied) this.#requireSuccess(reply);
  }

  /** Sends a write of a function, within InsForge's limit. */
  async #write(
    method: string,
    path: string,
    body: unknown,
    { needed, signal }: WriteOptions,
  ): Promise<Reply> {
    for (let refusals = 0;; refusals++) {
      const reply = await this.#send(method, path, body, () => this.#budget.take(needed, signal));
      this.#budget.note(reply.status, reply.headers);
      if (reply.status !== 429 || refusals >= TRIES) return reply;
    }
  }

  async #send(
    method: string,
    path: string,
    body?: unknown,
    beforeEachTry: () => Promise<void> = () => Promise.resolve(),
  ): Promise<Reply> {
    const timeoutMs = method === "GET" ? READ_TIMEOUT_MS : WRITE_TIMEOUT_MS;
    for (let tries = 1;; tries++) {
      await beforeEachTry();
      let lost: string;
      try {
        const reply = await withDeadline(
          timeoutMs,
          (signal) => this.#ask(method, path, body, signal),
        );
        if (![502, 503, 504].includes(reply.status)) {
          this.#reached = true;
          return reply;
        }
        lost = `responds with ${reply.status}`;
      } catch (error) {
        const { name, message } = error as Error;
        lost = name === "TimeoutError" ? `gives ${message}` : "cannot be reached";
      }
      if (!this.#reached || tries >= TRIES) throw new DeployFailure(`${this.url} ${lost}`);
      this.print(`${this.url} ${lost}; trying again`);
      await this.clock.sleep(PAUSE_MS);
    }
  }

  async #ask(method: string, path: string, body: unknown, signal: AbortSignal): Promise<Reply> {
    const response = await fetch(this.url + path, {
      method,
      headers: { Authorization: `Bearer ${this.#key}`, "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      // A redirect may lead to another host, which the key is not for.
      redirect: "manual",
      signal,
    });
    return {
      status: response.status,
      headers: response.headers,
      body: toJson(await response.text()),
    };
  }

  /** Returns the body of a success. Any response may come from a proxy instead of InsForge. */
  // deno-lint-ignore no-explicit-any
  #requireBody(reply: Reply, isWhole: (body: any) => boolean = () => true): any {
    this.#requireSuccess(reply);
    const { body } = reply;
    if (typeof body === "object" && body && isWhole(body)) return body;
    throw new DeployFailure(`${this.url} is not an InsForge project; check INSFORGE_BASE_URL`);
  }

  #requireSuccess({ status, body }: Reply): void {
    if (status < 300) return;
    const { error = "", message } = body ?? {};
    if (message === undefined) {
      throw new DeployFailure(
        `${this.url} responds with ${status} and is not an InsForge project; check INSFORGE_BASE_URL`,
      );
    }
    if (status === 401 || (status === 403 && String(error).startsWith("AUTH_"))) {
      throw new DeployFailure(`${this.url} refuses the key: ${message}`, "refused");
    }
    throw new DeployFailure(`InsForge rejects it with ${status} ${error}: ${message}`);
  }
}

/** Whether InsForge itself says that there is no such function. A proxy's 404 does not count. */
function isNotFound({ status, body }: Reply): boolean {
  return status === 404 && body?.message !== undefined;
}

// deno-lint-ignore no-explicit-any
function toJson(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
