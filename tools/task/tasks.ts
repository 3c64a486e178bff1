/** What a task is. */
import type { App } from "../app.ts";

/** What a task works with. */
export interface TaskContext {
  app: App;
  /** The words after the name of the task. */
  options: string[];
  /** Runs this Deno with these arguments, and returns its exit code. */
  run(args: string[]): Promise<number>;
}

/** Runs a task to its end and returns its exit code. */
export type Task = (context: TaskContext) => Promise<number>;

/** Tasks by name. */
export type Tasks = Record<string, Task>;
