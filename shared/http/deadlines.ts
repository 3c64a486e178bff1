/** Deadlines that share one timer: a timer for each call costs more than the rest of its handling. */

/** Deadlines are kept to this many milliseconds; they are never early. */
const SLOT_MS = 100;

interface Deadline {
  /** When it is due, by `performance.now()`. */
  at: number;
  callback: () => void;
}

const deadlines = new Set<Deadline>();
let timer: ReturnType<typeof setTimeout> | undefined;
/** When the timer fires. */
let firesAt = Infinity;

/**
 * Calls a function once when a time has passed.
 *
 * @param ms how long to wait; the call comes up to 100 ms later.
 * @param callback must not throw.
 * @returns a function that cancels the deadline. It may be called at any time.
 */
export function setDeadline(ms: number, callback: () => void): () => void {
  const now = performance.now();
  const deadline = { at: now + ms, callback };
  deadlines.add(deadline);
  startTimer(deadline.at, now);
  return () => {
    // A timer that is left over keeps a process from ending.
    if (deadlines.delete(deadline) && deadlines.size === 0) stopTimer();
  };
}

/** Makes the timer fire at the end of the slot of `at`, or leaves it as it is if it fires before. */
function startTimer(at: number, now: number): void {
  const slotEnd = Math.ceil(at / SLOT_MS) * SLOT_MS;
  if (slotEnd >= firesAt) return;
  stopTimer();
  firesAt = slotEnd;
  timer = setTimeout(fire, Math.max(0, slotEnd - now));
}

function stopTimer(): void {
  clearTimeout(timer);
  timer = undefined;
  firesAt = Infinity;
}

/** Calls what is due. The deadline that the timer was started for may have been cancelled. */
function fire(): void {
  const now = performance.now();
  const slotEnd = Math.max(now, firesAt); // a timer may fire a little early
  stopTimer();
  const due: Deadline[] = [];
  let next = Infinity;
  for (const deadline of deadlines) {
    if (deadline.at <= slotEnd) due.push(deadline);
    else next = Math.min(next, deadline.at);
  }
  if (next < Infinity) startTimer(next, now);
  for (const deadline of due) {
    // An earlier callback may have cancelled it.
    if (deadlines.delete(deadline)) deadline.callback();
  }
}
