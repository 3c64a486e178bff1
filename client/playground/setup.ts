/** What the server tells the page when it starts. */

/** Where everything is on this machine, as `GET /playground.json` has it. */
export interface Setup {
  insforgeUrl: string;
  /** Whether errors can be asked for, by the field `simulate` of a request. */
  isSimulated: boolean;
  /** Who can sign in with one click; nobody where InsForge is the real one. */
  demoUsers: DemoUser[];
  /** The functions that are served. */
  slugs: string[];
}

/** A user whose password everybody knows. */
export interface DemoUser {
  name: string;
  email: string;
  password: string;
}

/** Asks the server where everything is. */
export async function readSetup(): Promise<Setup> {
  const response = await fetch("/playground.json");
  if (!response.ok) throw new Error(`The server answered with status ${response.status}`);
  return await response.json();
}
