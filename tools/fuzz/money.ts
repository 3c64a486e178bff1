/** What must hold of the charges of a request, whatever the gateway did (docs/limits-and-policy.md). */
import { BODILESS, type Fate, type Reply } from "./fake_network.ts";

/** A paid request that reached the gateway. */
export interface Post {
  path: string;
  fate: Fate;
}

const PAID =
  /^\/(chat\/completions|completions|responses|messages|embeddings|images|audio|rerank|videos)\b/;
/** A request is attempted three times. Images are requested a second time with other modalities. */
const MAX_ATTEMPTS = 6;
const MAX_COUNT = 2 ** 31 - 1;

/** What the gateway and the ledger saw of one request. */
export class Books {
  readonly posts: Post[] = [];
  readonly charges: unknown[] = [];

  /** Notes a request to the gateway. */
  notePost(path: string, fate: Fate): void {
    if (PAID.test(path)) this.posts.push({ path, fate });
  }

  /** The ledger's response to a batch of reservations and charges, which are noted. */
  commit(body: string): unknown {
    const { reservations, charges } = JSON.parse(body);
    this.charges.push(...charges);
    return { decisions: reservations.map(() => null), look_ups: [], prices_due: false };
  }

  /**
   * Fails when a request was sent again although it may have been taken, when one that may have been
   * billed is not charged, when one is charged twice, or when a charge is not a number.
   *
   * @param isOneOperation whether the function calls the gateway for one operation only.
   */
  check(isOneOperation: boolean): void {
    const { posts, charges } = this;
    const taken = posts.filter(({ fate }) => mayBeTaken(fate)).length;
    if (charges.length < taken || charges.length > posts.length) {
      throw new Error(
        `${posts.length} requests, ${taken} of them taken: ${charges.length} charges`,
      );
    }
    for (const charge of charges) requireCharge(charge as Record<string, unknown>);
    if (!isOneOperation) return;
    if (posts.length > MAX_ATTEMPTS) throw new Error(`The gateway got ${posts.length} requests`);
    const broken = posts.findIndex(({ fate }) => fate === "reset" || fate === "silent");
    if (broken >= 0 && broken < posts.length - 1) {
      throw new Error("A request was sent again after its connection had broken");
    }
  }
}

/** Whether the gateway surely worked on the request: it sent a generation, or nothing at all. */
function mayBeTaken(fate: Fate): boolean {
  if (typeof fate === "string") return fate !== "refused";
  return fate.status < 300 && isGeneration(fate);
}

/** Whether a response states what it costs, and no error. */
function isGeneration({ status, pieces, end }: Reply): boolean {
  if (BODILESS.includes(status) || end !== "close" || pieces.length !== 1) return false;
  try {
    const { usage, error, error_type, choices, id } = JSON.parse(
      new TextDecoder().decode(pieces[0]),
    );
    const isWhole = typeof id === "string" && Array.isArray(choices);
    return isWhole && usage?.cost > 0 && error === undefined && error_type === undefined;
  } catch {
    return false;
  }
}

/** Fails unless the ledger can hold a charge. */
export function requireCharge(charge: Record<string, unknown>): void {
  const { generation_id, model, usd, prompt_tokens, completion_tokens } = charge;
  const isName = (value: unknown) =>
    typeof value === "string" && value.length <= 200 && value.isWellFormed() &&
    !value.includes("\0");
  const isCount = (value: unknown) =>
    Number.isInteger(value) && value as number >= 0 && value as number <= MAX_COUNT;
  const isPrice = usd === null || typeof usd === "number" && usd >= 0 && usd <= 1e9;
  const isValid = isPrice && isCount(prompt_tokens) && isCount(completion_tokens) &&
    isName(model) && (generation_id === null || isName(generation_id));
  if (!isValid) throw new Error(`The ledger cannot hold the charge ${JSON.stringify(charge)}`);
}
