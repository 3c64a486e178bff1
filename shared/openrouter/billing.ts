/** Bills of paid calls, with what the ledger wants to know from the gateway: prices and past costs. */
import type { Call } from "../http/call.ts";
import { chooseGateway } from "../gateway/gateway.ts";
import { type Bill, type LookUp, openBills, settled } from "../ledger/bill.ts";
import type { Charge } from "../ledger/charge.ts";
import type { PaidCall } from "../ledger/estimate.ts";
import { savePrices } from "../ledger/prices.ts";
import { PricesMissing } from "../ledger/queue.ts";
import { reconcile } from "../ledger/store.ts";
import type { Settings } from "../settings.ts";
import { getGeneration } from "./generation.ts";
import { fetchPriceList } from "./price_list.ts";
import { readUserKey } from "../user_keys/user_key.ts";

/** How long the end of a call waits for the gateway's records of earlier generations. */
const LOOK_UP_MS = 1_000;

/** Requests for the price catalogue in flight, by gateway. */
const refreshing = new Map<string, Promise<void>>();

/**
 * Opens bills as `openBills` does. When the ledger needs the gateway's price catalogue first, it is
 * fetched once; without it the fallback prices decide. After the call is settled, prices that are due
 * are refreshed and earlier estimates of the same payer are corrected.
 *
 * @returns the bills; without a promise when nothing is recorded.
 * @throws {ApiError} as `openBills`.
 */
export function openPricedBills(call: Call, paid: PaidCall[]): Bill[] | Promise<Bill[]> {
  const opened = openBills(call, paid);
  return opened instanceof Promise ? awaitBills(call, paid, opened) : opened;
}

async function awaitBills(call: Call, paid: PaidCall[], opened: Promise<Bill[]>): Promise<Bill[]> {
  let bills: Bill[];
  try {
    bills = await opened;
  } catch (thrown) {
    if (!(thrown instanceof PricesMissing)) throw thrown;
    await refreshPrices(call.settings);
    bills = await openBills(call, paid, { withoutPrices: true });
  }
  followUp(call);
  return bills;
}

/** Asks the gateway what the ledger wants to know, once per call and after it is settled. */
function followUp(call: Call): void {
  const promise = settled(call);
  if (!promise) return;
  call.atEnd(async () => {
    const { lookUps, pricesDue } = await promise;
    if (pricesDue) await refreshPrices(call.settings);
    if (lookUps.length === 0) return;
    const signal = AbortSignal.timeout(LOOK_UP_MS);
    const found = await Promise.all(lookUps.map((one) => lookUp(call, one, signal)));
    try {
      await reconcile(found.filter((charge) => charge !== undefined), call.settings);
    } catch (thrown) {
      call.log.notice = `Estimates were not corrected: ${(thrown as Error).message}`;
    }
  });
}

async function lookUp(
  { settings, userId }: Call,
  { generationId, sealedKey }: LookUp,
  signal: AbortSignal,
): Promise<Charge | undefined> {
  if (!sealedKey) return await getGeneration(generationId, settings, { signal });
  const opened = await readUserKey(sealedKey, userId!, settings);
  return opened && await getGeneration(generationId, settings, { key: opened.text, signal });
}

/** Stores the gateway's prices in the ledger; requests that need them at the same time share one. */
function refreshPrices(settings: Settings): Promise<void> {
  const { url } = chooseGateway(settings);
  const running = refreshing.get(url);
  if (running) return running;
  const refresh = storePrices(settings).finally(() => refreshing.delete(url));
  refreshing.set(url, refresh);
  return refresh;
}

/** It never rejects: the fallback prices decide until the ledger asks again. */
async function storePrices(settings: Settings): Promise<void> {
  try {
    await savePrices(await fetchPriceList(settings), settings);
  } catch {
    // The next call finds out whether the ledger can be reached, and says so.
  }
}
