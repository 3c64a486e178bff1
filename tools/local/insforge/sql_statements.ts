/** SQL cut into its statements, without a parser: enough to name what InsForge refuses. */

/** Texts, quoted names, dollar-quoted bodies and comments: semicolons and words in them are not SQL. */
const OPAQUE = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\//g;

/** One statement as it stands, and as bare words for recognising it. */
export interface Statement {
  text: string;
  /** Lower case, single blanks, everything quoted or commented left out. */
  words: string;
}

/** Splits SQL at the semicolons between statements; empty ones are left out. */
export function splitStatements(sql: string): Statement[] {
  // Same length, so that a place in the bare text is the same place in the whole one.
  const bare = sql.replace(OPAQUE, (found) => " ".repeat(found.length));
  const ends = [...bare.matchAll(/;|$/g)].map(({ index }) => index);
  return ends.map((end, i) => {
    const start = i === 0 ? 0 : ends[i - 1] + 1;
    const words = bare.slice(start, end).trim().toLowerCase().replace(/\s+/g, " ");
    return { text: sql.slice(start, end).trim(), words };
  }).filter(({ words }) => words !== "");
}

const REFUSED: [statement: RegExp, message: string][] = [
  [/^(create|drop|alter) database\b/, "Query contains restricted operations"],
  [/^reset all\b/, "RESET ALL is not allowed."],
  [
    /^(re)?set (local |session )?(role|session authorization|session_authorization)\b/,
    "Changing SQL execution role or session authorization is not allowed.",
  ],
  [/^(re)?set (local |session )?search_path\b/, "Changing SQL search_path is not allowed."],
  [
    /^(re)?set (local |session )?statement_timeout\b/,
    "Changing SQL statement_timeout is not allowed.",
  ],
  [/^(create|alter|drop) (role|user|group)\b/, "Managing database roles is not allowed."],
  [
    /^(begin|commit|end|rollback|abort|savepoint|release|start transaction|prepare transaction)\b/,
    "Transaction control statements are not allowed.",
  ],
];

/** Why InsForge would not run this SQL as a project's administrator, or nothing. */
export function findGuardFault(sql: string): string | undefined {
  // Wherever it stands, comments and function bodies included.
  if (/\bset_config\b/i.test(sql)) return "Changing SQL session configuration is not allowed.";
  for (const { words } of splitStatements(sql)) {
    const [, message] = REFUSED.find(([pattern]) => pattern.test(words)) ?? [];
    if (message) return message;
  }
}
