/** Where deployed functions run, as the embedded InsForge sees it. */

/** Everything a project's functions consist of. */
export interface FunctionProject {
  /** The code of all active functions, by slug. */
  functions: Record<string, string>;
  /** Every function sees all of them. */
  secrets: Record<string, string>;
}

/** What InsForge cloud says about a revision of all functions; the logs come with a failure. */
export interface Deployment {
  id: string;
  status: "success" | "failed";
  url: string | null;
  buildLogs?: string[];
}

/** Where deployed functions run. */
export interface FunctionHost {
  /** The functions' own address, once it is known; self-hosted InsForge has none. */
  url(): string | null;
  /**
   * Makes exactly these functions the running ones, or leaves those that run and says why not.
   *
   * @returns nothing where, as on self-hosted InsForge, code is looked at only when it is called.
   */
  deploy(project: FunctionProject): Promise<Deployment | null>;
  run(slug: string, request: Request): Promise<Response>;
  close(): Promise<void>;
}
