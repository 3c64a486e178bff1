/** Deadlines that share timers: a timer for each call costs more than the rest of its handling. */

/** Deadlines are kept to this many milliseconds; they are never early. */
const SLOT_MS = 100;

/** The deadlines of one slot of time. */
interface Slot {
  timer: ReturnType<typeof setTimeout>;
  callbacks: Set<() => void>;
}

const slots = new Map<number, Slot>();

/**
 * Calls a function once when a time has passed.
 *
 * @param ms how long to wait; the call comes up to 100 ms later.
 * @param callback must not throw.
 * @returns a function that cancels the deadline. It may be called at any time.
 */
export function setDeadline(ms: number, callback: () => void): () => void {
  const now = performance.now();
  const key = Math.ceil((now + ms) / SLOT_MS);
  // Two deadlines may have the same function, and each must be cancelled for itself.
  const call = () => callback();
  const slot = slots.get(key);
  if (slot) slot.callbacks.add(call);
  else {
    const timer = setTimeout(() => fire(key), Math.max(0, key * SLOT_MS - now));
    slots.set(key, { timer, callbacks: new Set([call]) });
  }
  return () => cancel(key, call);
}

function fire(key: number): void {
  const slot = slots.get(key);
  slots.delete(key);
  for (const callback of slot?.callbacks ?? []) callback();
}

function cancel(key: number, callback: () => void): void {
  const slot = slots.get(key);
  if (!slot?.callbacks.delete(callback) || slot.callbacks.size > 0) return;
  // A timer that is left over keeps a process from ending.
  clearTimeout(slot.timer);
  slots.delete(key);
}
