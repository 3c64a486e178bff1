/** The gateway's catalogue, as the ledger keeps its prices. */
import { assertEquals } from "@std/assert";
import { savePrices, toPrices } from "../../../shared/ledger/prices.ts";
import { createSettings } from "../../../shared/settings.ts";
import { API_KEY, createEnvironment } from "../../support/caller.ts";
import { createInsForge } from "../fake_insforge.ts";

const priceOf = (pricing: unknown, rest = {}) => toPrices([{ id: "m", pricing, ...rest }])[0];
const NOTHING = { image_usd: 0, request_usd: 0, reads_files: false };

Deno.test("reads the prices of a model", () => {
  const pricing = { prompt: "0.000003", completion: "0.000015", image: "0.0048", request: "0.01" };
  const architecture = { input_modalities: ["text", "file"], output_modalities: ["text"] };
  assertEquals(priceOf(pricing, { architecture }), {
    ...{
      model: "m",
      prompt_usd: 3e-6,
      completion_usd: 15e-6,
      image_usd: 0.0048,
      request_usd: 0.01,
    },
    reads_files: true,
  });
});

Deno.test("takes the dearest kind of token for prompts and for completions", () => {
  assertEquals(
    priceOf({
      ...{ prompt: "0.000003", completion: "0.000002", input_cache_write: "0.00000375" },
      ...{ input_cache_read: "0.5", image_output: "0.00003", internal_reasoning: "0.000004" },
    }),
    { ...NOTHING, model: "m", prompt_usd: 3.75e-6, completion_usd: 3e-5 },
  );
});

Deno.test("reads the prices of long prompts", () => {
  const overrides = [
    { min_prompt_tokens: 200_000, prompt: "0.000006", completion: "0.00002" },
    { utc_start: "00:30", utc_end: "08:30", prompt: "0.0000001" },
  ];
  const price = priceOf({ prompt: "0.000003", completion: "0.000015", overrides })!;
  assertEquals(
    [price.long_prompt_tokens, price.long_prompt_usd, price.long_completion_usd],
    [200_000, 6e-6, 2e-5],
  );
});

Deno.test("lists a model under its canonical name, too", () => {
  const pricing = { prompt: "0", completion: "0.1" };
  const prices = toPrices([{ id: "m", canonical_slug: "m-2026", pricing }]);
  assertEquals(prices.map(({ model }) => model), ["m", "m-2026"]);
});

Deno.test("leaves out models whose price is not known", () => {
  const image = { architecture: { output_modalities: ["image"] } };
  assertEquals(priceOf({ prompt: "-1", completion: "-1" }), undefined);
  assertEquals(priceOf({ prompt: "0" }), undefined);
  assertEquals(priceOf({ prompt: "", completion: "x" }), undefined);
  assertEquals(priceOf({ prompt: "0", completion: "0" }, image), undefined);
  const free = { prompt: "0", completion: "0" };
  assertEquals(priceOf(free), { ...NOTHING, model: "m", prompt_usd: 0, completion_usd: 0 });
  assertEquals(toPrices([{ id: "m:free", pricing: free, ...image }]).length, 1);
});

Deno.test("reads a catalogue of any shape", () => {
  for (
    const odd of [undefined, null, 5, {}, [null, 5, "x", {}, { id: "m" }, { id: 5, pricing: [] }]]
  ) {
    assertEquals(toPrices(odd), []);
  }
});

Deno.test("hands the prices to the ledger", async () => {
  await using ledger = createInsForge();
  ledger.reply(204, null);
  const settings = createSettings(createEnvironment({ API_KEY, INSFORGE_BASE_URL: ledger.url }));
  await savePrices([{ id: "m", pricing: { prompt: "0.1", completion: "0.2" } }], settings);
  const [request] = ledger.requests;
  assertEquals(request!.line, "POST /api/database/rpc/ai_save_prices");
  assertEquals(JSON.parse(request!.text).prices.length, 1);
});
