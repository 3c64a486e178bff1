/** `summarize-records` of 1,000 rows, against the requests that it consists of. */
import { CATALOGUE, createCompletion, MODELS } from "../canned.ts";
import { startChild } from "../child.ts";
import type { PartResults } from "../results.ts";
import { toMedian } from "../rounds.ts";
import type { Bench } from "../session.ts";
import { format } from "../tables.ts";

const ROWS = 1_000;
const TABLE = JSON.stringify(Array.from({ length: ROWS }, (_, i) => ({
  id: i + 1,
  opened_at: "2026-11-02T08:15:00Z",
  status: i % 3 === 0 ? "open" : "closed",
  subject: `Delivery ${i + 1} arrived late`,
  text: "The parcel was left at the wrong door, and the carrier has not called back since then. " +
    "I would like to have it sent again, or the price of it returned to my account.",
})));
const COMPLETION = createCompletion(MODELS.fast);
const REQUEST = JSON.stringify({ table: "tickets", limit: ROWS, model: MODELS.fast });
const WARM_UP = 10;
const TIMEOUT_MS = 30_000;

/** A request that the function sent. */
interface Sent {
  url: string;
  method: string;
  headers: Headers;
  body?: string;
}

/** Measures a summary, and the same requests without the function. */
export async function runSummarize(bench: Bench): Promise<PartResults> {
  const { surroundings: { jwt }, tokens } = bench;
  const rounds = bench.isQuick ? 9 : 31;
  const sent: Sent[] = [];
  let isRecording = true;
  await using provider = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { url, method, headers } = request;
      const body = method === "POST" ? await request.text() : undefined;
      if (isRecording) sent.push({ url, method, headers: new Headers(headers), body });
      return respond(new URL(url).pathname);
    },
  );
  const url = `http://127.0.0.1:${provider.addr.port}`;
  await using server = await startChild("servers/functions.ts", {
    permissions: ["--allow-all"],
    env: {
      ...jwt,
      OPENROUTER_API_KEY: "sk-or-v1-bench",
      OPENROUTER_BASE_URL: url,
      INSFORGE_BASE_URL: url,
      ANON_KEY: "bench",
    },
  });
  const summarize = () =>
    send({
      url: `http://127.0.0.1:${server.port}/summarize-records`,
      method: "POST",
      headers: new Headers({
        "Authorization": `Bearer ${tokens[0]}`,
        "Content-Type": "application/json",
      }),
      body: REQUEST,
    });
  await summarize();
  isRecording = false;
  const parts = sortOut(sent);

  const whole: number[] = [];
  const sum: number[] = [];
  for (let round = 0; round < WARM_UP + rounds; round++) {
    const wholeMs = await time(summarize);
    const sumMs = await time(() => replay(parts));
    if (round < WARM_UP) continue;
    whole.push(wholeMs);
    sum.push(sumMs);
  }
  const addedMs = toMedian(whole.map((ms, round) => ms - sum[round]!));
  const figures = {
    rows: ROWS,
    modelCalls: parts.notes.length + 1,
    wholeMs: Number(toMedian(whole).toFixed(2)),
    partsMs: Number(toMedian(sum).toFixed(2)),
    addedMs: Number(addedMs.toFixed(2)),
  };
  return {
    figures: [figures],
    tables: [{
      title: "`summarize-records` of 1,000 rows",
      note:
        "Its parts are the same requests without the function: the rows are read, the chunks are " +
        "summarized at the same time, and the summaries are merged. The model responds at once.",
      head: ["bytes of rows", "model calls", "parts, ms", "function, ms", "added, ms", "of parts"],
      rows: [[
        format(TABLE.length),
        format(figures.modelCalls),
        format(figures.partsMs, 1),
        format(figures.wholeMs, 1),
        format(addedMs, 1),
        format(figures.wholeMs / figures.partsMs, 2),
      ]],
    }],
    aims: [],
  };
}

function respond(path: string): Response {
  const body = path.endsWith("/models")
    ? CATALOGUE
    : path.endsWith("/chat/completions")
    ? COMPLETION
    : TABLE;
  return new Response(body, { headers: { "Content-Type": "application/json" } });
}

/** What a summary consists of: reading the rows, a summary of each chunk, and the merged summary. */
interface Parts {
  read: Sent;
  notes: Sent[];
  last: Sent;
}

function sortOut(sent: Sent[]): Parts {
  const read = sent.find(({ url }) => url.includes("/api/database/"));
  const calls = sent.filter(({ url }) => url.endsWith("/chat/completions"));
  const last = calls.pop();
  if (!read || !last) throw new Error(`Unexpected requests: ${sent.map(({ url }) => url)}`);
  return { read, notes: calls, last };
}

async function replay({ read, notes, last }: Parts): Promise<void> {
  await send(read);
  await Promise.all(notes.map(send));
  await send(last);
}

async function send({ url, method, headers, body }: Sent): Promise<void> {
  const response = await fetch(url, {
    ...{ method, headers, body },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} responds ${response.status}: ${text}`);
}

async function time(run: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await run();
  return performance.now() - startedAt;
}
