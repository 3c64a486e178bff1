/** An app's folder, for one test. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const LOCAL = fileURLToPath(new URL("../../.local/", import.meta.url));

/** The folder of an app. Disposing it removes it. */
export interface AppFiles extends Disposable {
  root: string;
  /** Reads a file; undefined when it is missing. */
  read(path: string): string | undefined;
}

/** Creates a folder with these files, by their paths. */
export function createAppFiles(files: Record<string, string> = {}): AppFiles {
  Deno.mkdirSync(LOCAL, { recursive: true });
  const root = Deno.makeTempDirSync({ dir: LOCAL, prefix: "app-" });
  for (const [path, text] of Object.entries(files)) {
    Deno.mkdirSync(join(root, dirname(path)), { recursive: true });
    Deno.writeTextFileSync(join(root, path), text);
  }
  return {
    root,
    read(path) {
      try {
        return Deno.readTextFileSync(join(root, path));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw error;
      }
    },
    [Symbol.dispose]: () => Deno.removeSync(root, { recursive: true }),
  };
}
