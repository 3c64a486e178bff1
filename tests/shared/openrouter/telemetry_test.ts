/** What Deno's own exporter sends to a collector, for calls of `deno task start`. */
import { assert, assertEquals, assertExists } from "@std/assert";
import { createEnvironment, createRequest, PROMPT, TOKEN } from "../../support/caller.ts";
import { spawnServer } from "../../support/server_process.ts";
import { chunk, completion, createUpstream, DONE, USAGE } from "../../support/upstream.ts";

const TIMEOUT = { timeout: 60_000 };
const EXPORT = {
  OTEL_DENO: "true",
  OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
  OTEL_BSP_SCHEDULE_DELAY: "50",
  OTEL_METRIC_EXPORT_INTERVAL: "100",
};
const CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

Deno.test("exports a span and metrics of a JSON call, without content", TIMEOUT, async () => {
  let responded: Response | undefined;
  const { collector, spans } = await record({ calls: 1 }, async ({ url, upstream }) => {
    upstream.reply({ json: completion({ content: "An answer" }) });
    responded = await post(`${url}/chat`, { prompt: PROMPT, temperature: 0.5, max_tokens: 40 });
  });
  const [span] = spans;
  assertExists(span);
  assertEquals(span.name, "chat openai/gpt-4o-mini");
  assertEquals(span.kind, 3); // CLIENT
  const { "server.port": port, "insforge.request_id": requestId, ...attributes } = span.attributes;
  assert(Number(port) > 0);
  assertEquals(responded?.headers.get("X-Request-Id"), requestId);
  assertEquals(attributes, {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openrouter",
    "gen_ai.request.model": "openai/gpt-4o-mini",
    "gen_ai.request.temperature": 0.5,
    "gen_ai.request.max_tokens": 40,
    "gen_ai.response.model": "openai/gpt-4o-mini",
    "gen_ai.response.id": "gen-1700000000-abc",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": USAGE.prompt_tokens,
    "gen_ai.usage.output_tokens": USAGE.completion_tokens,
    "insforge.usage.cost_usd": USAGE.cost,
    "insforge.function": "chat",
    "server.address": "127.0.0.1",
  });
  const request = collector.spans.find(({ parentSpanId }) => parentSpanId === span.spanId);
  assertEquals(request?.name, "POST");
  assert(!collector.text.includes("canary"), "a prompt was exported");
  assert(!collector.text.includes("An answer"), "an answer was exported");
  assertEquals(collector.metrics.get("gen_ai.client.token.usage")?.sum, 15);
  assertEquals(collector.metrics.get("gen_ai.client.operation.duration")?.count, 1);
});

Deno.test("exports the time to the first chunk of a stream, and its tokens", TIMEOUT, async () => {
  const { collector, spans } = await record({ calls: 1 }, async ({ url, upstream }) => {
    upstream.reply({
      sse: [chunk({ content: "Hi" }), chunk({}, { usage: USAGE }, "length"), DONE],
    });
    await post(`${url}/stream`, { assistant: "support", prompt: PROMPT });
  });
  const attributes = spans[0]?.attributes ?? {};
  assertEquals(attributes["gen_ai.agent.name"], "support");
  assertEquals(attributes["gen_ai.response.finish_reasons"], ["length"]);
  assertEquals(attributes["gen_ai.usage.output_tokens"], USAGE.completion_tokens);
  assert(Number(attributes["gen_ai.response.time_to_first_chunk"]) > 0);
  assertEquals(collector.metrics.get("gen_ai.client.operation.time_to_first_chunk")?.count, 1);
});

Deno.test("exports one span with the error's code, whatever the attempts", TIMEOUT, async () => {
  const { spans } = await record({ calls: 2 }, async ({ url, upstream }) => {
    const failure = { status: 503, json: { error: { code: 503, message: "Overloaded" } } };
    upstream.reply(failure, failure, failure);
    await post(`${url}/chat`, { prompt: PROMPT });
    const event = `data: ${JSON.stringify({ error: { code: 502, message: "Broken" } })}\n\n`;
    upstream.reply({ sse: [chunk({ content: "Hi" }), event] });
    await post(`${url}/stream`, { prompt: PROMPT });
  });
  assertEquals(spans.map(({ status, attributes }) => [status.code, attributes["error.type"]]), [
    [2, "AI_UPSTREAM_UNAVAILABLE"],
    [2, "AI_UPSTREAM_UNAVAILABLE"],
  ]);
});

Deno.test("exports prompts and answers when that is switched on", TIMEOUT, async () => {
  const { spans } = await record(
    { calls: 2, settings: { [CONTENT]: "true" } },
    async ({ url, upstream }) => {
      upstream.reply({ json: completion({ content: "An answer" }) });
      await post(`${url}/chat`, { prompt: "A question", system: "Be brief" });
      upstream.reply({
        sse: [chunk({ content: "An " }), chunk({ content: "end" }, {}, "stop"), DONE],
      });
      await post(`${url}/stream`, { prompt: "A question" });
    },
  );
  const read = (index: number, name: string) =>
    JSON.parse(String(spans[index]?.attributes[`gen_ai.${name}.messages`]));
  const question = { role: "user", parts: [{ type: "text", content: "A question" }] };
  assertEquals(read(0, "input").at(-1), question);
  assertEquals(read(1, "input"), [question]);
  const toAnswer = (content: string) => [
    { role: "assistant", parts: [{ type: "text", content }], finish_reason: "stop" },
  ];
  assertEquals(read(0, "output"), toAnswer("An answer"));
  assertEquals(read(1, "output"), toAnswer("An end"));
});

interface ExportedSpan {
  name: string;
  kind: number;
  spanId: string;
  parentSpanId?: string;
  status: { code?: number };
  attributes: Record<string, unknown>;
}

type Upstream = Awaited<ReturnType<typeof createUpstream>>;

/** Starts a server that exports, runs so many calls, and returns what was exported of them. */
async function record(
  { calls, settings }: { calls: number; settings?: Record<string, string> },
  run: (context: { url: string; upstream: Upstream }) => Promise<void>,
) {
  await using collector = createCollector();
  await using upstream = await createUpstream();
  const environment = createEnvironment({
    OPENROUTER_BASE_URL: upstream.url,
    PORT: "0",
    ...settings,
  });
  const variables = { ...EXPORT, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  // Deno 2.9.6 can hang when it is asked to stop while it exports, so it is not asked.
  // Deno 2.9.6 can hang when it is asked to exit while it exports, so it is not asked.
  const server = await spawnServer(environment, {
    args: ["run", "--allow-net", "--allow-env", "--allow-read", "tools/start.ts"],
    variables,
    signal: "SIGKILL",
  });
  try {
    await run({ url: server.url, upstream });
    await collector.waitFor(calls);
  } finally {
    await server[Symbol.asyncDispose]();
  }
  const spans = collector.spans.filter(({ attributes }) => "gen_ai.operation.name" in attributes);
  return { collector, spans };
}

async function post(url: string, body: unknown): Promise<Response> {
  const { pathname } = new URL(url);
  const response = await fetch(url, createRequest(body, { path: pathname, token: TOKEN }));
  await response.text();
  return response;
}

/** A collector that understands OTLP as JSON. */
function createCollector() {
  const spans: ExportedSpan[] = [];
  const metrics = new Map<string, { count: number; sum: number }>();
  const collector = { spans, metrics, text: "" };
  let received = Promise.withResolvers<void>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const text = await request.text();
      collector.text += text;
      const { resourceSpans = [], resourceMetrics = [] } = JSON.parse(text);
      for (const { scopeSpans } of resourceSpans) {
        for (const span of scopeSpans.flatMap((scope: { spans: unknown[] }) => scope.spans)) {
          spans.push({ ...span, status: span.status ?? {}, attributes: toObject(span.attributes) });
        }
      }
      for (const { scopeMetrics } of resourceMetrics) {
        for (
          const metric of scopeMetrics.flatMap((scope: { metrics: unknown[] }) => scope.metrics)
        ) {
          const points: { count: number; sum: number }[] = metric.histogram?.dataPoints ?? [];
          const add = (name: "count" | "sum") =>
            points.reduce((all, point) => all + Number(point[name]), 0);
          metrics.set(metric.name, { count: add("count"), sum: add("sum") });
        }
      }
      received.resolve();
      received = Promise.withResolvers();
      return Response.json({});
    },
  );
  /** Waits for the spans and the metrics of so many operations. */
  async function waitFor(calls: number): Promise<void> {
    for (;;) {
      const found = spans.filter(({ attributes }) => "gen_ai.operation.name" in attributes);
      const measured = metrics.get("gen_ai.client.operation.duration")?.count ?? 0;
      if (found.length >= calls && measured >= calls) return;
      await received.promise;
    }
  }
  return Object.assign(collector, {
    waitFor,
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  });
}

interface OtlpValue {
  stringValue?: string;
  intValue?: string | number;
  doubleValue?: number;
  arrayValue?: { values: OtlpValue[] };
}

function toObject(attributes: { key: string; value: OtlpValue }[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, toValue(value)]));
}

function toValue({ stringValue, intValue, doubleValue, arrayValue }: OtlpValue): unknown {
  if (arrayValue) return arrayValue.values.map(toValue);
  return stringValue ?? doubleValue ?? Number(intValue);
}
