import { assertEquals } from "@std/assert";
import { findProjectKey, type ProjectKey } from "../../../shared/auth/project_keys.ts";
import type { Call } from "../../../shared/http/call.ts";
import { createSettings } from "../../../shared/settings.ts";
import { TOKEN } from "../../support/caller.ts";

const KEYS: Record<string, string> = { API_KEY: "ik_right", ANON_KEY: "anon_right" };

for (
  const [headers, found] of [
    [{ Authorization: "Bearer ik_right" }, { name: "API_KEY", isRight: true }],
    [{ Authorization: "Bearer ik_wrong" }, { name: "API_KEY", isRight: false }],
    [{ "x-api-key": "ik_right", Authorization: `Bearer ${TOKEN}` }, {
      name: "API_KEY",
      isRight: true,
    }],
    [{ "x-api-key": "right", Authorization: "Bearer ik_right" }, {
      name: "API_KEY",
      isRight: true,
    }],
    [{ "x-api-key": "anon_right" }, { name: "API_KEY", isRight: false }],
    [{ Authorization: "Bearer anon_right" }, { name: "ANON_KEY", isRight: true }],
    [{ Authorization: "Bearer anon_" }, { name: "ANON_KEY", isRight: false }],
    [{ Authorization: `Bearer ${TOKEN}` }, undefined],
    [{ Authorization: "ik_right", "x-api-key": "" }, undefined],
    [{}, undefined],
  ] as [Record<string, string>, ProjectKey | undefined][]
) {
  const kind = Object.entries(headers).map(([name, value]) => `${name}: ${value.slice(0, 16)}`);
  Deno.test(`finds ${found?.name ?? "no project key"} in "${kind.join(", ")}"`, async () => {
    const settings = createSettings({ get: (name) => KEYS[name] });
    const request = new Request("http://functions.test/", { headers });
    assertEquals(await findProjectKey({ request, settings } as Call), found);
    const none = createSettings({ get: () => undefined });
    const unset = await findProjectKey({ request, settings: none } as Call);
    assertEquals(unset, found && { ...found, isRight: false });
  });
}
