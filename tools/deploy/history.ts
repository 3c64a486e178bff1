/** Keeps on this machine the code that each deploy replaced, for `--rollback`. */
import { dirname, join } from "node:path";
import type { Definition } from "./project.ts";

const KEPT_RUNS = 10;

/** A function as it was before one deploy. */
export interface Kept {
  slug: string;
  /** `null` when the deploy created the function. */
  previous: Definition | null;
  /** The file that holds it. */
  path: string;
}

/**
 * The previous code of one project's functions. Each deploy has a folder, which is empty when the
 * deploy changed nothing or put everything back. The files hold code, and never a key.
 */
export class History {
  readonly #folder: string;
  readonly #run: string;

  /**
   * @param folder the folder for the histories of all projects.
   * @param project the URL of this project.
   * @param startedAt the start of this deploy, in milliseconds since 1970; it becomes the name of the
   *   deploy's folder.
   */
  constructor(folder: string, project: string, startedAt: number) {
    const { host, pathname } = new URL(project);
    const place = host + pathname.replace(/\/+$/, "");
    this.#folder = join(folder, place.replace(/[^\w.-]+/g, "_"));
    this.#run = new Date(startedAt).toISOString().replace(/\D/g, "");
  }

  /** Makes this deploy the latest one, and forgets deploys that are old or changed nothing. */
  async begin(): Promise<void> {
    let kept = 1;
    for (const run of await listNames(this.#folder)) {
      const isEmpty = (await listNames(join(this.#folder, run))).length === 0;
      if (!isEmpty && ++kept <= KEPT_RUNS) continue;
      await Deno.remove(join(this.#folder, run), { recursive: true });
    }
    await Deno.mkdir(join(this.#folder, this.#run), { recursive: true });
  }

  /** Keeps a function as it is, before this deploy changes it. */
  async keep(slug: string, previous: Definition | undefined): Promise<Kept> {
    const path = join(this.#folder, this.#run, `${slug}.json`);
    const { name, description, code } = previous ?? {};
    const kept = previous ? { name, description, code } : null;
    await Deno.writeTextFile(path, JSON.stringify(kept, null, 2), { mode: 0o600 });
    return { slug, previous: previous ?? null, path };
  }

  /**
   * Reads what the latest deploy changed; nothing when it changed nothing. With slugs, reads what was
   * kept last of each of them, by whichever deploy.
   */
  async readLatest(slugs: string[]): Promise<Kept[]> {
    const runs = await listNames(this.#folder);
    const found = new Map<string, Kept>();
    for (const run of slugs.length > 0 ? runs : runs.slice(0, 1)) {
      for (const file of await listNames(join(this.#folder, run))) {
        const slug = file.replace(/\.json$/, "");
        if (found.has(slug) || (slugs.length > 0 && !slugs.includes(slug))) continue;
        const path = join(this.#folder, run, file);
        found.set(slug, { slug, previous: JSON.parse(await Deno.readTextFile(path)), path });
      }
    }
    return [...found.values()].sort((a, b) => a.slug < b.slug ? -1 : 1);
  }

  /** Forgets a function that this deploy has put back; the deploy stays the latest one. */
  async forget({ path }: Kept): Promise<void> {
    await Deno.remove(path);
  }

  /** Forgets a function that was rolled back, and its deploy when nothing else is kept of it. */
  async forgetRolledBack(kept: Kept): Promise<void> {
    await this.forget(kept);
    const folder = dirname(kept.path);
    if ((await listNames(folder)).length === 0) await Deno.remove(folder);
  }
}

/** Returns the names in a folder, the newest deploy first; none when the folder does not exist. */
async function listNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort().reverse();
}
