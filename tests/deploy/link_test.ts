/** Finding the project to deploy to, and its key. */
import { assertEquals, assertRejects } from "@std/assert";
import { DeployFailure } from "../../tools/deploy/failure.ts";
import { readLink } from "../../tools/deploy/link.ts";

const LINKED = { oss_host: "https://app.eu.insforge.app/", api_key: "ik_linked", appkey: "app" };
const HERE = { INSFORGE_BASE_URL: "https://here.test", INSFORGE_API_KEY: " ik_here " };

Deno.test("takes the project from the environment, without spaces and trailing slashes", async () => {
  assertEquals(await read(HERE), { url: "https://here.test", key: "ik_here" });
  const slashed = { ...HERE, INSFORGE_BASE_URL: "https://here.test//" };
  assertEquals((await read(slashed)).url, "https://here.test");
});

Deno.test("takes from the link file what the environment lacks", async () => {
  const url = "https://app.eu.insforge.app";
  assertEquals(await read({}, LINKED), { url, key: "ik_linked" });
  assertEquals(await read({ INSFORGE_BASE_URL: "" }, LINKED), { url, key: "ik_linked" });
  assertEquals(await read({ INSFORGE_BASE_URL: url }, LINKED), { url, key: "ik_linked" });
  assertEquals(await read({ INSFORGE_API_KEY: "ik_x" }, LINKED), { url, key: "ik_x" });
  assertEquals(await read(HERE, LINKED), { url: "https://here.test", key: "ik_here" });
});

Deno.test("does not use the link file's key for another host", async () => {
  await assertFails(
    { INSFORGE_BASE_URL: "https://other.test" },
    LINKED,
    "noKey",
    "INSFORGE_API_KEY",
  );
});

Deno.test("reports a key that is not valid in a header, without quoting it", async () => {
  const failure = "INSFORGE_API_KEY must be printable ASCII on one line";
  await assertFails({ ...HERE, INSFORGE_API_KEY: "ik_linked…" }, undefined, "noKey", failure);
  await assertFails({}, { ...LINKED, api_key: "ik_linked\nx" }, "noKey", "https://app.eu");
});

Deno.test("reports a missing project, a missing key and a broken link file, without quoting a key", async () => {
  await assertFails({}, undefined, "notLinked", "INSFORGE_BASE_URL and INSFORGE_API_KEY");
  await assertFails({ INSFORGE_BASE_URL: "https://a.test" }, undefined, "noKey", "https://a.test");
  for (
    const content of ['{"api_key": "ik_linked"', { api_key: "ik_linked" }, [], "null", "ik_linked"]
  ) {
    await assertFails({}, content, "notLinked", "holds no URL and key");
  }
  await assertFails(
    {},
    { ...LINKED, oss_host: "app.test" },
    "notLinked",
    "holds no URL and key",
  );
});

function assertFails(
  environment: Record<string, string>,
  content: unknown,
  kind: string,
  message: string,
): Promise<void> {
  return assertRejects(() => read(environment, content), DeployFailure, message).then((failure) => {
    assertEquals([failure.kind, failure.message.includes("ik_linked")], [kind, false]);
  });
}

async function read(environment: Record<string, string>, content?: unknown) {
  await Deno.mkdir(".local", { recursive: true });
  const folder = await Deno.makeTempDir({ dir: ".local" });
  try {
    const file = `${folder}/project.json`;
    if (content !== undefined) {
      await Deno.writeTextFile(
        file,
        typeof content === "string" ? content : JSON.stringify(content),
      );
    }
    return await readLink({ get: (name) => environment[name] }, file);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
