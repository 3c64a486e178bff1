/**
 * Runs a task with the packages and the permissions that it needs: `tools/task.ts serve --watch`. The
 * working folder is the app. `deno task` and the command `insforge-ai` call this program. See
 * `tools/app.ts`.
 */
import { isLibrary, openApp } from "./app.ts";
import { appTasks } from "./task/app_tasks.ts";
import { runDeno } from "./task/deno.ts";
import type { Tasks } from "./task/tasks.ts";

const [name = "", ...options] = Deno.args;

try {
  const app = openApp();
  const tasks = await listTasks(app.root);
  const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
  if (!task) {
    throw new Error(
      `Unknown task "${name}"; the tasks are ${Object.keys(tasks).sort().join(", ")}`,
    );
  }
  Deno.exitCode = await task({ app, options, run: runDeno });
} catch (error) {
  console.error((error as Error).message);
  Deno.exitCode = 1;
}
// A listener for signals would keep the process alive.
Deno.exit();

async function listTasks(root: string): Promise<Tasks> {
  if (!isLibrary(root)) return appTasks;
  // An app does not have these modules.
  const { repositoryTasks } = await import("./task/repository_tasks.ts");
  return { ...appTasks, ...repositoryTasks };
}
