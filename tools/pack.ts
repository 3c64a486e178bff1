/**
 * `deno task pack [folder]`: creates the npm package's tarball, in `dist/` by default. The task has
 * permission to write to `dist/` only.
 */
import { join } from "node:path";
import { packFolder, writePackage } from "./pack/package.ts";

const destination = Deno.args[0] ?? "dist";
const folder = join(destination, "package");

try {
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(folder, { recursive: true });
  await writePackage(folder);
  console.log(await packFolder(folder, destination));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}
