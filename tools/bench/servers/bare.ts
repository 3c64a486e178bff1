/** A bare passthrough to compare with: no user, no checks, no errors, no log. */
import { reportToParent } from "../parent.ts";

const [upstream] = Deno.args;

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
  const response = await fetch(`${upstream}/chat/completions`, {
    method: "POST",
    headers: { "Authorization": "Bearer sk-or-v1-bench", "Content-Type": "application/json" },
    body: await request.text(),
  });
  const type = response.headers.get("Content-Type")!;
  const body = type.startsWith("text/event-stream") ? response.body : await response.text();
  return new Response(body, { status: response.status, headers: { "Content-Type": type } });
});

await reportToParent(server.addr.port);
