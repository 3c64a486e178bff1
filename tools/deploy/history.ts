/** The code that functions had before each deploy, kept on this machine for `--rollback`. */
import { dirname, join } from "node:path";
import type { Definition } from "./project.ts";

const KEPT_RUNS = 10;

/** What a function was before one run. */
export interface Kept {
  slug: string;
  /** Nothing where the function was not there. */
  previous: Definition | null;
  /** The file it is kept in. */
  path: string;
}

/** The previous code of one project's functions; its files hold code, never a key. */
export class History {
  readonly #folder: string;
  readonly #run: string;

  /**
   * @param folder the history of all projects.
   * @param project the address of this one.
   * @param startedAt names this run, in milliseconds since 1970.
   */
  constructor(folder: string, project: string, startedAt: number) {
    const { host, pathname } = new URL(project);
    const place = host + pathname.replace(/\/+$/, "");
    this.#folder = join(folder, place.replace(/[^\w.-]+/g, "_"));
    this.#run = new Date(startedAt).toISOString().replace(/\D/g, "");
  }

  /** Keeps what a function is now, before this run changes it. */
  async keep(slug: string, previous: Definition | undefined): Promise<Kept> {
    const path = join(this.#folder, this.#run, `${slug}.json`);
    await Deno.mkdir(dirname(path), { recursive: true });
    const { name, description, code } = previous ?? {};
    const kept = previous ? { name, description, code } : null;
    await Deno.writeTextFile(path, JSON.stringify(kept, null, 2), { mode: 0o600 });
    for (const run of (await listNames(this.#folder)).slice(KEPT_RUNS)) {
      await Deno.remove(join(this.#folder, run), { recursive: true });
    }
    return { slug, previous: previous ?? null, path };
  }

  /** What was kept of these functions last; without slugs, everything that the latest run changed. */
  async readLatest(slugs: string[]): Promise<Kept[]> {
    const found = new Map<string, Kept>();
    for (const run of await listNames(this.#folder)) {
      const files = await listNames(join(this.#folder, run));
      for (const slug of files.map((file) => file.replace(/\.json$/, ""))) {
        if (found.has(slug) || (slugs.length > 0 && !slugs.includes(slug))) continue;
        const path = join(this.#folder, run, `${slug}.json`);
        found.set(slug, { slug, previous: JSON.parse(await Deno.readTextFile(path)), path });
      }
      if (slugs.length === 0 && found.size > 0) break;
    }
    return [...found.values()].sort((a, b) => a.slug < b.slug ? -1 : 1);
  }

  /** Forgets what has been put back. */
  async forget({ path }: Kept): Promise<void> {
    await Deno.remove(path);
    if ((await listNames(dirname(path))).length === 0) await Deno.remove(dirname(path));
  }
}

/** What stands in a folder, newest run first; nothing when there is no such folder. */
async function listNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort().reverse();
}
