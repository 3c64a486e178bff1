/** Several things at a time, and not too many. */

/**
 * Maps items with at most `limit` of them under way, keeping their order.
 *
 * After the first failure nothing new is started, and what is under way is awaited before the
 * failure is thrown: no work goes on behind an answer that was already given.
 *
 * @throws what `map` threw first.
 */
export async function mapConcurrently<Item, Result>(
  items: Item[],
  limit: number,
  map: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const failures: unknown[] = [];
  const entries = items.entries();
  async function work(): Promise<void> {
    for (const [index, item] of entries) {
      if (failures.length > 0) return;
      try {
        results[index] = await map(item, index);
      } catch (failure) {
        failures.push(failure);
      }
    }
  }
  await Promise.all(Array.from({ length: limit }, work));
  if (failures.length > 0) throw failures[0];
  return results;
}
