/** Signing in and out in a browser, and the life of a session. */
import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import { ask, readAnswer, simulate } from "./chatting.ts";
import { createVisits, DEMO, openTab, SECOND, signIn } from "./visits.ts";

const test = createVisits();
const STORED = "playground.session";

test(
  "signs in each demo user with one click, and forgets them on sign-out",
  async ({ page }) => {
    for (const [as, { email }] of [["demo", DEMO], ["second", SECOND]] as const) {
      await signIn(page, as);
      assertEquals(await page.locator("#account-name").textContent(), email);
      await ask(page, "Hello");
      await readAnswer(page);
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.locator("#welcome").waitFor();
      assertEquals(await page.locator("#turns").textContent(), "");
      assertEquals(await page.evaluate(() => JSON.stringify({ ...sessionStorage })), "{}");
    }
  },
  { as: "signed out" },
);

test("clears everything that a user entered on sign-out", async ({ page }) => {
  await simulate(page, { chunk_delay_ms: 500 }, "summarize-records");
  await page.getByText("Settings", { exact: true }).click();
  const written = ["System prompt", "Temperature", "Max tokens", "Lines", "Description"];
  for (const name of [...written, "Instructions", "Save to bucket"]) {
    const field = page.getByLabel(name);
    await field.evaluate((field: HTMLInputElement) => field.value = "1");
  }
  await page.locator("#image-attach").setInputFiles([
    { name: "my.pdf", mimeType: "application/pdf", buffer: Buffer.from("x") },
  ]);
  await ask(page, "My secret");
  await readAnswer(page);
  await openTab(page, "Records");
  await page.getByRole("button", { name: "Summarize" }).click();
  await page.locator("#summary .prose p").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await signIn(page, "second");
  const fields = page.locator("#workbench").locator("input:not([type=checkbox]), textarea");
  const left = await fields.evaluateAll((fields) =>
    (fields as HTMLInputElement[])
      .filter(({ value, defaultValue }) => value !== defaultValue)
      .map(({ id, value }) => `${id}: ${value}`)
  );
  assertEquals(left, []);
  assertMatch(await page.getByLabel("Lines").inputValue(), /^The invoice/);
  assertEquals(await page.locator("#spent").textContent(), "");
  assertEquals(await page.locator("#raw").textContent(), "");
  const said = await page.locator("#announcement, [role=alert]").allTextContents();
  assertEquals(said.filter((text) => /my\.pdf|Answer|secret/.test(text)), []);
});

test("keeps the session when that of an earlier user ends", async ({ page, expectComplaint }) => {
  await forge(page, "accessToken");
  await forge(page, "refreshToken");
  const { promise: mayCome, resolve: come } = Promise.withResolvers<void>();
  await page.route("**/api/auth/refresh*", (route) => mayCome.then(() => route.continue()));
  const refreshing = page.waitForRequest("**/api/auth/refresh*");
  await page.reload();
  await refreshing;
  await page.getByRole("button", { name: "Sign out" }).click();
  await signIn(page, "second");
  const refused = page.waitForResponse("**/api/auth/refresh*");
  come();
  await (await refused).finished();
  await ask(page, "Hello");
  await readAnswer(page);
  assertEquals(await page.locator("#account-name").textContent(), SECOND.email);
  expectComplaint(/status of 401 .*\/v1\/models/);
  expectComplaint(/status of 401 .*\/api\/auth\/refresh/);
});

test("ignores a sign-in that succeeds after another", async ({ page }) => {
  const { promise: mayCome, resolve: come } = Promise.withResolvers<void>();
  await page.route("**/api/auth/sessions*", async (route) => {
    if (route.request().postData()!.includes(DEMO.email)) await mayCome;
    await route.continue();
  });
  await page.getByRole("button", { name: "Demo user" }).click();
  await signIn(page, "second");
  const late = page.waitForResponse("**/api/auth/sessions*");
  come();
  await (await late).finished();
  await ask(page, "Hello");
  await readAnswer(page);
  assertEquals(await page.locator("#account-name").textContent(), SECOND.email);
}, { as: "signed out" });

test("signs in with a password, and says when it is wrong", async ({ page, expectComplaint }) => {
  await page.getByLabel("Email").fill(SECOND.email);
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  assertMatch(
    await page.getByRole("alert").innerText(),
    /^The sign-in was rejected\s+Invalid credentials\./,
  );
  expectComplaint(/status of 401 .*\/api\/auth\/sessions/);

  await page.getByLabel("Password").fill(SECOND.password);
  await page.keyboard.press("Enter");
  await page.locator("#workbench").waitFor();
  assertEquals(await page.locator("#account-name").textContent(), SECOND.email);
}, { as: "signed out" });

test("signs in with a pasted token", async ({ page, stack }) => {
  await page.getByText("Use an access token").click();
  const { accessToken } = await readTokens(stack.insforgeUrl);
  await page.getByLabel("Access token").fill(accessToken);
  await page.getByRole("button", { name: "Use this token" }).click();
  await page.locator("#workbench").waitFor();
  assertEquals(await page.locator("#account-name").textContent(), DEMO.email);
  await ask(page, "Hello");
  assert((await readAnswer(page)).length > 0);
}, { as: "signed out" });

test(
  "stays signed out when the functions reject a pasted token",
  async ({ page, stack, expectComplaint }) => {
    expectComplaint(/status of 401 .*\/v1\/models/);
    await page.getByText("Use an access token").click();
    await page.getByLabel("Access token").fill(stack.insforge!.secrets.ANON_KEY!);
    await page.getByRole("button", { name: "Use this token" }).click();
    const alert = page.getByRole("alert").filter({ hasText: "AUTH_UNAUTHORIZED · status 401" });
    assertStringIncludes(await alert.innerText(), "The sign-in was rejected");
    assert(await page.locator("#workbench").isHidden());
  },
  { as: "signed out" },
);

test("leaves room to sign out beside a long name", async ({ page }) => {
  await page.locator("#account-name").evaluate((name) => name.textContent = "a".repeat(254));
  for (const width of [320, 640, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    const { x, width: own } = (await page.locator("#sign-out").boundingBox())!;
    assert(x + own <= width, `${x + own} of ${width}`);
  }
});

test("keeps the session and the tab after a reload", async ({ page }) => {
  await page.getByRole("tab", { name: "Records" }).click();
  await page.reload();
  await page.getByRole("heading", { name: "Records" }).waitFor();
  assertEquals(await page.locator("#account-name").textContent(), DEMO.email);
});

test("refreshes an expired token once before it is sent", async ({ page }) => {
  const sent = watchPosts(page);
  await page.clock.setSystemTime(Date.now() + 20 * 60_000);
  await ask(page, "Hello");
  assert((await readAnswer(page)).length > 0);
  assertEquals(sent, ["/api/auth/refresh", "/stream"]);
});

test("refreshes a rejected token and repeats the request", async ({ page, expectComplaint }) => {
  await forge(page, "accessToken");
  // Delayed, so that the chat is rejected first.
  await page.route("**/v1/models", () => {});
  await page.reload();
  const sent = watchPosts(page);
  await ask(page, "Hello");
  assert((await readAnswer(page)).length > 0);
  assertEquals(await page.locator(".failure").count(), 0);
  assertEquals(sent, ["/stream", "/api/auth/refresh", "/stream"]);
  expectComplaint(/status of 401 .*\/stream/);
});

test("shares one refresh between rejected requests", async ({ page, expectComplaint }) => {
  await page.getByRole("tab", { name: "Records" }).click();
  await forge(page, "accessToken");
  const sent = watchPosts(page);
  const answers = Promise.all(
    ["/v1/models", "/api/database/records/support_tickets"].map((path) =>
      page.waitForResponse((answer) => new URL(answer.url()).pathname === path && answer.ok())
    ),
  );
  await page.reload();
  await answers;
  assertEquals(sent, ["/api/auth/refresh"]);
  expectComplaint(/status of 401 .*\/v1\/models/);
  expectComplaint(/status of 401 .*\/support_tickets/);
});

test("uses the token that another request has refreshed", async ({ page, expectComplaint }) => {
  await page.getByRole("tab", { name: "Records" }).click();
  await page.getByText("Rows 1–20 of 120").waitFor();
  await forge(page, "accessToken");
  const sent = watchPosts(page);
  const refreshed = page.waitForResponse((answer) => {
    return answer.url().endsWith("/v1/models") && answer.ok();
  });
  await page.route("**/support_tickets?*", async (route) => {
    const response = await route.fetch();
    await refreshed;
    await route.fulfill({ response });
  });
  await page.reload();
  await page.getByText("Rows 1–20 of 120").waitFor();
  assertEquals(sent, ["/api/auth/refresh"]);
  expectComplaint(/status of 401 .*\/v1\/models/);
  expectComplaint(/status of 401 .*\/support_tickets/);
});

test("shows the welcome when the session cannot be refreshed", async ({ page, expectComplaint }) => {
  await forge(page, "accessToken");
  await forge(page, "refreshToken");
  await page.reload();
  await page.getByRole("button", { name: "Demo user" }).waitFor();
  assertEquals(await page.evaluate((key) => sessionStorage.getItem(key), STORED), null);
  expectComplaint(/status of 401 .*\/v1\/models/);
  expectComplaint(/status of 401 .*\/api\/auth\/refresh/);
});

test("says when InsForge cannot be reached", async ({ page, expectComplaint }) => {
  await page.route("**/api/auth/**", (route) => route.abort());
  await page.getByRole("button", { name: "Demo user" }).click();
  const failure = await page.getByRole("alert").innerText();
  assertStringIncludes(failure, "InsForge could not be reached");
  assertStringIncludes(failure, "Check that the server is running");
  expectComplaint(/ERR_FAILED/);
}, { as: "signed out" });

async function readTokens(insforgeUrl: string): Promise<{ accessToken: string }> {
  const { email, password } = DEMO;
  const response = await fetch(`${insforgeUrl}/api/auth/sessions?client_type=mobile`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  return await response.json();
}

/** Collects the paths of all later POST requests. */
function watchPosts(page: Page): string[] {
  const paths: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "POST") paths.push(new URL(request.url()).pathname);
  });
  return paths;
}

/** Breaks the signature of a token in the stored session. */
async function forge(page: Page, name: "accessToken" | "refreshToken"): Promise<void> {
  await page.evaluate(({ key, name }) => {
    const session = JSON.parse(sessionStorage.getItem(key)!);
    session[name] = session[name].replace(/\.([\w-]+)$/, (_: string, signature: string) => {
      return `.${[...signature].reverse().join("")}`;
    });
    sessionStorage.setItem(key, JSON.stringify(session));
  }, { key: STORED, name });
}
