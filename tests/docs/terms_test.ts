/**
 * One word per concept, the field's own, in comments, messages, test titles and pages. The list is
 * short on purpose: it names what was read wrongly before, not what good prose is.
 */
import { assert, assertEquals } from "@std/assert";
import { listProse, type Prose } from "./prose.ts";

/** What not to write, and what to write instead. Code spans are left out: they quote names. */
const TERMS: [pattern: RegExp, instead: string][] = [
  // Mail, network interfaces and memory have addresses, a browser has an address bar; a resource has a URL.
  [
    /(?<!\b(?:e-?mail|ip|ipv[46]|network|loopback|unspecified|memory|socket|postal) )\baddress(?:es)?\b(?! bar| of this machine| it is bound)/,
    "URL",
  ],
  // A model answers; a server responds.
  [/\b(?:json|http) answers?\b|\banswers? with status\b/, "response"],
  [/\blimits? (?:of|on|for) (?:\w+ )?tokens\b/, "token limit, or output limit"],
  // "There is no table" and "is no longer than" are plain English; "it is no table" is not.
  [/(?<!\bthere )\b(?:is|are) no (?!longer\b|more\b|higher\b)/, '"is not a", "does not"'],
  // A request may well name no model.
  [
    /\b(?:takes?|names?|gives?) none\b|\bnames no (?!model\b)/,
    '"does not accept", "does not exist"',
  ],
  [/\b(?:whoever|nobody|somebody)\b/, "the caller, the user, the developer, the operator"],
  [
    /\b(?:callers?|clients?|browsers?|users?|readers?|who) (?:has |have |had |is |was |are )?(?:left|leaves?|gone|goes away|went)\b/,
    '"the connection was closed", "the request was aborted"',
  ],
  [/\b(?:break|breaks|broke|broken|breaking) off\b/, '"was cut", "was aborted"'],
  [/\bunder way\b/, "in flight, in progress"],
  [/\btold\b/, "settings, an environment variable, or the verb that fits"],
];

/** Not checked here, with the reason. */
const EXEMPT = [
  "tests/docs/terms_test.ts", // quotes the terms
  "tools/local/insforge/demo/scenarios.ts", // letters of made-up customers, who have addresses
  "docs/api.md", // written from sources that are checked themselves
];

Deno.test("comments, messages, test titles and pages use the terms of the field", () => {
  const prose = listProse().filter(({ path }) => !EXEMPT.includes(path));
  assert(prose.length > 5_000, `only ${prose.length} pieces of prose were found`);
  const found = prose.flatMap(findTerms);
  assertEquals(found, []);
});

Deno.test("a term is found in a sentence, and not where it has another meaning", () => {
  const find = (text: string) => findTerms({ path: "a.ts", line: 1, text }).length;
  for (
    const text of [
      "The address of the page",
      "A JSON answer",
      "the limit of tokens",
      "This is no table",
      "Whoever asks",
      "when the caller left",
      "a stream that broke off",
      "calls under way",
      "what a model is told",
    ]
  ) assertEquals(find(text), 1, text);
  for (
    const text of [
      "Your email address",
      "an IP address",
      "There is no such table",
      "It is no longer valid",
      "what is left of the budget",
      "The field `address` of the request",
    ]
  ) assertEquals(find(text), 0, text);
});

function findTerms({ path, line, text }: Prose): string[] {
  // A sentence may go on in the next line of a comment.
  const sentence = text.replaceAll(/`[^`\n]*`/g, "``").replaceAll(/\s+(?:\*|\/\/|--)?\s*/g, " ");
  return TERMS.flatMap(([pattern, instead]) => {
    const [term] = new RegExp(pattern, "i").exec(sentence) ?? [];
    return term === undefined ? [] : [`${path}:${line}: "${term.trim()}": write ${instead}`];
  });
}
