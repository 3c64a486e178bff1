/** The adapters for chat UIs, in Chromium with the unmodified packages of the chat UIs. */
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import type { Page } from "playwright-core";
import stream from "../../functions/stream/index.ts";
import { startChromium } from "../../tools/chromium.ts";
import { createRouter } from "../../tools/functions.ts";
import { createEnvironment, TOKEN } from "../support/caller.ts";
import { mayRunChromium } from "../support/programs.ts";
import {
  chunk,
  createUpstream,
  DONE,
  streamOf,
  type Upstream,
  USAGE,
} from "../support/upstream.ts";
import type { ChatUiReport } from "./chat_ui_project.ts";

const PROGRAM = fileURLToPath(new URL("chat_ui_project.ts", import.meta.url));
const MAX_ADAPTER_BYTES = 2 * 1024;
const DEADLINE_MS = 20_000;
const PIXEL = "data:image/png;base64,iVBORw0KGgo=";
const DETAILS = [{ type: "reasoning.text", text: "Hm", signature: "s" }];
const SOURCE = { type: "url_citation", url_citation: { url: "https://example.com/", title: "E" } };
const CALL = { index: 0, id: "call-1", type: "function" };
/** Every kind of part, and a tool call at the end. */
const CALLING = [
  chunk({ reasoning: "Hm", reasoning_details: DETAILS }),
  chunk({ content: "Let me " }),
  chunk({ content: "look" }),
  chunk({ images: [{ type: "image_url", image_url: { url: PIXEL } }] }),
  chunk({ annotations: [SOURCE] }),
  chunk({ tool_calls: [{ ...CALL, function: { name: "weather", arguments: '{"city":"Rome"}' } }] }),
  chunk({}, { usage: USAGE }, "tool_calls"),
  DONE,
];
const CHATS = {
  "the AI SDK's useChat": "",
  "useAiChat": "#react",
  "assistant-ui": "#assistant-ui",
  "TanStack AI's useChat": "#tanstack",
};

Deno.test({
  name: "chat UIs in Chromium",
  ignore: !mayRunChromium,
  sanitizeOps: false, // the connection to the browser works between steps
  sanitizeResources: false,
}, async (t) => {
  const args = ["run", "-A", PROGRAM];
  const { stdout, success } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" })
    .output();
  assert(success, "the page could not be bundled");
  const { code, sizes }: ChatUiReport = JSON.parse(new TextDecoder().decode(stdout));
  await using upstream = await createUpstream();
  const environment = createEnvironment({ OPENROUTER_BASE_URL: upstream.url });
  const route = createRouter(new Map([["stream", stream]]), environment);
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  await using server = Deno.serve(options, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/app.js") return respond(code, "text/javascript");
    if (pathname !== "/") return route(request);
    return respond(
      '<div id="root"></div><script type="module" src="/app.js"></script>',
      "text/html",
    );
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  await using chromium = await startChromium();

  async function open(fragment: string): Promise<Page> {
    const page = await chromium.browser.newPage();
    page.setDefaultTimeout(DEADLINE_MS);
    await page.goto(`${url}/?functions=${url}&token=${TOKEN}${fragment}`);
    return page;
  }

  await t.step("each adapter has at most 2 KB, minified and gzipped", () => {
    for (const [name, bytes] of Object.entries(sizes)) {
      assertLessOrEqual(bytes, MAX_ADAPTER_BYTES, name);
    }
  });

  for (const [name, fragment] of Object.entries(CHATS)) {
    await t.step(`${name} shows every kind of part and runs a tool`, async () => {
      const page = await open(fragment);
      upstream.reply({ sse: CALLING }, { sse: streamOf("It is ", "21 degrees") });
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByText("assistant text It is 21 degrees").waitFor();
      await page.locator('[data-status="idle"]').waitFor();
      const lines = await page.locator("p").allInnerTexts();
      for (
        const expected of [
          /^user text What is the weather in Rome\?$/,
          /^assistant reasoning Hm$/,
          /^assistant text Let me look$/,
          /^assistant file data:image\/png/,
          /^assistant source.*https:\/\/example\.com\//,
          /^assistant tool-weather \{.*"?city"?/,
          /^metadata .*"cost":0\.0012/,
        ]
      ) assert(lines.some((line) => expected.test(line)), `${expected} in ${lines.join("\n")}`);
      assertSecondRequest(upstream);
      await page.close();
    });

    await t.step(`${name} shows the error of a failed call`, async () => {
      const page = await open(fragment);
      upstream.reply({ status: 400, json: { error: { code: 400, message: "No such thing" } } });
      await page.getByRole("button", { name: "Send" }).click();
      assert((await page.getByRole("alert").innerText()).includes("No such thing"));
      await page.locator('[data-status="idle"]').waitFor();
      await page.close();
    });

    await t.step(`${name} stops an answer, and the call with it`, async () => {
      const page = await open(fragment);
      upstream.reply({ sse: [chunk({ content: "Once upon" })], end: "hang" });
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByText("assistant text Once upon").waitFor();
      await page.getByRole("button", { name: "Stop" }).click();
      await page.locator('[data-status="idle"]').waitFor();
      assertEquals(await page.getByRole("alert").count(), 0);
      assert(await upstream.requests.at(-1)!.cancelled);
      await page.close();
    });
  }
});

/** The request after a tool call repeats the call and the reasoning, and adds the result. */
function assertSecondRequest({ requests }: Upstream): void {
  const { messages } = requests.at(-1)!.body;
  assertEquals(messages.map(({ role }: { role: string }) => role), ["user", "assistant", "tool"]);
  const [, assistant, tool] = messages;
  assertEquals(assistant.content, "Let me look");
  assertEquals(assistant.reasoning_details, DETAILS);
  assertEquals(assistant.tool_calls[0].function, { name: "weather", arguments: '{"city":"Rome"}' });
  assertEquals([tool.tool_call_id, JSON.parse(tool.content)], ["call-1", { temperature: 21 }]);
}

function respond(body: string, type: string): Response {
  return new Response(body, { headers: { "content-type": type } });
}
