/** Which project a deploy goes to, and which key goes with it. */
import { assertEquals, assertRejects } from "@std/assert";
import { DeployFailure } from "../../tools/deploy/failure.ts";
import { readLink } from "../../tools/deploy/link.ts";

const LINKED = { oss_host: "https://app.eu.insforge.app/", api_key: "ik_linked", appkey: "app" };
const HERE = { INSFORGE_BASE_URL: "https://here.test", INSFORGE_API_KEY: " ik_here " };

Deno.test("the environment names the project, spaces and last slashes aside", async () => {
  assertEquals(await read(HERE), { url: "https://here.test", key: "ik_here" });
  const slashed = { ...HERE, INSFORGE_BASE_URL: "https://here.test//" };
  assertEquals((await read(slashed)).url, "https://here.test");
});

Deno.test("the link file names the project where the environment is silent", async () => {
  const url = "https://app.eu.insforge.app";
  assertEquals(await read({}, LINKED), { url, key: "ik_linked" });
  assertEquals(await read({ INSFORGE_BASE_URL: "" }, LINKED), { url, key: "ik_linked" });
  assertEquals(await read({ INSFORGE_BASE_URL: url }, LINKED), { url, key: "ik_linked" });
  assertEquals(await read({ INSFORGE_API_KEY: "ik_x" }, LINKED), { url, key: "ik_x" });
  assertEquals(await read(HERE, LINKED), { url: "https://here.test", key: "ik_here" });
});

Deno.test("the link file's key never goes to another host", async () => {
  await assertFails(
    { INSFORGE_BASE_URL: "https://other.test" },
    LINKED,
    "noKey",
    "INSFORGE_API_KEY",
  );
});

Deno.test("a key that no header takes is told, and not quoted", async () => {
  const failure = "INSFORGE_API_KEY must be printable ASCII on one line";
  await assertFails({ ...HERE, INSFORGE_API_KEY: "ik_linked…" }, undefined, "noKey", failure);
  await assertFails({}, { ...LINKED, api_key: "ik_linked\nx" }, "noKey", "https://app.eu");
});

Deno.test("no project, no key and a broken link file are each told, without quoting a key", async () => {
  await assertFails({}, undefined, "notLinked", "INSFORGE_BASE_URL and INSFORGE_API_KEY");
  await assertFails({ INSFORGE_BASE_URL: "https://a.test" }, undefined, "noKey", "https://a.test");
  for (
    const content of ['{"api_key": "ik_linked"', { api_key: "ik_linked" }, [], "null", "ik_linked"]
  ) {
    await assertFails({}, content, "notLinked", "holds no address and key");
  }
  await assertFails(
    {},
    { ...LINKED, oss_host: "app.test" },
    "notLinked",
    "holds no address and key",
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
