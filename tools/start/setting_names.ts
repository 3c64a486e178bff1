/** Prints the names of all settings, for the permission `--allow-env` of `deno task start`. */
import { settingNames } from "../../shared/settings.ts";

console.log(settingNames.join());
