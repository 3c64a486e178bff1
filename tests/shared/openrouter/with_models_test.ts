import { assertEquals } from "@std/assert";
import * as z from "zod/mini";
import { type ModelsContext, withModels } from "../../../shared/openrouter/with_models.ts";
import { createEnvironment, send, USER_ID } from "../../support/caller.ts";

const body = z.object({ text: z.string() });

function call(handler: (context: ModelsContext<{ text: string }>) => Response) {
  const edgeFunction = withModels({ slug: "probe", body }, handler);
  return send(edgeFunction, createEnvironment(), { text: "a" }, { path: "/probe" });
}

Deno.test("gives the handler the caller and the checked body", async () => {
  const answer = await call(({ user, body }) => Response.json([user.id, body]));
  assertEquals(answer.body, [USER_ID, { text: "a" }]);
});

Deno.test("gives the handler models and no database", async () => {
  const answer = await call((context) =>
    Response.json([typeof context.ai.complete, "db" in context, "adminDb" in context])
  );
  assertEquals(answer.body, ["function", false, false]);
});

Deno.test("checks the credential before it reads the body, and both before it runs the handler", async () => {
  let runs = 0;
  const edgeFunction = withModels({ slug: "probe", body }, () => new Response(String(++runs)));
  for (const [token, status] of [[null, 401], [undefined, 400]] as const) {
    const options = { path: "/probe", raw: "{", token };
    const answer = await send(edgeFunction, createEnvironment(), undefined, options);
    assertEquals([answer.status, runs], [status, 0]);
  }
});
