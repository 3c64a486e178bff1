/** The ledger of a soak test, and whether it agrees with what the provider billed. */
import { createSettings } from "../../shared/settings.ts";
import { sweep } from "../../functions/usage/sweep.ts";
import {
  findWrongSums,
  type Ledger,
  openEmbeddedLedger,
  openServerLedger,
  serveRoutines,
} from "../../tests/support/ledger.ts";
import { postgresPrograms } from "../../tests/support/programs.ts";

/** A ledger that functions reach as they reach InsForge. */
export interface SoakLedger extends AsyncDisposable {
  /** The value for `INSFORGE_BASE_URL`. */
  url: string;
  /** The database. */
  store: "PostgreSQL" | "PGlite";
  /** Reads ledger and bill, once the provider has stated what every generation cost. */
  readBooks(provider: { bill(): Bill }, openrouterUrl: string): Promise<Books>;
}

/** The total of several generations, in USD. */
export interface Bill {
  generations: number;
  total: number;
}

/** What the ledger holds, and what the provider billed. */
export interface Books {
  /** Charges whose cost the provider has stated. */
  confirmed: { generations: number; usd: number };
  /** Estimates for requests without a response, which name no generation. */
  nameless: { generations: number; usd: number };
  /** What must not be: reservations that are open, sums that disagree with their charges. */
  faults: string[];
  bill: Bill;
}

/** Any key will do: nothing but the functions reaches this ledger. */
export const API_KEY = "ik_soak";
/** As many connections as a small pool of PostgREST has. */
const CONNECTIONS = 8;
/** How long the provider may take to tell what the last generations cost. */
const RECONCILE_MS = 60_000;
/** Half of the smallest amount that the provider bills. */
const SMALLEST_USD = 5e-10;

/** Opens an empty ledger, on PostgreSQL where it is installed. */
export async function openSoakLedger(): Promise<SoakLedger> {
  const ledger = postgresPrograms
    ? await openServerLedger(CONNECTIONS)
    : await openEmbeddedLedger();
  const insforge = serveRoutines(ledger);
  const { url } = insforge;
  return {
    url,
    store: postgresPrograms ? "PostgreSQL" : "PGlite",
    readBooks: async (provider, openrouterUrl) => {
      await reconcile(ledger, { insforgeUrl: url, openrouterUrl });
      return { ...await readSums(ledger), bill: provider.bill() };
    },
    async [Symbol.asyncDispose]() {
      await insforge[Symbol.asyncDispose]();
      await ledger[Symbol.asyncDispose]();
    },
  };
}

/** Replaces estimates by what the provider says, until none is left that names a generation. */
async function reconcile(
  ledger: Ledger,
  { insforgeUrl, openrouterUrl }: { insforgeUrl: string; openrouterUrl: string },
): Promise<void> {
  const values: Record<string, string> = {
    ...{ API_KEY, INSFORGE_BASE_URL: insforgeUrl },
    ...{ OPENROUTER_API_KEY: "sk-or-v1-soak", OPENROUTER_BASE_URL: openrouterUrl },
  };
  const settings = createSettings({ get: (name) => values[name] });
  const deadline = performance.now() + RECONCILE_MS;
  while (performance.now() < deadline) {
    await ledger.run(
      "update ai_charges set next_try_at = now() where not final and generation_id is not null",
    );
    const { reconciled, pending } = await sweep(settings);
    if (reconciled + pending === 0) return;
  }
}

async function readSums(ledger: Ledger): Promise<Omit<Books, "bill">> {
  const [row] = await ledger.run(`
    select
      count(*) filter (where final)::int as final,
      coalesce(sum(usd) filter (where final), 0)::float8 as final_usd,
      count(*) filter (where not final and generation_id is not null)::int as pending,
      count(*) filter (where generation_id is null)::int as nameless,
      coalesce(sum(usd) filter (where generation_id is null), 0)::float8 as nameless_usd,
      (select count(*)::int from ai_reservations) as open,
      (select held_usd::float8 from ai_project_sums(ai_today())) as held
    from ai_charges`);
  const { pending, open, held } = row!;
  const wrongSums = await findWrongSums(ledger);
  return {
    confirmed: { generations: row!.final, usd: row!.final_usd },
    nameless: { generations: row!.nameless, usd: row!.nameless_usd },
    faults: [
      pending > 0 && `${pending} charges were never confirmed`,
      open > 0 && `${open} reservations are open`,
      held !== 0 && `$${held} are held`,
      wrongSums.length > 0 && `sums and charges disagree: ${JSON.stringify(wrongSums)}`,
    ].filter((fault) => fault !== false),
  };
}

/** What was recorded and billed between two moments. */
export function toDifference(later: Books, earlier: Books): Books {
  const subtract = (one: Books["confirmed"], other: Books["confirmed"]) => ({
    generations: one.generations - other.generations,
    usd: one.usd - other.usd,
  });
  return {
    confirmed: subtract(later.confirmed, earlier.confirmed),
    nameless: subtract(later.nameless, earlier.nameless),
    faults: later.faults,
    bill: {
      generations: later.bill.generations - earlier.bill.generations,
      total: later.bill.total - earlier.bill.total,
    },
  };
}

/**
 * Compares a ledger with the provider's bill.
 *
 * A caller who closes the connection before the response leaves a request that may have been billed,
 * and whose generation has no known id: it is charged by an estimate. All others agree exactly.
 *
 * @returns what disagrees, one sentence each.
 */
export function findDisagreement({ confirmed, nameless, faults, bill }: Books): string[] {
  const unnamed = bill.generations - confirmed.generations;
  const usd = bill.total - confirmed.usd;
  const isCovered = unnamed >= 0 && unnamed <= nameless.generations &&
    usd > -SMALLEST_USD && usd < nameless.usd + SMALLEST_USD;
  const isExact = unnamed > 0 || Math.abs(usd) < SMALLEST_USD;
  if (isCovered && isExact) return faults;
  const recorded = `${confirmed.generations} confirmed charges for $${confirmed.usd} and ` +
    `${nameless.generations} estimates for $${nameless.usd}`;
  return [...faults, `${recorded}; billed are ${bill.generations} for $${bill.total}`];
}
