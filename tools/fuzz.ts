/**
 * `deno task fuzz`: sends generated requests, responses and queries through the project, and stops at
 * the first that breaks a promise. It reaches no network.
 *
 * The cases run in a thread of their own, so that a case that never ends is noticed.
 */
import { parseArgs } from "node:util";
import type { FuzzOrder, FuzzReport } from "./fuzz/run.ts";

const HELP = `deno task fuzz
  --seed N     repeats a run; a random seed unless given
  --cases N    how many cases, of all targets together; 100000 unless given
  --only NAME  only the target with this name: requests, answers, streams, ledger, lock, postgrest`;
const DEFAULT_CASES = 100_000;
/** Far longer than any case takes. */
const LONGEST_CASE_MS = 30_000;

const { values } = parseArgs({
  options: {
    help: { type: "boolean" },
    seed: { type: "string" },
    cases: { type: "string" },
    only: { type: "string" },
  },
});
if (values.help) {
  console.log(HELP);
  Deno.exit();
}
const order: FuzzOrder = {
  seed: toInteger("seed", values.seed) ?? crypto.getRandomValues(new Uint32Array(1))[0]! % 2 ** 31,
  cases: toInteger("cases", values.cases) ?? DEFAULT_CASES,
  only: values.only,
};
console.log(`Seed ${order.seed}`);

const startedAt = performance.now();
const worker = new Worker(new URL("fuzz/run.ts", import.meta.url).href, {
  type: "module",
  name: JSON.stringify(order),
});
let latest = "The targets were not loaded";
let watchdog = setTimeout(hang, LONGEST_CASE_MS);
worker.onerror = (event) => {
  event.preventDefault();
  fail(event.message);
};
worker.onmessage = ({ data: report }: MessageEvent<FuzzReport>) => {
  clearTimeout(watchdog);
  watchdog = setTimeout(hang, LONGEST_CASE_MS);
  switch (report.kind) {
    case "progress":
      latest = report.text;
      break;
    case "target":
      console.log(report.text);
      break;
    case "failure":
      fail(report.text);
      break;
    case "end":
      console.log(
        `${report.cases} cases in ${Math.round((performance.now() - startedAt) / 1e3)} s`,
      );
      Deno.exit();
  }
};

function hang(): void {
  fail(`No case has ended for ${LONGEST_CASE_MS / 1_000} seconds. ${latest}`);
}

function fail(text: string): void {
  const { seed, cases, only } = order;
  const target = only === undefined ? "" : ` --only ${only}`;
  console.error(`${text}\n\nRepeat with: deno task fuzz --seed ${seed} --cases ${cases}${target}`);
  Deno.exit(1);
}

function toInteger(name: string, text: string | undefined): number | undefined {
  if (text === undefined || /^\d{1,10}$/.test(text)) {
    return text === undefined ? text : Number(text);
  }
  console.error(`"--${name}" must be a whole number`);
  Deno.exit(1);
}
