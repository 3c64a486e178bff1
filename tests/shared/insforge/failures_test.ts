import { assert } from "@std/assert";
import { type Filter, readRows } from "../../../shared/insforge/rows.ts";
import { TOKEN } from "../../support/caller.ts";
import { assertFailure, createInsForge, gateway, QUERY, settingsOf } from "../fake_insforge.ts";

const caller = { token: TOKEN };

/** Responses of PostgREST, of the gateway and of neither, with the error that callers get. */
const READ_FAILURES: [
  status: number,
  body: unknown,
  ours: number,
  code: string,
  message: RegExp,
][] = [
  [
    403,
    postgres("42501", "permission denied for table tickets"),
    403,
    "FORBIDDEN",
    /read the table "tickets"/,
  ],
  [401, postgres("42501", "permission denied"), 403, "FORBIDDEN", /read the table "tickets"/],
  [
    404,
    postgres("42P01", 'relation "public.tickets" does not exist'),
    400,
    "INVALID_INPUT",
    /^"table" must exist and be readable; there is no "tickets"$/,
  ],
  [
    404,
    postgres("PGRST205", "Could not find the table"),
    400,
    "INVALID_INPUT",
    /^"table" must exist and be readable; there is no "tickets"$/,
  ],
  [
    400,
    postgres("42703", "column tickets.subject does not exist"),
    400,
    "INVALID_INPUT",
    /^"columns\[0\]" must be a column of the table "tickets", not "subject"$/,
  ],
  [
    400,
    postgres("42703", "column tickets.status does not exist"),
    400,
    "INVALID_INPUT",
    /^"columns\[1\]" must be a column/,
  ],
  [
    400,
    postgres("42703", "column tickets.created_at does not exist"),
    400,
    "INVALID_INPUT",
    /^"order.column" must be a column of/,
  ],
  [
    400,
    postgres("22P02", "invalid input syntax for type integer"),
    400,
    "INVALID_INPUT",
    /^"filters\[0\]\.value" does not match/,
  ],
  [
    400,
    postgres("22007", "invalid input syntax for type date"),
    400,
    "INVALID_INPUT",
    /^"filters\[0\]\.value"/,
  ],
  [
    404,
    postgres("42883", "operator does not exist: integer ~~ unknown"),
    400,
    "INVALID_INPUT",
    /^"filters\[0\]\.value"/,
  ],
  [
    404,
    postgres("42883", "could not identify an ordering operator for type json"),
    400,
    "INVALID_INPUT",
    /^"order\.column" must be a column with an order, not "created_at"$/,
  ],
  [
    400,
    postgres("42704", "could not find array type for data type text[]"),
    400,
    "INVALID_INPUT",
    /^"filters\[0\]\.value"/,
  ],
  [
    400,
    postgres("PGRST100", "failed to parse filter"),
    400,
    "INVALID_INPUT",
    /^"filters\[0\]\.value"/,
  ],
  [401, postgres("PGRST301", "JWT expired"), 401, "AUTH_UNAUTHORIZED", /token/],
  [401, gateway(401, "AUTH_UNAUTHORIZED"), 401, "AUTH_UNAUTHORIZED", /token/],
  [
    500,
    postgres("57014", "canceling statement due to statement timeout"),
    502,
    "UPSTREAM_FAILURE",
    /InsForge/,
  ],
  [
    500,
    postgres("42P17", 'infinite recursion detected in policy for relation "tickets"'),
    502,
    "UPSTREAM_FAILURE",
    /InsForge/,
  ],
  [
    404,
    postgres("42883", "function may_read(uuid) does not exist"),
    502,
    "UPSTREAM_FAILURE",
    /InsForge/,
  ],
  [500, postgres("XX000", "internal error"), 502, "UPSTREAM_FAILURE", /InsForge/],
  [503, postgres("PGRST002", "Could not query the database"), 502, "UPSTREAM_FAILURE", /InsForge/],
  [500, gateway(500, "INTERNAL_ERROR"), 502, "UPSTREAM_FAILURE", /InsForge/],
  [404, gateway(404, "NOT_FOUND"), 502, "UPSTREAM_FAILURE", /InsForge/],
  [429, gateway(429, "TOO_MANY_REQUESTS"), 502, "UPSTREAM_FAILURE", /InsForge/],
  [502, "<html>Bad Gateway</html>", 502, "UPSTREAM_FAILURE", /InsForge/],
  [404, "", 502, "UPSTREAM_FAILURE", /InsForge/],
  [200, "<html>a proxy's page</html>", 502, "UPSTREAM_FAILURE", /InsForge/],
  [200, {}, 502, "UPSTREAM_FAILURE", /InsForge/],
  [200, "null", 502, "UPSTREAM_FAILURE", /InsForge/],
  [204, undefined, 502, "UPSTREAM_FAILURE", /InsForge/],
];

for (const [status, body, ours, code, message] of READ_FAILURES) {
  Deno.test(`readRows throws ${ours} ${code} when InsForge responds ${status} ${JSON.stringify(body)}`, async () => {
    await using insforge = createInsForge();
    insforge.replyAlways(status, body);
    const error = await assertFailure(readRows(caller, QUERY, settingsOf(insforge)), ours, code);
    assert(message.test(error.message), error.message);
    // Callers must see neither SQL nor the URL of InsForge.
    assert(!/public\.|syntax|JWT|statement|127\.0\.0\.1/.test(error.message), error.message);
  });
}

Deno.test("readRows names the filter whose column does not exist", async () => {
  await using insforge = createInsForge();
  insforge.reply(400, postgres("42703", "column tickets.nope does not exist"));
  const filters: Filter[] = [QUERY.filters[0]!, { column: "nope", op: "eq", value: 1 }];
  const rows = readRows(caller, { ...QUERY, filters }, settingsOf(insforge));
  const { message } = await assertFailure(rows, 400, "INVALID_INPUT");
  assert(message.startsWith('"filters[1].column" must be a column'), message);
});

Deno.test("readRows throws 502 when a query without filters fails", async () => {
  await using insforge = createInsForge();
  insforge.replyAlways(400, postgres("22012", "division by zero"));
  const rows = readRows(caller, { table: "a_view", limit: 1 }, settingsOf(insforge));
  await assertFailure(rows, 502, "UPSTREAM_FAILURE");
});

Deno.test("readRows throws 502 when InsForge cannot be reached", async () => {
  const nowhere = { url: "http://127.0.0.1:9" };
  await assertFailure(readRows(caller, QUERY, settingsOf(nowhere)), 502, "UPSTREAM_FAILURE");
});

Deno.test("readRows names a missing column of any spelling", async () => {
  await using insforge = createInsForge();
  insforge.reply(400, postgres("42703", "column my table.größe (cm) does not exist"));
  const query = { table: "my table", columns: ["id", "größe (cm)"], limit: 1 };
  const { message } = await assertFailure(
    readRows(caller, query, settingsOf(insforge)),
    400,
    "INVALID_INPUT",
  );
  assert(message === '"columns[1]" must be a column of the table "my table", not "größe (cm)"');
});

function postgres(code: string, message: string) {
  return { code, message, details: null, hint: null };
}
