/** Several tasks at a time, within a limit. */

/** What the function that maps one item learns beside the item. */
export interface ItemContext {
  /** The item's position in the list. */
  index: number;
  /** Aborted as soon as another item has failed. */
  signal: AbortSignal;
}

/**
 * Maps items with at most `limit` of them in flight, and keeps their order.
 *
 * After the first failure no item is started, and `signal` tells those in flight to stop. They are
 * awaited before the failure is thrown, so no work goes on behind a response that was already sent.
 *
 * @param map starts the work on one item; it should stop when its signal is aborted.
 * @returns one result per item.
 * @throws what `map` threw first.
 */
export async function mapConcurrently<Item, Result>(
  items: Item[],
  limit: number,
  map: (item: Item, context: ItemContext) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const controller = new AbortController();
  const { signal } = controller;
  const entries = items.entries();
  async function work(): Promise<void> {
    for (const [index, item] of entries) {
      if (signal.aborted) return;
      try {
        results[index] = await map(item, { index, signal });
      } catch (failure) {
        controller.abort(failure);
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  if (signal.aborted) throw signal.reason;
  return results;
}
