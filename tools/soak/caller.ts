/** Plays one scenario against a server on real sockets. */
import type { Scenario } from "./scenarios.ts";

/** Longer than any response may take here: after 30 seconds, half a request is refused. */
const DEADLINE_MS = 45_000;
const encoder = new TextEncoder();

/**
 * Plays a scenario.
 *
 * @returns its outcome: a status, `complete` or `error event` for a stream, `left` when the caller
 *   closed the connection; otherwise what went wrong.
 */
export async function play(scenario: Scenario, url: string, token: string): Promise<string> {
  try {
    return scenario.manner?.startsWith("sends half")
      ? await sendHalf(scenario, url, token)
      : await call(scenario, url, token);
  } catch (thrown) {
    return `failed: ${(thrown as Error).message}`.slice(0, 200);
  }
}

async function call(scenario: Scenario, url: string, userToken: string): Promise<string> {
  const { path, body, token = userToken, manner } = scenario;
  const left = new AbortController();
  const signal = AbortSignal.any([left.signal, AbortSignal.timeout(DEADLINE_MS)]);
  const early = manner === "leaves early" ? setTimeout(() => left.abort(), 200) : undefined;
  try {
    const response = await fetch(url + path, {
      method: "POST",
      headers: { "Authorization": `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal,
    });
    if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
      await response.text();
      return String(response.status);
    }
    const text = await read(response.body!, left, manner);
    if (/^data: \[DONE\]$/m.test(text)) return "complete";
    return /^data: \{"error"/m.test(text)
      ? "error event"
      : `a stream that ends: ${text.slice(-80)}`;
  } catch (thrown) {
    if (left.signal.aborted) return "left";
    throw thrown;
  } finally {
    clearTimeout(early);
  }
}

async function read(
  body: ReadableStream<Uint8Array>,
  left: AbortController,
  manner: Scenario["manner"],
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of body) {
    text += decoder.decode(piece, { stream: true });
    if (manner === "leaves midway") left.abort();
    if (manner === "reads slowly") await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return text;
}

/** Promises more bytes than it sends, then closes the connection or waits for the response. */
async function sendHalf(
  { path, body, manner }: Scenario,
  url: string,
  token: string,
): Promise<string> {
  const { hostname, port } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const text = JSON.stringify(body);
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    `Authorization: Bearer ${token}`,
    "Content-Type: application/json",
    `Content-Length: ${text.length}`,
  ];
  const half = text.slice(0, text.length / 2);
  await connection.write(encoder.encode(`${head.join("\r\n")}\r\n\r\n${half}`));
  if (manner === "sends half and waits") return await readStatus(connection);
  await new Promise((resolve) => setTimeout(resolve, 500));
  return "left";
}

async function readStatus(connection: Deno.TcpConn): Promise<string> {
  const timer = setTimeout(() => connection.close(), DEADLINE_MS);
  const buffer = new Uint8Array(4_096);
  const count = await connection.read(buffer) ?? 0;
  clearTimeout(timer);
  const text = new TextDecoder().decode(buffer.subarray(0, count));
  return /^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? "a connection without a response";
}
