/** How the benchmark compares contestants. */
import { assertEquals } from "@std/assert";
import { type Measurement, repeatUntilSteady, Rounds, toMedian } from "../../tools/bench/rounds.ts";

const WORK = "1 KB at 64";

Deno.test("takes ratios within a round, so that a slow round does not count for one side alone", () => {
  const rounds = new Rounds();
  // The machine is ten times slower in the second round.
  for (const [bare, functions] of [[1_000, 700], [100, 60], [1_000, 650]]) {
    rounds.add(WORK, "bare", createMeasurement({ perSecond: bare }));
    rounds.add(WORK, "functions", createMeasurement({ perSecond: functions }));
  }
  assertEquals(rounds.median(WORK, "functions", "perSecond"), 650);
  assertEquals(rounds.ratio(WORK, ["functions", "bare"], "perSecond"), 0.65);
});

Deno.test("takes differences within a round", () => {
  const rounds = new Rounds();
  for (const [bare, functions] of [[1, 1.25], [8, 8.5], [2, 2.75]]) {
    rounds.add(WORK, "bare", createMeasurement({ wholeMs: bare }));
    rounds.add(WORK, "functions", createMeasurement({ wholeMs: functions }));
  }
  assertEquals(rounds.difference(WORK, ["functions", "bare"], "wholeMs"), 0.5);
});

Deno.test("returns NaN for a contestant that was not measured", () => {
  const rounds = new Rounds();
  rounds.add(WORK, "functions", createMeasurement({}));
  assertEquals(rounds.has(WORK, "bare"), false);
  assertEquals(rounds.median(WORK, "bare", "perSecond"), NaN);
  assertEquals(rounds.ratio(WORK, ["functions", "bare"], "perSecond"), NaN);
});

Deno.test("warms a contestant up until two loads in a row gain nothing, or has loaded it 8 times", async () => {
  const count = async (micros: (number | undefined)[]) => {
    const left = [...micros];
    await repeatUntilSteady(() => Promise.resolve(left.shift()));
    return micros.length - left.length;
  };
  assertEquals(await count([200, 150, 149, 120, 118, 119, 100]), 6);
  assertEquals(await count([100, 90, 80, 70, 60, 50, 40, 30, 20]), 8);
  assertEquals(await count([100, undefined, 100]), 2);
});

Deno.test("takes the middle of the sorted numbers as the median, or the mean of two", () => {
  assertEquals(toMedian([10, 9, 100]), 10);
  assertEquals(toMedian([4, 1, 100, 2]), 3);
  assertEquals(toMedian([7]), 7);
  assertEquals(toMedian([]), NaN);
});

function createMeasurement(figures: Partial<Measurement>): Measurement {
  return {
    ...{ perSecond: 1, firstByteMs: 1, wholeMs: 1, p99Ms: 1, cpuMicros: 1 },
    ...{ waitedTrips: 0, laterTrips: 0, restCpuMicros: 0, databaseCpuMicros: 0 },
    ...figures,
  };
}
