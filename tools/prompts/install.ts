/** Gives the app's assistants to the functions of a process that loads this module first. */
import { installPrompts } from "./folder.ts";

await installPrompts();
