/** What is asked of the gateway after a paid call: what earlier generations cost. */
import type { Call } from "../http/call.ts";
import type { Charge } from "../ledger/charge.ts";
import { type LookUp, reconcile, settled } from "../ledger/bill.ts";
import { getGeneration } from "./generation.ts";
import { readUserKey } from "../user_keys/user_key.ts";

/** How long the end of a call waits for the gateway's records of earlier generations. */
const LOOK_UP_MS = 1_000;

const followed = new WeakSet<Call>();

/** Corrects earlier estimates of the same payer once the call is settled; once per call. */
export function followUp(call: Call): void {
  if (followed.has(call)) return;
  followed.add(call);
  call.atEnd(async () => {
    const { lookUps } = await settled(call);
    if (lookUps.length === 0) return;
    const signal = AbortSignal.timeout(LOOK_UP_MS);
    const found = await Promise.all(lookUps.map((one) => lookUp(call, one, signal)));
    const charges = found.filter((charge) => charge !== undefined);
    try {
      await reconcile(charges, call.settings);
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
