/** The gateway's models with their prices. */
import { assertEquals } from "@std/assert";
import { fetchPriceList } from "../../../shared/openrouter/price_list.ts";
import { createSettings } from "../../../shared/settings.ts";
import { createUpstream } from "../../support/upstream.ts";
import { environmentOf } from "./openrouter_probe.ts";

Deno.test("returns the gateway's list, or undefined for any failure", async () => {
  await using upstream = await createUpstream();
  const settings = createSettings(environmentOf(upstream));
  upstream.reply(
    { json: { data: [{ id: "m" }] } },
    { status: 500, json: { data: [] } },
    { text: "<html>" },
    { json: [] },
  );
  assertEquals(await fetchPriceList(settings), [{ id: "m" }]);
  for (let i = 0; i < 3; i++) assertEquals(await fetchPriceList(settings), undefined);
});
