/// <reference lib="dom" />
/** Everything that can go wrong with an answer, as its reader sees it. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Simulation } from "../../tools/local/openrouter/mod.ts";
import { ask, readAnswer, simulate } from "./chatting.ts";
import { createVisits } from "./visits.ts";

const test = createVisits();

interface Failure {
  simulation: Simulation;
  /** The status that the browser logs; missing when the failure comes after the first byte. */
  status?: number;
  /** The title, what to do, and the codes. */
  says: [RegExp, RegExp, string];
}

const FAILURES: Record<string, Failure> = {
  "a spent balance": {
    simulation: { credits: 0 },
    status: 402,
    says: [/budget is used up/, /add credits/, "BILLING_INSUFFICIENT_BALANCE · status 402"],
  },
  "a refused request": {
    simulation: { status: 403, message: "Flagged", metadata: { reasons: ["violence"] } },
    status: 403,
    says: [/request was refused/, /violence/i, "FORBIDDEN · status 403"],
  },
  "a gateway that is down": {
    simulation: { status: 503, retry_after: 0 },
    status: 502,
    says: [/AI provider failed/, /Try again/, "AI_UPSTREAM_UNAVAILABLE · status 502"],
  },
  "a gateway that takes too long": {
    simulation: { status: 504, retry_after: 0 },
    status: 504,
    says: [/AI provider failed/, /Try again/, "AI_UPSTREAM_UNAVAILABLE · status 504"],
  },
  "a rejected key": {
    simulation: { status: 401 },
    status: 502,
    says: [/key was rejected/, /./, "AI_INVALID_API_KEY · status 502"],
  },
  "a request that the model does not support": {
    simulation: { status: 400, message: "This model takes no images" },
    status: 400,
    says: [/request is not valid/, /This model takes no images/, "INVALID_INPUT · status 400"],
  },
  "an error in mid-stream": {
    simulation: { fail: "event", after: 12 },
    says: [/\w/, /Try again/, "AI_UPSTREAM_UNAVAILABLE"],
  },
  "a stream that is cut": {
    simulation: { fail: "cut", after: 12 },
    says: [/\w/, /Try again/, "AI_UPSTREAM_UNAVAILABLE"],
  },
};

for (const [name, { simulation, status, says: [what, advice, code] }] of Object.entries(FAILURES)) {
  test(`shows title, advice and request id for ${name}`, async ({ page, expectComplaint }) => {
    if (status) expectComplaint(new RegExp(`status of ${status} .*/stream`));
    await simulate(page, { chunk_delay_ms: 0, ...simulation });
    const response = page.waitForResponse("**/stream");
    await ask(page, "Hello");
    const written = await readAnswer(page);
    assertEquals(written.length > 0, status === undefined);
    const alert = page.getByRole("alert").filter({ hasText: code });
    assertMatch(await alert.locator(".what").innerText(), what);
    assertMatch(await alert.innerText(), advice);
    const id = (await response).headers()["x-request-id"];
    assertStringIncludes(await alert.locator(".trace").innerText(), `request ${id}`);

    await simulate(page, { chunk_delay_ms: 1 });
    await alert.getByRole("button", { name: "Try again" }).click();
    assert((await readAnswer(page)).length > written.length);
    assertEquals(await page.locator(".failure").count(), 0);
  });
}

test("counts down until a rate limit has passed", async ({ page, expectComplaint }) => {
  expectComplaint(/status of 429 /);
  await simulate(page, { status: 429, retry_after: 30 });
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(3_600_000);
  await ask(page, "Hello");
  const button = page.getByRole("button", { name: /Try again/ });
  await button.waitFor();
  assertEquals([await button.innerText(), await button.isDisabled()], ["Try again in 30 s", true]);
  assertEquals(await page.locator(".failure p").count(), 3, "title, message and codes");
  await page.clock.runFor(10_000);
  assertEquals(await button.innerText(), "Try again in 20 s");
  await page.clock.runFor(21_000);
  assertEquals([await button.innerText(), await button.isDisabled()], ["Try again", false]);
});

test("shows when a monthly limit ends, and allows a retry at any time", async ({ page, expectComplaint }) => {
  expectComplaint(/status of 402 /);
  const headers = { "Retry-After": "800000", "Access-Control-Expose-Headers": "Retry-After" };
  const json = {
    error: "BILLING_INSUFFICIENT_BALANCE",
    message: "You have used up this month's AI budget",
    statusCode: 402,
    nextActions: "Try again in 10 days",
  };
  await page.route("**/stream", (route) => route.fulfill({ status: 402, json, headers }));
  await ask(page, "Hello");
  const alert = page.getByRole("alert").filter({ hasText: "AI budget" });
  assertStringIncludes(await alert.innerText(), "Try again in 10 days.");
  assert(await alert.getByRole("button", { name: "Try again", exact: true }).isEnabled());
});

test("says when the session has ended", async ({ page, expectComplaint }) => {
  expectComplaint(/status of 401 .*\/stream/);
  await page.evaluate(() => {
    const { refreshToken: _, ...session } = JSON.parse(sessionStorage["playground.session"]);
    sessionStorage["playground.session"] = JSON.stringify(session);
  });
  await page.reload();
  const json = { error: "AUTH_UNAUTHORIZED", message: "The token has expired", statusCode: 401 };
  await page.route("**/stream", (route) => route.fulfill({ status: 401, json }));
  await ask(page, "Hello");
  const alert = page.getByRole("alert").filter({ hasText: "AUTH_UNAUTHORIZED · status 401" });
  assertStringIncludes(await alert.innerText(), "Sign in again.");
});

test("names a model that does not exist", async ({ page, expectComplaint }) => {
  expectComplaint(/status of 400 /);
  await page.getByRole("combobox", { name: "Model", exact: true }).fill("nobody/nothing");
  await page.keyboard.press("Escape");
  await ask(page, "Hello");
  const alert = page.getByRole("alert").filter({ hasText: "AI_INVALID_MODEL · status 400" });
  assertStringIncludes(await alert.innerText(), "Choose another model");
});

test("shows the request id of an internal error", async ({ page, expectComplaint }) => {
  expectComplaint(/status of 500 /);
  const json = { error: "INTERNAL_ERROR", message: "Something went wrong", statusCode: 500 };
  const headers = { "X-Request-Id": "0123-abcd" };
  await page.route("**/stream", (route) => route.fulfill({ status: 500, json, headers }));
  await ask(page, "Hello");
  const alert = page.getByRole("alert").filter({ hasText: "Something went wrong" });
  assertStringIncludes(await alert.innerText(), "INTERNAL_ERROR · status 500 · request 0123-abcd");
});

test("says when the server cannot be reached, and succeeds on retry", async ({ page, context, expectComplaint }) => {
  expectComplaint(/ERR_INTERNET_DISCONNECTED/);
  await context.setOffline(true);
  await ask(page, "Hello");
  const alert = page.getByRole("alert").filter({ hasText: "NETWORK_ERROR" });
  assertStringIncludes(await alert.innerText(), "Check that the server is running");
  await context.setOffline(false);
  await alert.getByRole("button", { name: "Try again" }).click();
  assert((await readAnswer(page)).length > 0);
});

test("shows a message or an answer for every simulated failure", async ({ page, expectComplaint }) => {
  expectComplaint(/status of (402|429|502) /);
  await page.unroute("**/stream"); // the page itself says what to simulate
  await page.getByText("Settings", { exact: true }).click();
  await page.getByLabel("Max tokens").fill("20");
  const list = page.getByLabel("Simulate");
  const names = await list.locator("option").allInnerTexts();
  assert(names.length > 8);
  for (const name of names.filter((name) => !name.startsWith("Slow"))) {
    await list.selectOption(name);
    await page.getByRole("button", { name: "New chat" }).click();
    await ask(page, "Hello");
    const text = await readAnswer(page);
    const tail = await page.locator(".turn:last-child .tail").innerText();
    assert(text.length + tail.length > 10, `${name}: "${text}", "${tail}"`);
  }
});

test("says when the page cannot read its setup", async ({ page, expectComplaint }) => {
  expectComplaint(/status of 500 .*playground.json/);
  await page.route("**/playground.json", (route) => route.fulfill({ status: 500, body: "no" }));
  await page.reload();
  assertStringIncludes(await page.getByRole("alert").innerText(), "The server responded with");
  await page.unroute("**/playground.json");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("button", { name: "Demo user" }).waitFor();
}, { as: "signed out" });
