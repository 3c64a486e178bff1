/** Splits SQL into statements, without a parser, and recognises those that InsForge refuses. */

/** Strings, quoted names, dollar-quoted bodies and comments. Semicolons in them end no statement. */
const OPAQUE = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\//g;

/** One statement: its text, and the words by which it is recognised. */
export interface Statement {
  text: string;
  /** In lower case with single spaces, without everything that is quoted or a comment. */
  words: string;
}

/** Splits SQL at the semicolons between statements. Empty statements are left out. */
export function splitStatements(sql: string): Statement[] {
  // Of the same length, so that positions in both texts are the same.
  const bare = sql.replace(OPAQUE, (found) => " ".repeat(found.length));
  const ends = [...bare.matchAll(/;|$/g)].map(({ index }) => index);
  return ends.map((end, i) => {
    const start = i === 0 ? 0 : ends[i - 1]! + 1;
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

/** Returns InsForge's message when it refuses to run this SQL as a project's administrator. */
export function findGuardFault(sql: string): string | undefined {
  // Everywhere, also in comments and function bodies.
  if (/\bset_config\b/i.test(sql)) return "Changing SQL session configuration is not allowed.";
  for (const { words } of splitStatements(sql)) {
    const [, message] = REFUSED.find(([pattern]) => pattern.test(words)) ?? [];
    if (message) return message;
  }
}
