import { assertEquals, assertThrows } from "@std/assert";
import * as z from "zod/mini";
import { findIssue } from "../../../shared/http/schema_issues.ts";

const schema = z.looseObject({ list: z.array(z.string()) });

Deno.test("returns nothing for a value that the schema accepts", () => {
  assertEquals(findIssue({ list: ["a"], other: 1 }, schema), undefined);
});

Deno.test("returns the first issue, and where it is", () => {
  const issue = findIssue({ list: ["a", 1, 2] }, schema);
  assertEquals([issue?.code, issue?.path], ["invalid_type", ["list", 1]]);
});

Deno.test("rejects an asynchronous schema", () => {
  const late = z.string().check(z.refine(() => Promise.resolve(true)));
  assertThrows(() => findIssue("a", late));
});
