/** The bare passthrough on `node:http`, the server of `deno task start`. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { reportToParent } from "../parent.ts";

const [upstream] = Deno.args;

const server = createServer(async (request, outgoing) => {
  const response = await fetch(`${upstream}/chat/completions`, {
    method: "POST",
    headers: { "Authorization": "Bearer sk-or-v1-bench", "Content-Type": "application/json" },
    body: await text(request),
  });
  const type = response.headers.get("Content-Type")!;
  outgoing.writeHead(response.status, { "Content-Type": type });
  if (type.startsWith("text/event-stream")) {
    for await (const chunk of response.body!) outgoing.write(chunk);
    outgoing.end();
  } else outgoing.end(await response.text());
});
server.listen(0, "127.0.0.1", () => reportToParent((server.address() as AddressInfo).port));
