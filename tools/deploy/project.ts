/** An InsForge project through its admin API, with the calls of InsForge's own CLI. */
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

/** What a function consists of, as it is sent. */
export interface Definition {
  name: string;
  description: string | null;
  code: string;
}

/** How a write of a function may wait. */
export interface WriteOptions {
  /** Writes that must be left before this one begins, itself included. */
  needed: number;
  /** Ends waits, never a request under way. */
  signal?: AbortSignal;
}

const READ_TIMEOUT_MS = 20_000;
/** Cloud answers a write when the deployment has ended: a minute, and the time of its own calls. */
const WRITE_TIMEOUT_MS = 180_000;
const TRIES = 3;
const PAUSE_MS = 5_000;

interface Answer {
  status: number;
  headers: Headers;
  // deno-lint-ignore no-explicit-any
  body: any;
}

/**
 * A project's functions, secrets and migrations.
 *
 * Every method throws {@link DeployFailure}: `refused` for a wrong key, otherwise with InsForge's own
 * words. A call whose answer is lost on the way is made again, up to three times in all; none of them
 * does harm when it is made twice.
 */
export class Project {
  readonly url: string;
  readonly #key: string;
  readonly #budget: WriteBudget;
  /** Whether it has ever answered: one that never has is not tried again. */
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
    const answer = await this.#send("GET", "/api/functions");
    return this.#requireBody(answer, (body) => Array.isArray(body.functions));
  }

  async findFunction(slug: string): Promise<FunctionSchema | undefined> {
    const answer = await this.#send("GET", `/api/functions/${slug}`);
    if (isNotFound(answer)) return undefined;
    // Who took something else for a function without code would put nothing in its place.
    return this.#requireBody(answer, (body) => typeof body.code === "string");
  }

  /** Stores a function's code and, on cloud, deploys all of them. A failed deployment is an answer. */
  async writeFunction(
    slug: string,
    { name, description, code }: Definition,
    { exists, ...options }: WriteOptions & { exists: boolean },
  ): Promise<FunctionResponse> {
    const update = { name, description: description ?? undefined, code };
    if (!exists) {
      const created = await this.#write("POST", "/api/functions", { slug, ...update }, options);
      // Made by somebody else, or by a try of ours whose answer was lost.
      if (created.status !== 409) return this.#requireBody(created);
    }
    const updated = await this.#write("PUT", `/api/functions/${slug}`, update, options);
    return this.#requireBody(updated);
  }

  /** On cloud a deployment follows, of which InsForge does not tell the outcome. */
  async deleteFunction(slug: string, options: WriteOptions): Promise<void> {
    const answer = await this.#write("DELETE", `/api/functions/${slug}`, undefined, options);
    if (!isNotFound(answer)) this.#requireSuccess(answer);
  }

  async listSecrets(): Promise<SecretSchema[]> {
    const answer = await this.#send("GET", "/api/secrets");
    return this.#requireBody(answer, (body) => Array.isArray(body.secrets)).secrets;
  }

  /** Sets a secret that is not there; one that has appeared meanwhile stays as it is. */
  async createSecret(key: string, value: string): Promise<void> {
    const answer = await this.#send("POST", "/api/secrets", { key, value });
    if (answer.status !== 409) this.#requireSuccess(answer);
  }

  async listMigrations(): Promise<Migration[]> {
    const answer = await this.#send("GET", "/api/database/migrations");
    return this.#requireBody(answer, (body) => Array.isArray(body.migrations)).migrations;
  }

  async applyMigration(migration: { version: string; name: string; sql: string }): Promise<void> {
    const answer = await this.#send("POST", "/api/database/migrations", migration);
    // A version that is taken may be this very migration, by a try whose answer was lost.
    const isApplied = answer.status === 409 &&
      (await this.listMigrations()).some(({ name }) => name === migration.name);
    if (!isApplied) this.#requireSuccess(answer);
  }

  /** Sends a write of a function, within the limit on them. */
  async #write(
    method: string,
    path: string,
    body: unknown,
    { needed, signal }: WriteOptions,
  ): Promise<Answer> {
    for (let refusals = 0;; refusals++) {
      const answer = await this.#send(method, path, body, () => this.#budget.take(needed, signal));
      this.#budget.note(answer.status, answer.headers);
      if (answer.status !== 429 || refusals >= TRIES) return answer;
    }
  }

  async #send(
    method: string,
    path: string,
    body?: unknown,
    beforeEachTry: () => Promise<void> = () => Promise.resolve(),
  ): Promise<Answer> {
    const timeoutMs = method === "GET" ? READ_TIMEOUT_MS : WRITE_TIMEOUT_MS;
    for (let tries = 1;; tries++) {
      await beforeEachTry();
      let lost: string;
      try {
        const answer = await withDeadline(
          timeoutMs,
          (signal) => this.#ask(method, path, body, signal),
        );
        if (![502, 503, 504].includes(answer.status)) {
          this.#reached = true;
          return answer;
        }
        lost = `answers ${answer.status}`;
      } catch (error) {
        const { name, message } = error as Error;
        lost = name === "TimeoutError" ? `gives ${message}` : "cannot be reached";
      }
      if (!this.#reached || tries >= TRIES) throw new DeployFailure(`${this.url} ${lost}`);
      this.print(`${this.url} ${lost}; trying again`);
      await this.clock.sleep(PAUSE_MS);
    }
  }

  async #ask(method: string, path: string, body: unknown, signal: AbortSignal): Promise<Answer> {
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

  /** The body of a success. A proxy may answer in InsForge's place, and not only the first time. */
  // deno-lint-ignore no-explicit-any
  #requireBody(answer: Answer, isWhole: (body: any) => boolean = () => true): any {
    this.#requireSuccess(answer);
    const { body } = answer;
    if (typeof body === "object" && body && isWhole(body)) return body;
    throw new DeployFailure(`${this.url} is no InsForge project; check INSFORGE_BASE_URL`);
  }

  #requireSuccess({ status, body }: Answer): void {
    if (status < 300) return;
    const { error = "", message } = body ?? {};
    if (message === undefined) {
      throw new DeployFailure(
        `${this.url} answers ${status} and is no InsForge project; check INSFORGE_BASE_URL`,
      );
    }
    if (status === 401 || (status === 403 && String(error).startsWith("AUTH_"))) {
      throw new DeployFailure(`${this.url} refuses the key: ${message}`, "refused");
    }
    throw new DeployFailure(`InsForge refuses it with ${status} ${error}: ${message}`);
  }
}

/** Whether InsForge says that there is no such function; a proxy's page says nothing of that. */
function isNotFound({ status, body }: Answer): boolean {
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
