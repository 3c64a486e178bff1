/** With `ASSISTANTS_ONLY`, no operation lets a caller say anything else to a model. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { FakeNetwork } from "../../tools/fuzz/fake_network.ts";
import { createLockedCases, OPEN_REQUESTS, sendLocked } from "../../tools/fuzz/lock.ts";
import { loadRequests } from "../../tools/fuzz/operations.ts";

/** Far more than one case takes. */
const DEADLINE_MS = 60_000;
const CASES = 3_000;
const SEED = 20_261_129;

/** Operations that ask no model about anything that the caller wrote. */
const WITHOUT_MODEL = /connect|sweep|count_tokens|\/index$|cancel|poll|webhook|ask-records/;

console.log = () => {};
const network = new FakeNetwork();
const requests = (await loadRequests()).filter(({ method }) => method === "POST");

Deno.test("requests through an assistant reach a model, in every form", async () => {
  for (const [name, body] of Object.entries(OPEN_REQUESTS)) {
    const operation = requests.find((one) => one.name === name);
    assert(operation, `${name} is not an operation of the API reference`);
    const { status, reached } = await sendLocked(
      { operation, body: JSON.stringify(body) },
      network,
    );
    // A question about rows needs a vector, too.
    assertEquals([status, reached], [200, name === "POST /ask-records" ? 2 : 1], name);
  }
});

Deno.test("the examples of the API reference reach no model, and are refused with a reason", async () => {
  for (const operation of requests.filter(({ name }) => name !== "POST /summarize-records")) {
    for (const example of operation.examples.filter((example) => !namesAssistant(example))) {
      const one = { operation, body: JSON.stringify(example) };
      const { status, reached } = await sendLocked(one, network);
      assertEquals(reached, 0, operation.name);
      if (WITHOUT_MODEL.test(operation.name)) continue;
      assert(status === 400 || status === 403, `${operation.name} responded with ${status}`);
    }
  }
});

function namesAssistant({ assistant, model }: Record<string, unknown>): boolean {
  return assistant !== undefined || String(model).startsWith("assistant/");
}

Deno.test({
  name: "no request makes a model read what is neither a variable nor a text of the user",
  fn: async () => {
    let reached = 0;
    await fc.assert(
      fc.asyncProperty(createLockedCases(requests), async (one) => {
        reached += (await sendLocked(one, network)).reached;
      }),
      {
        seed: SEED,
        numRuns: CASES,
        interruptAfterTimeLimit: DEADLINE_MS,
        markInterruptAsFailure: true,
      },
    );
    // Enough of the cases pass the lock to show that what passes is clean.
    assert(reached > CASES / 20, `only ${reached} of ${CASES} cases reached a model`);
  },
});
