/** What every panel works with, and what it gives in return. */
import type { AiClient } from "../mod.ts";
import type { ApiRequest } from "./api_request.ts";
import type { ModelEntry } from "./catalogue.ts";
import type { Session } from "./session.ts";
import type { Setup } from "./setup.ts";
import type { Spending } from "./spending.ts";
import type { Watcher } from "./tapped_fetch.ts";

/** The page around the panels. */
export interface Workbench {
  setup: Setup;
  session: Session;
  functionsUrl: string;
  spending: Spending;
  /** The models that are known so far. */
  models: () => ModelEntry[];
  /** A client whose streams the inspector shows, and to `watchers` beside. */
  createClient(...watchers: Watcher[]): AiClient;
}

/** One tab's contents. */
export interface Panel {
  /** The requests that the panel would send now. */
  requests(): ApiRequest[];
  /** Called when the panel comes into view. */
  show?(): void;
  /** Ends what is under way; false where nothing is. */
  stop?(): boolean;
  /** Forgets everything of the user who has signed out. */
  clear(): void;
}
