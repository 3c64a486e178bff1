/**
 * The contract that every function keeps with its callers (docs/api.md), tested for each folder.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { listSlugs, loadFunction } from "../tools/functions.ts";
import {
  type Answer,
  createEnvironment,
  createHmacToken,
  createToken,
  type RequestOptions,
  send,
  TOKEN,
} from "./support/caller.ts";

/** Operations that need no credential. Every entry is a decision. */
const OPEN_TO_THE_WORLD = new Set<string>([]);

/** Operations that read no body. */
const WITHOUT_BODY = new Set<string>(["POST /connect/disconnect", "POST /usage/sweep"]);

/** Functions whose bodies and methods follow an older contract, which has its own tests. */
const OLDER_CONTRACT = new Set(["legacy-compat"]);

const ORIGIN = "https://app.example.com";
const environment = createEnvironment();
const now = Math.floor(Date.now() / 1_000);

/** Credentials of other kinds than a user's valid token. */
const BAD_TOKENS: Record<string, string> = {
  "an expired token": await createToken({ iat: now - 1_000, exp: now - 100 }),
  "a forged token": TOKEN.slice(0, -6) + (TOKEN.endsWith("AAAAAA") ? "BBBBBB" : "AAAAAA"),
  "a token of algorithm none": `${btoa('{"alg":"none"}')}.${TOKEN.split(".")[1]}.`.replaceAll(
    "=",
    "",
  ),
  "a refresh token": await createHmacToken({ sub: "u", type: "refresh", iss: "insforge" }),
  "an administrator's token": await createToken({ role: "project_admin" }),
  "the anon key": "anon_canary",
  "the API key": "ik_canary",
  "garbage": "garbage",
};

/** Bodies that every JSON operation rejects. */
const BAD_BODIES: Record<string, { raw?: BodyInit; message: RegExp; status?: number }> = {
  "no body": { message: /missing/ },
  "no JSON": { raw: "prompt=hello", message: /must be JSON/ },
  "a JSON array": { raw: "[]", message: /must be a JSON object/ },
  "invalid UTF-8": { raw: new Uint8Array([0x7b, 0xff, 0x7d]), message: /must be UTF-8/ },
  "very deep nesting": { raw: '{"a":'.repeat(200_000), message: /must not nest deeper/ },
  "10 MB": { raw: `{"a":"${"x".repeat(10_000_000)}"}`, message: /must not exceed/, status: 413 },
};

for (const slug of listSlugs()) {
  const { default: handler } = await loadFunction(slug);
  const operations = handler.routes.filter(({ method }) => method !== "ALL");
  const paths = new Set(operations.map(({ path }) => path));
  const older = OLDER_CONTRACT.has(slug);

  /** Calls an operation by its path below the slug, with values for its parameters. */
  const call = (
    path: string,
    method: string,
    body?: unknown,
    options: RequestOptions = {},
    settings = environment,
  ): Promise<Answer> => {
    const filled = path.replace(/:\w+(\{.*\})?/g, "x").replace(/\*/g, "x");
    return send(handler, settings, body, {
      method,
      ...options,
      path: `/${slug}${filled === "/" ? "" : filled}`,
      headers: { Origin: ORIGIN, ...options.headers },
    });
  };

  Deno.test(`${slug} accepts a preflight request of every path`, async () => {
    for (const path of paths) {
      const { status, headers } = await call(path, "OPTIONS", undefined, {
        headers: {
          "Access-Control-Request-Method": "POST",
          "Access-Control-Request-Headers": "authorization, content-type, x-stainless-lang",
        },
      });
      assertEquals(status, 204);
      assertEquals(headers.get("Access-Control-Allow-Origin"), "*");
      assertEquals(
        headers.get("Access-Control-Allow-Headers"),
        "authorization, content-type, x-stainless-lang",
      );
      assertMatch(headers.get("Access-Control-Allow-Methods")!, /GET|POST/);
    }
  });

  Deno.test(`${slug} rejects a wrong method${older ? "" : " and names the right one"}`, async () => {
    for (const path of paths) {
      const answer = await call(path, "DELETE");
      if (older) return assertRefused(answer, 404, "NOT_FOUND");
      assertRefused(answer, 405, "INVALID_INPUT");
      assertMatch(answer.headers.get("Allow")!, /\b(GET|POST)\b.*OPTIONS/);
    }
  });

  for (const { method, path } of operations) {
    const operation = `${method} /${slug}${path === "/" ? "" : path}`;
    if (OPEN_TO_THE_WORLD.has(operation)) continue;

    Deno.test(`${operation} returns 401 without a token`, async () => {
      assertRefused(await call(path, method, {}, { token: null }), 401, "AUTH_INVALID_CREDENTIALS");
    });

    if (method === "POST") {
      Deno.test(`${operation} reads no body before it has checked the credential`, async () => {
        for (const token of [null, "garbage", BAD_TOKENS["a forged token"]!]) {
          let isRead = false;
          const raw = new ReadableStream({ pull: () => void (isRead = true) }, {
            highWaterMark: 0,
          });
          assertEquals((await call(path, method, undefined, { token, raw })).status, 401);
          assertEquals(isRead, false);
        }
      });
    }

    Deno.test(`${operation} returns 401 AUTH_UNAUTHORIZED for every credential but a user's token`, async () => {
      for (const [kind, token] of Object.entries(BAD_TOKENS)) {
        const answer = await call(path, method, {}, { token });
        assertRefused(answer, 401, "AUTH_UNAUTHORIZED", kind);
        assertMatch(answer.headers.get("WWW-Authenticate")!, /^Bearer/);
      }
    });

    Deno.test(`${operation} returns 502, not 401, when it needs InsForge and InsForge is down`, async () => {
      const strict = createEnvironment({ AUTH_STRICT: "true" });
      assertRefused(await call(path, method, {}, {}, strict), 502, "UPSTREAM_FAILURE");
    });

    if (method !== "POST" || older || WITHOUT_BODY.has(operation)) continue;

    Deno.test(`${operation} rejects bodies that it cannot read`, async () => {
      for (const [kind, { raw, message, status = 400 }] of Object.entries(BAD_BODIES)) {
        const answer = await call(path, method, undefined, { raw });
        assertRefused(answer, status, "INVALID_INPUT", kind);
        assertMatch(toError(answer).message, message);
      }
    });

    Deno.test(`${operation} returns 400 for names that every object inherits`, async () => {
      for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
        const raw = `{"${name}":{"${name}":1},"model":"${name}","type":"${name}"}`;
        const answer = await call(path, method, undefined, { raw });
        assertEquals(answer.status, 400, name);
        assertMatch(toError(answer).code, /^(INVALID_INPUT|AI_INVALID_MODEL)$/, name);
      }
    });

    Deno.test(`${operation} rejects an empty object and names a field`, async () => {
      const answer = await call(path, method, {});
      assertRefused(answer, 400, "INVALID_INPUT");
      assertMatch(toError(answer).message, /"\w+"/);
    });
  }
}

/** Code and message of an error, in InsForge's flat shape or in OpenAI's nested shape. */
function toError({ body }: Answer): { code: string; message: string } {
  if (typeof body.error === "object") {
    return { code: body.error.metadata.error_code, message: body.error.message };
  }
  return { code: body.error, message: body.message };
}

function assertRefused(answer: Answer, status: number, code: string, kind = ""): void {
  const { body, headers } = answer;
  assertEquals([answer.status, toError(answer).code], [status, code], kind);
  if (typeof body.error === "string") assertEquals(body.statusCode, status);
  assert(toError(answer).message.length > 0);
  assertEquals(headers.get("Access-Control-Allow-Origin"), "*");
  assertMatch(headers.get("Access-Control-Expose-Headers")!, /X-Request-Id/);
  assertMatch(headers.get("X-Request-Id")!, /^[\w-]{36}$/);
}
