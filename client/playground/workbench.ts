/** What every panel gets, and what it provides. */
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
  /** The models of the catalogue; empty until it is read. */
  models: () => ModelEntry[];
  /** Creates a client whose traffic goes to the inspector and to `watchers`. */
  createClient(...watchers: Watcher[]): AiClient;
}

/** The contents of one tab. */
export interface Panel {
  /** The requests to show: those that were sent, or would be sent now. */
  requests(): ApiRequest[];
  /** Called when the tab is opened. */
  show?(): void;
  /** Stops the running call; returns false when there is none. */
  stop?(): boolean;
  /** Clears everything after the user has signed out. */
  clear(): void;
}
