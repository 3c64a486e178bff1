/** Creates varied support tickets that are the same on every machine. */

import { type Scenario, SCENARIOS } from "./scenarios.ts";
import { FIRST_NAMES, LAST_NAMES, SLOTS } from "./slots.ts";

/** A support ticket without an owner. */
export interface Ticket {
  customer: string;
  subject: string;
  body: string;
  status: string;
  priority: string;
  category: string;
  /** The age of the ticket. */
  minutes_ago: number;
}

const OLDEST_MINUTES = 90 * 24 * 60;

/** Creates `count` tickets, newest first. The same `seed` creates the same tickets. */
export function createTickets(count: number, seed = 7): Ticket[] {
  const random = createRandom(seed);
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!;
  const lot = SCENARIOS.flatMap((scenario) => Array<Scenario>(scenario.weight).fill(scenario));

  return Array.from({ length: count }, (_, index) => {
    const { category, priorities, texts } = pick(lot);
    const [subject, body] = pick(Object.entries(texts));
    // Subject and body share their words, so that both are about the same order and machine.
    const filling = new Map<string, string>();
    const fill = (text: string) =>
      text.replace(/\{(\w+)\}/g, (_, slot: string) => {
        const value = filling.get(slot) ??
          (slot === "order"
            ? `C-${10000 + Math.floor(random() * 90000)}`
            : pick(SLOTS[slot] ?? []));
        filling.set(slot, value);
        return value;
      });
    const age = (index + random()) / count;
    return {
      customer: `${pick(FIRST_NAMES)} ${pick(LAST_NAMES)}`,
      subject: fill(subject),
      body: fill(body),
      status: pick(STATUS_BY_AGE[Math.min(2, Math.floor(age * 3))] ?? []),
      priority: pick(priorities),
      category,
      minutes_ago: Math.round(age * OLDEST_MINUTES),
    };
  });
}

/** Older tickets are more likely to be done. */
const STATUS_BY_AGE = [
  ["open", "open", "open", "pending", "pending", "resolved"],
  ["open", "pending", "resolved", "resolved", "closed"],
  ["resolved", "resolved", "closed", "closed", "closed", "pending"],
];

/** Mulberry32: numbers in 0..1 that depend only on the seed. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
