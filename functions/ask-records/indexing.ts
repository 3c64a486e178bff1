/** Works off the queues of the search indexes: texts become vectors, in batches. */
import { mapConcurrently } from "../../shared/concurrency.ts";
import { ApiError, invalidInput } from "../../shared/errors.ts";
import type { User } from "../../shared/auth/user_token.ts";
import type { Call } from "../../shared/http/call.ts";
import { maxResponseMs } from "../../shared/http/platform.ts";
import { callRoutine } from "../../shared/insforge/admin.ts";
import { toAdminError, toReadError } from "../../shared/insforge/failures.ts";
import { callUserRoutine } from "../../shared/insforge/routines.ts";
import { createEmbeddings } from "../../shared/openrouter/embeddings.ts";
import type { Settings } from "../../shared/settings.ts";
import { sumTokenUsage, type TokenUsage } from "../../shared/token_usage.ts";
import { type EmbeddingSpace, requireDimensions } from "./embedding_space.ts";
import {
  type Claim,
  type Entry,
  isClaimList,
  isIdList,
  isQueueState,
  type QueueState,
} from "./routine_results.ts";

/** The outcome of a run. */
export interface IndexAnswer {
  /** Rows whose vector was made and stored. */
  indexed: number;
  /** Rows that still wait for their vector; for a user at most 1,000 are counted. */
  waiting: number;
  /** Rows whose text the model refused; they are tried again when their text changes. */
  refused: number;
  /** Tokens and cost of the run. */
  usage: TokenUsage;
}

/** One request for vectors. */
interface Batch {
  space: EmbeddingSpace;
  entries: Entry[];
}

const BATCH_SIZE = 100;
const CONCURRENCY = 4;
/** A run begins nothing new after this part of the time that a request may take. */
const RUN_PART = 0.6;
/** A user counts at most so many waiting rows. */
const MAX_PENDING = 1_000;
/** So many refused texts without a single vector are the fault of the model or its settings. */
const MAX_REFUSED = 5;

/**
 * Works off the queues of all indexes, for a schedule. Two runs at a time share the work.
 *
 * @throws {ApiError} when nothing could be indexed: what OpenRouter or InsForge responded.
 */
export async function indexAll(call: Call): Promise<IndexAnswer> {
  const run = new IndexRun(call);
  await run.work(() => claim({ max: BATCH_SIZE * CONCURRENCY }, call.settings));
  return run.finish(
    await callRoutine("ai_search_state", {}, call.settings, { isResult: isQueueState }),
  );
}

/**
 * Indexes the rows of a table that the caller may read and whose vectors are missing.
 *
 * @throws {ApiError} as {@link indexAll}; 400 `INVALID_INPUT` when the table has no index.
 */
export async function indexOwn(call: Call, user: User, table: string): Promise<IndexAnswer> {
  const { settings } = call;
  const readPending = () =>
    callUserRoutine(user, {
      name: "search_pending",
      args: { table_name: table, max: MAX_PENDING },
      isResult: isIdList,
      toError: (error, status) => {
        if (error.code === "PGRST202") return toAdminError(error, status, "routine search_pending");
        if (error.code === "42P01") {
          return invalidInput(`"index" must be a table with a search index; "${table}" has none`);
        }
        return toReadError(error, status, { table });
      },
    }, settings);
  const run = new IndexRun(call);
  await run.work(async () => {
    const only_ids = (await readPending()).slice(0, BATCH_SIZE * CONCURRENCY);
    if (only_ids.length === 0) return [];
    const max = only_ids.length;
    return await claim({ max, only_table: table, only_ids }, settings);
  });
  return run.finish({ waiting: (await readPending()).length, refused: run.refused });
}

/** Takes entries of the queues for two minutes, in which no other run gets them. */
async function claim(
  args: { max: number; only_table?: string; only_ids?: string[] },
  settings: Settings,
): Promise<Claim[]> {
  return await callRoutine("ai_search_claim", args, settings, { isResult: isClaimList });
}

/** One run: claims, embeds and stores until a round stores nothing, or time is up. */
class IndexRun {
  /** Texts that the model refused in this run. */
  refused = 0;
  #indexed = 0;
  #failure: ApiError | undefined;
  readonly #usages: (Partial<TokenUsage> | undefined)[] = [];

  constructor(readonly call: Call) {}

  async work(claim: () => Promise<Claim[]>): Promise<void> {
    const runMs = RUN_PART * Math.min(this.call.settings.REQUEST_DEADLINE_MS, maxResponseMs());
    for (let before = -1; this.#indexed > before && this.call.elapsedMs() < runMs;) {
      before = this.#indexed;
      const claims = await claim();
      const batches = claims.flatMap(toBatches);
      await mapConcurrently(batches, CONCURRENCY, (batch) => this.#embed(batch));
    }
  }

  finish({ waiting, refused }: QueueState): IndexAnswer {
    if (this.#failure && this.#indexed === 0) throw this.#failure;
    return { indexed: this.#indexed, waiting, refused, usage: sumTokenUsage(this.#usages) };
  }

  /** Makes and stores the vectors of a batch, or puts its entries off. */
  async #embed({ space, entries }: Batch): Promise<void> {
    let vectors: number[][];
    try {
      vectors = await this.#createVectors({ space, entries });
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) throw thrown;
      await this.#handle(thrown, { space, entries });
      return;
    }
    const stored = await callRoutine(
      "ai_search_save",
      {
        table_name: space.table,
        model: space.model,
        entries: entries.map(({ id, version }, i) => ({ id, version, embedding: vectors[i] })),
      },
      this.call.settings,
      { isResult: isCount },
    );
    this.#indexed += stored; // not `+= await`: other batches add to it meanwhile
  }

  async #createVectors({ space, entries }: Batch): Promise<number[][]> {
    const { params, model } = space;
    const input = entries.map(({ text }) => text);
    const { data, usage } = await createEmbeddings(this.call, { ...params, model, input });
    this.#usages.push(usage);
    const vectors = data.map(({ embedding }) => embedding);
    for (const vector of vectors) requireDimensions(space, vector);
    return vectors;
  }

  /** One bad text fails its whole batch, so a refused batch is halved until the text is found. */
  async #handle(failure: ApiError, { space, entries }: Batch): Promise<void> {
    const isHopeless = this.#indexed === 0 && this.refused >= MAX_REFUSED;
    const isRefused = isAboutTexts(failure) && !isHopeless;
    if (isRefused && entries.length > 1) {
      const half = Math.ceil(entries.length / 2);
      await this.#embed({ space, entries: entries.slice(0, half) });
      return await this.#embed({ space, entries: entries.slice(half) });
    }
    if (isRefused) this.refused++;
    else this.#failure ??= failure;
    await callRoutine("ai_search_postpone", {
      table_name: space.table,
      entries: entries.map(({ id, version }) => ({ id, version })),
      error: isRefused ? failure.message : null,
    }, this.call.settings);
  }
}

/** Whether the model refused the texts, and would refuse them again. */
function isAboutTexts({ status, code }: ApiError): boolean {
  return status === 413 || code === "INVALID_INPUT" || code === "FORBIDDEN";
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value);
}

function toBatches({ entries, ...space }: Claim): Batch[] {
  return Array.from({ length: Math.ceil(entries.length / BATCH_SIZE) }, (_, i) => ({
    space,
    entries: entries.slice(i * BATCH_SIZE, (i + 1) * BATCH_SIZE),
  }));
}
