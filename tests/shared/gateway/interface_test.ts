/** What the interface promises, asked of every gateway. */
import { assert, assertEquals } from "@std/assert";
import { chooseGateway } from "../../../shared/gateway/gateway.ts";
import { CHAT, OPENROUTER, PINATA, PINME, read } from "./settings.ts";

const gateways = [OPENROUTER, PINATA, PINME].map((values) => chooseGateway(read(values)));

for (const gateway of gateways) {
  Deno.test(`${gateway.title} supports chats and models, and requires its key`, () => {
    assert(gateway.supports("/chat/completions") && gateway.supports("/models"));
    assert(Object.keys(gateway.requiredSettings).includes(gateway.keySetting));
    assert(gateway.chatModel.includes("/"));
  });

  Deno.test(`${gateway.title} sends JSON below its URL, with the key that is asked for`, () => {
    const chat = gateway.request("/chat/completions", CHAT);
    assert(chat.url.startsWith(`${gateway.url}/chat/completions`), chat.url);
    assertEquals(JSON.parse(chat.body!), CHAT);
    assertEquals(gateway.request("/models").body, undefined);
    const own = JSON.stringify(chat.toHeaders("sk-another"));
    assert(own.includes("sk-another") && !/p1n|pm-1|"Bearer sk"/.test(own), own);
    const none = chat.toHeaders(null);
    assertEquals(/p1n|pm-1|Bearer|undefined|null/.test(JSON.stringify(none)), false);
    assertEquals(none["Content-Type"], "application/json");
  });

  Deno.test(`${gateway.title} reads an error in a failed response, and none in a good one`, () => {
    assertEquals(gateway.readError({ status: 200, body: { choices: [], error: null } }), undefined);
    for (const body of ["", "<html>", "{}", "null", '{"error":{"message":"x"}}']) {
      assertEquals(gateway.readError({ status: 500, body })?.status, 502, body);
    }
  });
}

Deno.test("each gateway has a URL of its own, which tells their cached responses apart", () => {
  assertEquals(new Set(gateways.map(({ url }) => url)).size, gateways.length);
});
