/** The tasks of an app, each with its packages and its permissions. */
import { join } from "node:path";
import { settingNames } from "../../shared/settings.ts";
import { type App, LIBRARY } from "../app.ts";
import { serve } from "../serve.ts";
import { installPackages } from "./packages.ts";
import type { Tasks } from "./tasks.ts";

const ENVIRONMENT = `--allow-env=${settingNames.join()}`;

/** The tasks by name. */
export const appTasks: Tasks = {
  serve: ({ app, options }) => serve(app, options),

  start: async ({ app, options, run }) =>
    await run([
      ...["run", ...await installPackages("start", app)],
      ...["--allow-net", allowRead(app), ENVIRONMENT, toPath("start.ts"), ...options],
    ]),

  build: async ({ app, options, run }) =>
    await run([
      ...["run", ...await installPackages("build", app), "--allow-read", "--allow-env"],
      ...["--allow-run", `--allow-write=${[app.buildFolder, app.localFolder].join()}`],
      ...[toPath("build.ts"), ...options],
    ]),

  deploy: async ({ app, options, run }) =>
    await run([
      ...["run", ...await installPackages("build", app), "--allow-net", "--allow-read"],
      ...["--allow-env", "--allow-run", `--allow-write=${app.localFolder}`],
      ...[toPath("deploy.ts"), ...options],
    ]),

  doctor: async ({ app, run }) =>
    await run([
      ...["run", ...await installPackages("build", app), "--allow-net", "--allow-read"],
      ...["--allow-env", "--allow-run", `--allow-write=${app.localFolder}`, toPath("doctor.ts")],
    ]),

  test: async ({ app, options, run }) =>
    await run([
      ...["test", "--no-check", ...await installPackages("serve", app), "--allow-net=127.0.0.1"],
      ...[allowRead(app), `--allow-write=${app.localFolder}`, "--allow-env"],
      `--preload=${toPath("prompts/install.ts")}`,
      ...options.length > 0 ? options : [app.functionsFolder],
    ]),
};

function allowRead({ root }: App): string {
  return `--allow-read=${[...new Set([root, LIBRARY])].join()}`;
}

function toPath(program: string): string {
  return join(LIBRARY, "tools", program);
}
