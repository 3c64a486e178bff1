import { assertEquals } from "@std/assert";
import { isCommitted } from "../../../shared/ledger/committed.ts";

const due = { generation_id: "gen-1", user_id: "u", own_key: false };
const VALID = { decisions: [], look_ups: [], prices_due: false };
const REFUSED = { refused: "user_usd_per_day", retry_after: 9 };

Deno.test("accepts every decision that the ledger makes", () => {
  const decisions = [
    ...[null, { key: "sealed" }, REFUSED, { refused: "in_flight", retry_after: 5 }],
    { refused: "request_usd", usd: 2, left_usd: 1.5 },
  ];
  assertEquals(isCommitted({ ...VALID, decisions, look_ups: [due], prices_due: true }, 5), true);
  assertEquals(isCommitted({ ...VALID, decisions: "prices_missing" }, 3), true);
});

const INVALID: Record<string, unknown> = {
  "null": null,
  "a text": "done",
  "a list": [VALID],
  "an object without fields": {},
  "fewer decisions than reservations": VALID,
  "decisions of another name": { ...VALID, decisions: "later" },
  "a decision that is a number": { ...VALID, decisions: [1] },
  "a decision without a field": { ...VALID, decisions: [{}] },
  "a key that is not a text": { ...VALID, decisions: [{ key: 5 }] },
  "an unknown limit": { ...VALID, decisions: [{ refused: "user_usd_per_year", retry_after: 9 }] },
  "a limit named like a method": { ...VALID, decisions: [{ ...REFUSED, refused: "toString" }] },
  "a limit without a time": { ...VALID, decisions: [{ refused: "user_usd_per_day" }] },
  "an amount that is a text": {
    ...VALID,
    decisions: [{ refused: "request_usd", usd: "2", left_usd: 1 }],
  },
  "look-ups that are not a list": { ...VALID, decisions: [null], look_ups: {} },
  "a look-up that is null": { ...VALID, decisions: [null], look_ups: [null] },
  "a look-up without a user": { ...VALID, decisions: [null], look_ups: [{ ...due, user_id: 1 }] },
  "no word on prices": { decisions: [null], look_ups: [] },
};
for (const [name, value] of Object.entries(INVALID)) {
  Deno.test(`rejects ${name} as the response to one reservation`, () => {
    assertEquals(isCommitted(value, 1), false);
  });
}
