/** What one run of the benchmark shares: the upstream, the ledger, the load, and running contestants. */
import { fileURLToPath } from "node:url";
import { exportSPKI, generateKeyPair, SignJWT } from "jose";
import { startChild, within } from "./child.ts";
import {
  type Contestant,
  type ContestantName,
  CONTESTANTS,
  ELSEWHERE,
  startContestant,
  type Surroundings,
} from "./contestants.ts";
import type { LedgerWork } from "./ledger_server.ts";
import type { Load, LoadOrder } from "./load.ts";
import type { LoadMessage } from "./load_process.ts";

/** A running benchmark. */
export interface Bench {
  /** Whether figures are only to show that everything works. */
  isQuick: boolean;
  surroundings: Surroundings;
  /** The database of the ledger. */
  store: LedgerWork["store"];
  /** The access tokens of the users. */
  tokens: string[];
  /** What could not be measured, one sentence each. */
  notes: string[];
  /** Prints progress on stderr. */
  report(step: string): void;
  /** Starts the contestants that do not run yet. Those that cannot start are left out, with a note. */
  start(names: ContestantName[]): Promise<Contestant[]>;
  /**
   * Starts a contestant in a new process, which the caller stops; undefined if it cannot start.
   *
   * @param flags further flags for `deno run`; only the servers of the functions get them.
   */
  startNew(name: ContestantName, flags?: string[]): Promise<Contestant | undefined>;
  /**
   * Measures something of a contestant. When a contestant that is the work of others fails, a note
   * says so, and the result is undefined.
   */
  attempt<T>(name: ContestantName, what: string, run: () => Promise<T>): Promise<T | undefined>;
  /** Creates a folder for temporary files, which the caller removes. */
  createFolder(): Promise<string>;
  /** Applies a load from the process that generates it. */
  load(order: Omit<LoadOrder, "tokens" | "deadlineMs">): Promise<Load>;
  /** Opens streams that stay open until they are closed. */
  openStreams(order: Omit<LoadOrder, "tokens" | "durationMs" | "deadlineMs">): Promise<void>;
  closeStreams(): Promise<void>;
}

/** The number of users that take turns. */
const USERS = 64;
const KEY_ID = "bench";
const LOCAL = fileURLToPath(new URL("../../.local/", import.meta.url));
/** How much longer than its duration a load may take, and its process until it replies. */
const LOAD_MS = 45_000;
const REPLY_MS = 60_000;
/** How long the processes may take to stop. */
const STOP_MS = 60_000;

/** Starts what every part needs. Disposing of it stops all processes. */
export async function createBench(
  { isQuick }: { isQuick: boolean },
): Promise<Bench & AsyncDisposable> {
  await using started = new AsyncDisposableStack();
  const all = ["--allow-all"];
  const upstream = started.use(await startChild("upstream.ts", { permissions: all }));
  const ledger = started.use(await startChild("ledger_server.ts", { permissions: all }));
  const generator = started.use(await startChild("load_process.ts", { permissions: all }));
  const { store } = await ledger.ask<LedgerWork>({});
  const { tokens, jwt } = await createTokens();
  const surroundings: Surroundings = { upstream, ledger, jwt, flags: [] };
  const running = new Map<ContestantName, Contestant>();
  const processes = new AsyncDisposableStack();
  started.use(processes);
  const notes: string[] = [];
  const send = <T>(message: LoadMessage, ms: number): Promise<T> => generator.ask<T>(message, ms);

  const attempt: Bench["attempt"] = async (name, what, run) => {
    try {
      return await run();
    } catch (error) {
      if (!ELSEWHERE.includes(name)) throw error;
      const reason = error instanceof Error ? error.message : error;
      const note = `${CONTESTANTS[name].title} was left out of "${what}": ${reason}.`;
      if (!notes.includes(note)) notes.push(note);
    }
  };
  const startNew: Bench["startNew"] = (name, flags = []) =>
    attempt(name, "start", () => startContestant(name, { ...surroundings, flags }));
  const start = async (name: ContestantName): Promise<Contestant[]> => {
    const known = running.get(name);
    if (known) return [known];
    const contestant = await startNew(name);
    if (!contestant) return [];
    running.set(name, contestant);
    if (contestant.server !== upstream) processes.use(contestant.server);
    return [contestant];
  };

  const stop = started.move();
  return {
    isQuick,
    surroundings,
    store,
    tokens,
    notes,
    report: (step) => console.error(`  ${step}`),
    start: async (names) => {
      const list: Contestant[] = [];
      for (const name of names) list.push(...await start(name));
      return list;
    },
    startNew,
    attempt,
    async createFolder() {
      await Deno.mkdir(LOCAL, { recursive: true });
      return await Deno.makeTempDir({ dir: LOCAL, prefix: "bench-" });
    },
    load: ({ durationMs, ...order }) => {
      const deadlineMs = durationMs + LOAD_MS;
      const load = { ...order, tokens, durationMs, deadlineMs };
      return send({ load }, durationMs + REPLY_MS);
    },
    openStreams: (order) =>
      send({ open: { ...order, tokens, durationMs: 0, deadlineMs: LOAD_MS } }, REPLY_MS),
    closeStreams: () => send({ close: true }, REPLY_MS),
    [Symbol.asyncDispose]: () => within(STOP_MS, stop.disposeAsync(), "The processes did not stop"),
  };
}

async function createTokens() {
  const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
  const tokens = await Promise.all(
    Array.from(
      { length: USERS },
      (_, i) =>
        new SignJWT({ sub: `bench-user-${i}`, role: "authenticated" })
          .setProtectedHeader({ alg: "RS256", kid: KEY_ID }).setExpirationTime("2h").sign(
            privateKey,
          ),
    ),
  );
  return { tokens, jwt: { JWT_PUBLIC_KEY: await exportSPKI(publicKey), JWT_KEY_ID: KEY_ID } };
}
