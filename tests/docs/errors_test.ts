/** docs/troubleshooting.md explains every error that the code can return. */
import { assert, assertEquals } from "@std/assert";
import { list, pages } from "./pages.ts";

const ROOT = new URL("../../", import.meta.url);
const { text } = pages.find(({ path }) => path === "docs/troubleshooting.md")!;
const sources = ["shared", "functions"].flatMap(readFolder);

Deno.test("every error code is in docs/troubleshooting.md", () => {
  const declared = /export type ErrorCode =([\s\S]*?);/.exec(read("shared/errors.ts"))![1]!;
  const codes = [...declared.matchAll(/"([A-Z_]+)"/g)].map(([, code]) => code);
  assert(codes.length > 10, `only ${codes.length} codes`);
  assertEquals(codes.filter((code) => !text.includes(`\`${code}\``)), []);
});

Deno.test("every status and code that is thrown together is in docs/troubleshooting.md", () => {
  const rows = [...text.matchAll(/^\| *([\d, ]+?) *\| *(`[A-Z_`, ]+?) *\|/gm)];
  const explained = rows.flatMap(([, statuses = "", codes = ""]) =>
    statuses.split(", ").flatMap((status) => codes.split(", ").map((code) => `${status} ${code}`))
  );
  const thrown = sources.flatMap((source) =>
    [...source.matchAll(/new ApiError\(\s*(\d{3}),\s*"([A-Z_]+)"/g)]
      .map(([, status, code]) => `${status} \`${code}\``)
  );
  assert(thrown.length > 20, `only ${thrown.length} errors`);
  // legacy-compat has InsForge's own statuses, and 499 is for the log alone.
  const known = new Set([
    ...explained,
    "401 `AUTH_INVALID_API_KEY`",
    "403 `AUTH_UNAUTHORIZED`",
    "499 `REQUEST_CANCELLED`",
    "500 `AI_UPSTREAM_UNAVAILABLE`",
    "503 `AI_UPSTREAM_UNAVAILABLE`",
  ]);
  assertEquals([...new Set(thrown)].filter((one) => !known.has(one)), []);
});

Deno.test("every notice of the log is in docs/troubleshooting.md", () => {
  const notices = sources.flatMap((source) =>
    [...source.matchAll(/log\.notice = [`"]([^:`"]+)/g)].map(([, notice]) => notice)
  );
  assert(notices.length > 2, `only ${notices.length} notices`);
  assertEquals(notices.filter((notice) => !text.includes(`\`${notice}\``)), []);
});

function readFolder(folder: string): string[] {
  return list(folder).flatMap((path) =>
    path.endsWith(".ts")
      ? [read(path)]
      : Deno.statSync(new URL(path, ROOT)).isDirectory
      ? readFolder(path)
      : []
  );
}

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}
