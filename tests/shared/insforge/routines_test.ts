import { assertEquals, assertRejects } from "@std/assert";
import { invalidInput } from "../../../shared/errors.ts";
import { callUserRoutine } from "../../../shared/insforge/routines.ts";
import { assertFailure, createInsForge, settingsOf } from "../fake_insforge.ts";

const caller = { token: "users-token" };
const toError = () => invalidInput("not this one");

Deno.test("callUserRoutine posts the arguments with the caller's token and returns the rows", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, [{ id: 1 }]);
  const call = { name: "match docs", args: { match_count: 2 }, toError };
  assertEquals(await callUserRoutine(caller, call, settingsOf(insforge)), [{ id: 1 }]);
  const [request] = insforge.requests;
  assertEquals(request!.line, "POST /api/database/rpc/match%20docs");
  assertEquals(request!.headers.get("authorization"), "Bearer users-token");
  assertEquals(request!.text, '{"match_count":2}');
});

Deno.test("callUserRoutine throws the caller's own error for a response that is not a success", async () => {
  await using insforge = createInsForge();
  insforge.reply(400, { code: "42703", message: "column x does not exist" });
  const seen: unknown[] = [];
  await assertRejects(() =>
    callUserRoutine(caller, {
      name: "f",
      args: {},
      toError: (...given) => {
        seen.push(given);
        return invalidInput("bad");
      },
    }, settingsOf(insforge))
  );
  assertEquals(seen, [[{ code: "42703", message: "column x does not exist" }, 400]]);
});

Deno.test("callUserRoutine reports a rejected token and a response that is not JSON", async () => {
  await using insforge = createInsForge();
  const call = { name: "f", args: {}, toError };
  insforge.reply(401, { error: "AUTH_UNAUTHORIZED" });
  await assertFailure(
    callUserRoutine(caller, call, settingsOf(insforge)),
    401,
    "AUTH_UNAUTHORIZED",
  );
  insforge.reply(200, "<html>");
  await assertFailure(callUserRoutine(caller, call, settingsOf(insforge)), 502, "UPSTREAM_FAILURE");
});

Deno.test("callUserRoutine throws 502 and names the routine when it returns something unexpected", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, ["a"]);
  const isResult = (value: unknown): value is string => typeof value === "string";
  const call = { name: "f", args: {}, toError, isResult };
  const result = callUserRoutine(caller, call, settingsOf(insforge));
  const { message } = await assertFailure(result, 502, "UPSTREAM_FAILURE");
  assertEquals(message, "The database's routine f returned an unexpected value");
});
