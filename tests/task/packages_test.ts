/** Several processes of one app that start at the same time share one installation of packages. */
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { LIBRARY } from "../../tools/app.ts";
import { createApp } from "../app/app_folder.ts";

Deno.test("installs packages once when three processes start at the same time", async () => {
  await using app = await createApp({});
  const install = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-config", join(LIBRARY, "tools/task/packages.ts"), "start"],
    cwd: app.path,
    env: { NO_COLOR: "1" },
    stdin: "null",
  });
  const results = await Promise.all(Array.from({ length: 3 }, () => install.output()));
  const output = results.map(({ stderr }) => new TextDecoder().decode(stderr)).join("");
  assertEquals([results.map(({ code }) => code), output], [
    [0, 0, 0],
    'Downloading the packages of "start", once\n',
  ]);
});
