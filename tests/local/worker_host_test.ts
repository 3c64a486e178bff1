/** Functions deployed to the embedded InsForge: they run, fail and die as on self-hosted InsForge. */
import { assertEquals, assertMatch } from "@std/assert";
import { createWorkerHost } from "../../tools/local/insforge/functions/worker_host.ts";
import { createEmbeddedInsForge } from "../../tools/local/insforge/mod.ts";

const DEADLINE_MS = 30_000;
const TIMEOUT_MS = 3_000;

/** Calls `/beacon` in its `finally` block, which the runtime must not let it reach. */
const HANGING = `module.exports = async () => {
  try {
    await fetch(Deno.env.get("STARTED_URL"));
    await new Promise(() => {});
  } finally {
    await fetch(Deno.env.get("FINISHED_URL"));
  }
}`;

Deno.test({
  name: "the functions runtime",
  fn: async (t) => {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    const beacons: string[] = [];
    const started: (() => void)[] = [];
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      ({ url }) => {
        const { pathname } = new URL(url);
        beacons.push(pathname);
        if (pathname === "/started") started.shift()?.();
        return new Response();
      },
    );
    const beacon = `http://127.0.0.1:${server.addr.port}`;
    await using insforge = await startInsForge();
    const call = (slug: string) =>
      insforge.handler(new Request(`http://localhost/functions/${slug}`, { signal: deadline }));
    const isStarted = () => new Promise<void>((resolve) => started.push(resolve));

    const hasStarted = isStarted();
    await insforge.deploy({
      fine: 'module.exports = () => new Response("fine")',
      globals: `module.exports = () => Response.json(
        ["Buffer", "global", "setImmediate", "BroadcastChannel"].map((name) => typeof globalThis[name])
      )`,
      rejects:
        'module.exports = () => { Promise.reject(new Error("x")); return new Promise(() => {}) }',
      throws_later:
        `module.exports = () => new Promise(() => setTimeout(() => { throw new Error("x") }))`,
      hangs: HANGING,
    }, { STARTED_URL: `${beacon}/started`, FINISHED_URL: `${beacon}/finished` });

    await t.step("answers, also when the URL ends with a slash", async () => {
      assertEquals(await (await call("fine")).text(), "fine");
      assertEquals(await (await call("fine/")).text(), "fine");
      assertEquals((await call("fine/sub")).status, 404);
    });

    await t.step("hides the globals that InsForge's release of Deno lacks", async () => {
      assertEquals(await (await call("globals")).json(), Array(4).fill("undefined"));
    });

    await t.step("ends a call at its time limit without running its finally blocks", async () => {
      const [response] = await Promise.all([call("hangs"), hasStarted]);
      assertEquals([response.status, await response.json()], [504, { error: "Function timeout" }]);
      assertEquals(await (await call("fine")).text(), "fine");
      assertEquals(beacons, ["/started"]);
    });

    for (const slug of ["rejects", "throws_later"]) {
      await t.step(`dies of an uncaught error in ${slug}, for every caller`, async () => {
        const hasStarted = isStarted();
        const inFlight = call("hangs");
        await hasStarted;
        const own = await call(slug);
        assertEquals([own.status, await own.json()], [500, { error: "Worker execution error" }]);
        const lost = await inFlight;
        assertEquals(lost.status, 502);
        assertMatch((await lost.json()).error, /./);
        const refused = await call("fine");
        assertEquals(refused.status, 502);
        await refused.body?.cancel();
        await until(async () => {
          const response = await call("fine");
          return await response.text() === "fine";
        }, deadline);
      });
    }
  },
});

/** An embedded InsForge whose functions runtime has a short time limit. */
async function startInsForge() {
  const insforge = await createEmbeddedInsForge({
    baseUrl: () => "https://project.insforge.test",
    host: createWorkerHost({ timeoutMs: TIMEOUT_MS }),
  });
  const post = async (path: string, body: unknown) => {
    const response = await insforge.handler(
      new Request(`http://localhost${path}`, {
        method: "POST",
        headers: {
          Authorization: `Bearer ${insforge.secrets.API_KEY}`,
          "Content-Type": "application/json",
        },
        body: JSON.stringify(body),
      }),
    );
    assertEquals(response.status, 201, await response.text());
  };
  return {
    ...insforge,
    async deploy(scripts: Record<string, string>, secrets: Record<string, string>) {
      for (const [key, value] of Object.entries(secrets)) {
        await post("/api/secrets", { key, value });
      }
      for (const [name, code] of Object.entries(scripts)) {
        await post("/api/functions", { name, code });
      }
    },
    [Symbol.asyncDispose]: () => insforge.close(),
  };
}

/** Repeats `attempt` every few milliseconds, until it succeeds or the deadline has passed. */
async function until(attempt: () => Promise<boolean>, deadline: AbortSignal): Promise<void> {
  while (!await attempt()) {
    deadline.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
