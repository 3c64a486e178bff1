/** The interface of the host that runs deployed functions. */

/** All functions of a project. */
export interface FunctionProject {
  /** The code of all active functions, by slug. */
  functions: Record<string, string>;
  /** Visible to every function. */
  secrets: Record<string, string>;
}

/** The result of a deployment on InsForge cloud. The logs are present after a failure. */
export interface Deployment {
  id: string;
  status: "success" | "failed";
  url: string | null;
  buildLogs?: string[];
}

/** Where deployed functions run. */
export interface FunctionHost {
  /** The URL of the functions' own host. Self-hosted InsForge has none. */
  url(): string | null;
  /**
   * Replaces the running functions by these, or reports why it does not.
   *
   * @returns null on self-hosted InsForge, which reads code only when it is called.
   */
  deploy(project: FunctionProject): Promise<Deployment | null>;
  run(slug: string, request: Request): Promise<Response>;
  close(): Promise<void>;
}
