/** The fuzzer notices wrong charges. */
import { assertThrows } from "@std/assert";
import type { Fate } from "../../tools/fuzz/fake_network.ts";
import { Books, requireCharge } from "../../tools/fuzz/money.ts";

const CHARGE = {
  generation_id: "gen-1",
  model: "openai/gpt-4o-mini",
  prompt_tokens: 1,
  completion_tokens: 2,
  usd: 0.1,
};
const ANSWERED: Fate = {
  status: 200,
  headers: {},
  pieces: [
    new TextEncoder().encode(JSON.stringify({ id: "gen-1", choices: [{}], usage: { cost: 0.1 } })),
  ],
  end: "close",
};
const REFUSED: Fate = { status: 429, headers: {}, pieces: [], end: "close" };

function createBooks(fates: Fate[], charges: number): Books {
  const books = new Books();
  for (const fate of fates) books.notePost("/chat/completions", fate);
  const list = Array.from({ length: charges }, () => CHARGE);
  books.commit(JSON.stringify({ reservations: [], charges: list }));
  return books;
}

Deno.test("accepts one charge for each request that was taken", () => {
  createBooks([ANSWERED], 1).check(true);
  createBooks([REFUSED, ANSWERED], 1).check(true);
  createBooks(["refused", "reset"], 1).check(true);
  createBooks([REFUSED], 0).check(true);
  createBooks([{ ...ANSWERED, status: 204 }], 0).check(true); // its body never arrives
});

Deno.test("notices a taken request without a charge, and a second charge", () => {
  assertThrows(() => createBooks([ANSWERED], 0).check(true), Error, "0 charges");
  assertThrows(() => createBooks(["reset"], 0).check(true), Error, "0 charges");
  assertThrows(() => createBooks([ANSWERED], 2).check(true), Error, "2 charges");
});

Deno.test("notices a request that is sent again after its connection had broken", () => {
  const books = createBooks(["reset", ANSWERED], 2);
  assertThrows(() => books.check(true), Error, "sent again");
  books.check(false);
});

Deno.test("notices charges that the ledger cannot hold", () => {
  requireCharge(CHARGE);
  for (
    const odd of [
      { usd: -1 },
      { usd: NaN },
      { prompt_tokens: 0.5 },
      { completion_tokens: 2 ** 53 },
      { model: "\0" },
      { generation_id: "x".repeat(201) },
    ]
  ) assertThrows(() => requireCharge({ ...CHARGE, ...odd }), Error, "cannot hold");
});
