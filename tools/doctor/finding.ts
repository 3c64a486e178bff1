/** What the doctor finds. */

/** One thing that was checked. */
export interface Finding {
  /** `fail` breaks something, `note` may be as it should be. */
  level: "ok" | "note" | "fail";
  /** What was checked, in one or two words. */
  subject: string;
  /** What was found and, unless it is `ok`, what to do. */
  text: string;
  /** What a deployment needs and the app does not have, such as "a project". */
  needs?: string;
}
