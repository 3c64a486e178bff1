/** Forms: what is read of them, and which are rejected. */
import { assertEquals } from "@std/assert";
import { createApp } from "../../../shared/http/app.ts";
import { isForm, listFiles, readForm, toFormFields } from "../../../shared/http/form.ts";
import { createEnvironment, send } from "../../support/caller.ts";

const { app, handler } = createApp("probe");
app.post("/", async ({ env: call }) => {
  const form = await readForm(call, { maxBytes: 2 * 1024 * 1024 });
  const files = await Promise.all(listFiles(form, "file").map((file) => file.text()));
  return Response.json({ fields: toFormFields(form, ["n", "stream"]), files });
});

Deno.test("reads files, texts, JSON fields and lists of a form", async () => {
  const form = new FormData();
  form.append("file", new File(["one"], "a.txt"));
  form.append("file[]", new File(["two"], "b.txt"));
  form.append("file[]", "not a file");
  form.append("n", "2");
  form.append("stream", "true");
  form.append("size", "1024");
  form.append("words[]", "x");
  form.append("words[]", "y");
  form.append("__proto__", "z");
  const { status, text } = await post(form);
  assertEquals(status, 200);
  assertEquals(
    text,
    '{"fields":{"n":2,"stream":true,"size":"1024","__proto__":"z","file":["not a file"],' +
      '"words":["x","y"]},"files":["one","two"]}',
  );
});

Deno.test("keeps the text of a JSON field that is not JSON", async () => {
  const form = new FormData();
  form.append("n", "two");
  assertEquals((await post(form)).body.fields, { n: "two" });
});

Deno.test("returns 400 for a body that is not a form", async () => {
  for (const raw of ["no form", "{}", ""]) {
    const { status, body } = await send(handler, createEnvironment(), undefined, {
      raw,
      headers: { "Content-Type": "multipart/form-data; boundary=x" },
    });
    const message = "The request body must be a form of multipart/form-data";
    assertEquals([status, body.message], [400, message]);
  }
});

Deno.test("returns 400 for a form of more than 1,000 parts", async () => {
  const form = new FormData();
  for (let i = 0; i < 1_000; i++) form.append("words[]", "x");
  assertEquals((await post(form)).status, 200);
  form.append("words[]", "x");
  const { status, body } = await post(form);
  assertEquals([status, body.message], [400, "The form must have at most 1000 parts"]);
});

Deno.test("tells forms from other bodies by the content type, in any letter case", () => {
  const is = (type: string) => {
    const request = new Request("http://a.test", { headers: { "Content-Type": type } });
    return isForm({ request });
  };
  assertEquals(
    ["Multipart/Form-Data; boundary=x", "application/json", "multipart/form-data-x"].map(is),
    [true, false, false],
  );
});

async function post(form: FormData) {
  const encoded = new Response(form);
  const headers = { "Content-Type": encoded.headers.get("Content-Type")! };
  return await send(handler, createEnvironment(), undefined, {
    raw: await encoded.bytes(),
    headers,
  });
}
