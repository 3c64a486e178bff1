import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  type Flow,
  openState,
  requireReturnUrl,
  sealState,
} from "../../functions/connect/state.ts";
import { createSettings } from "../../shared/settings.ts";
import { sealUserKey } from "../../shared/user_keys/user_key.ts";
import { assertFailure } from "../shared/fake_insforge.ts";
import { assertThrows } from "@std/assert";
import { ApiError } from "../../shared/errors.ts";

const RETURN_URL = "https://app.example.com/settings";
const VALUES: Record<string, string> = {
  KEYS_ENCRYPTION_KEY: "a1".repeat(32),
  CONNECT_RETURN_URLS: `${RETURN_URL},https://app.example.com/a?tab=ai,http://localhost:5173/`,
};
const settings = withValues();
const flow: Flow = {
  userId: "alice",
  verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
  returnUrl: RETURN_URL,
  expiresAt: Date.now() + 60_000,
};

function withValues(values: Record<string, string> = {}) {
  return createSettings({ get: (name) => ({ ...VALUES, ...values })[name] });
}

Deno.test("a state opens for the user who started, and shows the browser nothing", async () => {
  const state = await sealState(flow, settings);
  assertEquals(await openState(state, "alice", settings), flow);
  assertMatch(state, /^[\w.-]{100,600}$/);
  const [, sealed] = state.split(".");
  assertEquals(atob(sealed!.replaceAll("-", "+").replaceAll("_", "/")).includes("alice"), false);
});

Deno.test("another user's state is a 403, so that an attacker's link never gives away a victim's key", async () => {
  const state = await sealState(flow, settings);
  await assertFailure(openState(state, "mallory", settings), 403, "FORBIDDEN");
});

Deno.test("a state that expired, was altered or comes from elsewhere is a 400", async () => {
  const state = await sealState(flow, settings);
  const foreign = withValues({ KEYS_ENCRYPTION_KEY: "b2".repeat(32) });
  const cases: [string, RegExp][] = [
    [await sealState({ ...flow, expiresAt: Date.now() - 1 }, settings), /expired/],
    [state.slice(0, -1) + (state.endsWith("A") ? "B" : "A"), /"state" must be/],
    [state.slice(0, -4), /"state" must be/],
    [`${state}.x`, /"state" must be/],
    [await sealState(flow, foreign), /"state" must be/],
    [await sealUserKey(JSON.stringify(flow), "alice", settings), /"state" must be/],
    [btoa(JSON.stringify(flow)), /"state" must be/],
    ["null", /"state" must be/],
  ];
  for (const [text, message] of cases) {
    const error = await assertFailure(openState(text, "alice", settings), 400, "INVALID_INPUT");
    assertMatch(error.message, message);
  }
});

Deno.test("a state is rejected when its return URL is no longer listed", async () => {
  const state = await sealState(flow, settings);
  const moved = withValues({ CONNECT_RETURN_URLS: "https://new.example.com/" });
  await assertFailure(openState(state, "alice", moved), 400, "INVALID_INPUT");
});

for (
  const [given, same] of [
    [RETURN_URL, RETURN_URL],
    ["HTTPS://APP.example.com:443/settings", RETURN_URL],
    ["https://app.example.com/x/../settings", RETURN_URL],
    ["https:\\\\app.example.com\\settings", RETURN_URL],
    [" https://app.example.com/set\ntings ", RETURN_URL],
    ["https://app.example.com/a?tab=ai", "https://app.example.com/a?tab=ai"],
    ["http://localhost:5173", "http://localhost:5173/"],
  ]
) {
  Deno.test(`${JSON.stringify(given)} is a return URL, and is normalized`, () => {
    assertEquals(requireReturnUrl(given!, settings), same);
  });
}

for (
  const given of [
    "https://app.example.com",
    "https://app.example.com/",
    "https://app.example.com/settings/",
    "https://app.example.com/settings/more",
    "https://app.example.com/Settings",
    "https://app.example.com/settings?next=https://evil.example",
    "https://app.example.com/settings#x",
    "https://app.example.com/settings#",
    "https://app.example.com/settings?",
    "https://app.example.com//settings",
    "https://app.example.com/settings/../../evil",
    "https://app.example.com/%73ettings",
    "https://app.example.com/a",
    "https://app.example.com/a?tab=ai&tab=evil",
    "https://app.example.com.evil.com/settings",
    "https://evil.com/settings?https://app.example.com/settings",
    "https://app.example.com@evil.com/settings",
    "https://evil@app.example.com/settings",
    "https://app.example.com:444/settings",
    "https://app.example.com\\@evil.com/settings",
    "https://app.example.com./settings",
    "https://аpp.example.com/settings",
    "http://app.example.com/settings",
    "http://localhost/",
    "http://localhost:5174/",
    "//app.example.com/settings",
    "/settings",
    "settings",
    "javascript:alert(1)//https://app.example.com/settings",
    "data:text/html,x",
    "",
    "*",
  ]
) {
  Deno.test(`${JSON.stringify(given)} is rejected as a return URL`, () => {
    const error = assertThrows(() => requireReturnUrl(given, settings), ApiError);
    assertEquals([error.status, error.code], [400, "INVALID_INPUT"]);
    assertStringIncludes(error.message, '"return_url"');
  });
}

Deno.test("CONNECT_RETURN_URLS is named when it is missing", () => {
  const none = withValues({ CONNECT_RETURN_URLS: "" });
  const error = assertThrows(() => requireReturnUrl(RETURN_URL, none), ApiError);
  assertEquals([error.status, error.code], [500, "INTERNAL_ERROR"]);
  assertStringIncludes(error.message, "CONNECT_RETURN_URLS");
});
