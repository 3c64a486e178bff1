import { mock } from "node:test";
import { assertEquals } from "@std/assert";
import { setDeadline } from "../../../shared/http/deadlines.ts";

/** Runs `run` with timers that fire when the test says so, at the time 1,010 ms. */
function withFakeTimers(run: (fire: () => number) => void): void {
  const timers = new Map<number, { callback: () => void; ms: number }>();
  const { setTimeout, clearTimeout } = globalThis;
  const now = mock.method(performance, "now", () => 1_010);
  let id = 0;
  globalThis.setTimeout = ((callback: () => void, ms: number) => {
    timers.set(++id, { callback, ms });
    return id;
  }) as unknown as typeof setTimeout;
  globalThis.clearTimeout = ((id: number) => void timers.delete(id)) as typeof clearTimeout;
  try {
    run(() => {
      const [first] = timers;
      timers.delete(first![0]);
      first![1].callback();
      return first![1].ms;
    });
    assertEquals(timers.size, 0, "a timer is left over");
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout });
    now.mock.restore();
  }
}

Deno.test("setDeadline calls all functions of one slot with one timer, and none of them early", () => {
  withFakeTimers((fire) => {
    const called: string[] = [];
    setDeadline(250, () => void called.push("a"));
    setDeadline(280, () => void called.push("b"));
    assertEquals([fire(), called], [290, ["a", "b"]]);
  });
});

Deno.test("setDeadline does not call a function that was cancelled", () => {
  withFakeTimers((fire) => {
    const called: string[] = [];
    const call = () => void called.push("a");
    const cancel = setDeadline(250, call);
    setDeadline(250, call);
    cancel();
    cancel();
    fire();
    assertEquals(called, ["a"]);
    cancel();
  });
});

Deno.test("setDeadline clears the timer when its last function is cancelled", () => {
  withFakeTimers(() => {
    const cancels = [100, 100, 5_000].map((ms) => setDeadline(ms, () => {}));
    for (const cancel of cancels) cancel();
  });
});

Deno.test("setDeadline calls a function whose time has passed already", async () => {
  const called = Promise.withResolvers<void>();
  setDeadline(-5, () => called.resolve());
  await called.promise;
});
