import { mock } from "node:test";
import { assertEquals } from "@std/assert";
import { setDeadline } from "../../../shared/http/deadlines.ts";

/** A clock that stands at 1,010 ms, and the timers that wait for it. */
interface Clock {
  /** How many timers were started so far. */
  started(): number;
  /** Moves the clock to the next timer and fires it; returns the time. */
  fire(): number;
}

function withFakeClock(run: (clock: Clock) => void): void {
  const timers = new Map<number, { callback: () => void; at: number }>();
  const { setTimeout, clearTimeout } = globalThis;
  let time = 1_010;
  let id = 0;
  const now = mock.method(performance, "now", () => time);
  globalThis.setTimeout = ((callback: () => void, ms: number) => {
    timers.set(++id, { callback, at: time + ms });
    return id;
  }) as unknown as typeof setTimeout;
  globalThis.clearTimeout = ((id: number) => void timers.delete(id)) as typeof clearTimeout;
  const clock = {
    started: () => id,
    fire() {
      const [[id, { callback, at }]] = timers as unknown as [
        [number, { callback(): void; at: number }],
      ];
      timers.delete(id);
      time = at;
      callback();
      return time;
    },
  };
  try {
    run(clock);
    assertEquals(timers.size, 0, "a timer is left over");
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout });
    now.mock.restore();
  }
}

Deno.test("calls all functions of one slot with one timer, and none of them early", () => {
  withFakeClock((clock) => {
    const called: string[] = [];
    setDeadline(250, () => void called.push("a"));
    setDeadline(280, () => void called.push("b"));
    assertEquals([clock.fire(), called, clock.started()], [1_300, ["a", "b"], 1]);
  });
});

Deno.test("starts no timer for a deadline that is later than another", () => {
  withFakeClock((clock) => {
    const called: number[] = [];
    setDeadline(100, () => void called.push(100));
    const cancels = Array.from({ length: 1_000 }, (_, i) => setDeadline(5_000 + i, () => {}));
    setDeadline(300, () => void called.push(300));
    for (const cancel of cancels) cancel();
    assertEquals([clock.fire(), called, clock.started()], [1_200, [100], 2]);
    assertEquals([clock.fire(), called, clock.started()], [1_400, [100, 300], 2]);
  });
});

Deno.test("moves the timer when a deadline comes that is earlier than all others", () => {
  withFakeClock((clock) => {
    const called: number[] = [];
    setDeadline(5_000, () => void called.push(5_000));
    setDeadline(100, () => void called.push(100));
    assertEquals([clock.fire(), called], [1_200, [100]]);
    assertEquals([clock.fire(), called], [6_100, [100, 5_000]]);
  });
});

Deno.test("does not call a function that was cancelled", () => {
  withFakeClock((clock) => {
    const called: string[] = [];
    const call = () => void called.push("a");
    const cancel = setDeadline(250, call);
    setDeadline(250, call);
    cancel();
    cancel();
    clock.fire();
    assertEquals(called, ["a"]);
    cancel();
  });
});

Deno.test("does not call a function that another one of the same slot cancels", () => {
  withFakeClock((clock) => {
    const called: string[] = [];
    let cancel = () => {};
    setDeadline(250, () => cancel());
    cancel = setDeadline(250, () => void called.push("cancelled"));
    clock.fire();
    assertEquals(called, []);
  });
});

Deno.test("clears the timer when the last deadline is cancelled", () => {
  withFakeClock(() => {
    const cancels = [100, 100, 5_000].map((ms) => setDeadline(ms, () => {}));
    for (const cancel of cancels) cancel();
  });
});

Deno.test("calls a function whose time has passed already", async () => {
  const called = Promise.withResolvers<void>();
  setDeadline(-5, () => called.resolve());
  await called.promise;
});
