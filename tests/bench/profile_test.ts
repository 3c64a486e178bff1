/** How a profile is summed up by module. */
import { assertEquals } from "@std/assert";
import { toShares } from "../../tools/bench/parts/profile.ts";

const ROOT = new URL("../../", import.meta.url).href;

Deno.test("sums the busy time up by module, package and V8's own names", () => {
  const frames = [
    { functionName: "(root)", url: "" },
    { functionName: "(idle)", url: "" },
    { functionName: "(garbage collector)", url: "" },
    { functionName: "op_read", url: "" },
    { functionName: "readBody", url: `${ROOT}shared/http/body.ts` },
    { functionName: "count", url: `${ROOT}shared/http/body.ts` },
    { functionName: "parse", url: `${ROOT}node_modules/.deno/zod@4/node_modules/zod/v4/core.js` },
    { functionName: "sign", url: `${ROOT}node_modules/.deno/a@1/node_modules/@scope/a/index.js` },
    { functionName: "enqueue", url: "ext:deno_web/06_streams.js" },
  ];
  const nodes = frames.map((callFrame, i) => ({ id: i + 1, callFrame }));
  const shares = toShares({
    nodes,
    samples: [2, 3, 4, 5, 6, 7, 8, 9],
    timeDeltas: [1_000, 10, 10, 20, 20, 10, 10, 20],
  });
  assertEquals(Object.fromEntries(shares), {
    "(garbage collector)": 0.1,
    "(native)": 0.1,
    "shared/http/body.ts": 0.4,
    "zod": 0.1,
    "@scope/a": 0.1,
    "ext:deno_web/06_streams.js": 0.2,
  });
});
