/** One request in the worker of self-hosted InsForge, which starts anew for each request. */
import { listSlugs } from "../../functions.ts";
import { startRuntimes } from "../../local/runtimes/mod.ts";
import { toUrl } from "../contestants.ts";
import { sendFirstRequest } from "../first_requests.ts";
import type { PartResults } from "../results.ts";
import { toMedian } from "../rounds.ts";
import type { Bench } from "../session.ts";
import { format } from "../tables.ts";

const TRIVIAL = "trivial";
const TRIVIAL_SCRIPT = 'module.exports = async () => new Response("{}");';
const REQUEST_MS = 30_000;

/** Measures one request of each function, and of a function that does nothing. */
export async function runWorker(bench: Bench): Promise<PartResults> {
  const { surroundings: { upstream, ledger, jwt }, tokens } = bench;
  const rounds = bench.isQuick ? 2 : 9;
  const slugs = [TRIVIAL, ...listSlugs()];
  const times = new Map<string, number[]>(slugs.map((slug) => [slug, []]));
  {
    await using runtimes = await startRuntimes({
      secrets: {
        ...jwt,
        OPENROUTER_API_KEY: "sk-or-v1-bench",
        OPENROUTER_BASE_URL: toUrl(upstream),
        INSFORGE_BASE_URL: toUrl(ledger),
      },
      scripts: { [TRIVIAL]: TRIVIAL_SCRIPT },
    });
    // The first round fills the caches of the older Deno.
    for (let round = 0; round <= rounds; round++) {
      bench.report(round === 0 ? "warm-up" : `round ${round} of ${rounds}`);
      for (const slug of round % 2 === 0 ? slugs : slugs.toReversed()) {
        const sentAt = performance.now();
        const options = { token: tokens[0]!, timeoutMs: REQUEST_MS };
        await sendFirstRequest(runtimes.olderWorker, slug, options);
        if (round > 0) times.get(slug)!.push(performance.now() - sentAt);
      }
    }
  }
  return summarize(times);
}

function summarize(times: Map<string, number[]>): PartResults {
  const trivial = times.get(TRIVIAL)!;
  const rows = [...times].map(([name, list]) => ({
    name,
    ms: Number(toMedian(list).toFixed(1)),
    ofTrivial: Number((toMedian(list) / toMedian(trivial)).toFixed(3)),
  }));
  const slowest = rows.filter(({ name }) => name !== TRIVIAL)
    .toSorted((a, b) => b.ofTrivial - a.ofTrivial)[0]!;
  return {
    figures: rows,
    tables: [{
      title: "One request in the self-hosted worker",
      group: "functions",
      note:
        "Worker: a copy of it on Deno 2.0.6, the release that InsForge runs. It starts anew for " +
        "each request; the trivial function does nothing else.",
      head: ["", "worker, ms", "of trivial"],
      rows: rows.map(({ name, ms, ofTrivial }) => [
        name === TRIVIAL ? "trivial function" : `\`${name}\``,
        format(ms),
        format(ofTrivial, 2),
      ]),
    }],
    aims: [{
      figure: `Self-hosted worker request, of trivial (slowest: ${slowest.name})`,
      value: slowest.ofTrivial,
      ...{ must: "≤", aim: 1.15 },
    }],
  };
}
