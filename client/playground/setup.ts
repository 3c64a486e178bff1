/** The settings that the server sends to the page. */

/** The body of `GET /playground.json`. */
export interface Setup {
  insforgeUrl: string;
  /** Whether models are simulated; requests may then ask for failures by the field `simulate`. */
  isSimulated: boolean;
  /** Users who can sign in with one click; empty with a real InsForge. */
  demoUsers: DemoUser[];
  /** The functions that are served. */
  slugs: string[];
}

/** A demo user, whose password is public. */
export interface DemoUser {
  name: string;
  email: string;
  password: string;
}

/** Reads the settings from the server. */
export async function readSetup(): Promise<Setup> {
  const response = await fetch("/playground.json");
  if (!response.ok) throw new Error(`The server responded with status ${response.status}`);
  return await response.json();
}
