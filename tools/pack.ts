/**
 * `deno task pack [folder]`: the client as a tarball for npm, in `dist/` unless told otherwise; the
 * task may write there alone.
 */
import { join } from "node:path";
import { packFolder, writePackage } from "./pack/client_package.ts";

const destination = Deno.args[0] ?? "dist";
const folder = join(destination, "client");

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
