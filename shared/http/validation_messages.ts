/** One sentence about a field that failed validation. */

/** An issue as a schema reports it, as far as it is read here. */
export interface RawIssue {
  /** What kind of issue it is, such as `invalid_type`. */
  code?: string;
  /** Where the invalid value is; absent for the checked value itself. */
  path?: PropertyKey[];
  /** The message of a check that has one of its own. */
  message?: string;
  /** The schema or check that reported the issue. */
  inst?: { _zod: { def: { error?: (issue: unknown) => unknown } } };
  /** The type that was expected. */
  expected?: string;
  /** The values that are allowed. */
  values?: unknown[];
  /** The values that select a form of a union. */
  options?: unknown[];
  /** Names of unknown fields. */
  keys?: string[];
  /** What was too small or too big: `array`, `string` or a number. */
  origin?: string;
  /** The smallest size or number that is allowed. */
  minimum?: number | bigint;
  /** The largest size or number that is allowed. */
  maximum?: number | bigint;
  /** The issues of each form of a union. */
  errors?: unknown[][];
}

/** An issue whose path is known. */
type Issue = RawIssue & { path: PropertyKey[] };

/**
 * Describes an issue in one sentence that quotes the field as the caller would write it.
 *
 * @param value the value that was checked.
 * @param issue an issue that a zod schema reported about `value`.
 * @returns for example `"messages[0].role" is required`.
 */
export function describeIssue(value: unknown, issue: RawIssue): string {
  return describe(value, { ...issue, path: issue.path ?? [] });
}

function describe(value: unknown, issue: Issue): string {
  if (issue.code === "custom" && issue.path.length === 0) return readMessage(issue);
  const field = toFieldName(issue.path);
  if (issue.code !== "custom" && readPath(value, issue.path) === undefined) {
    return `"${field}" is required`;
  }
  switch (issue.code) {
    case "invalid_type":
      return `"${field}" must be ${toKind(issue.expected!)}`;
    case "invalid_value":
      return `"${field}" must be ${toChoice(issue.values!)}`;
    case "invalid_union":
      return describeUnion(value, issue, field);
    case "too_small":
      if (issue.origin === "array") return `"${field}" must be a non-empty array`;
      if (issue.origin === "string") return `"${field}" must not be empty`;
      return `"${field}" must be ${issue.minimum} or more`;
    case "too_big":
      if (issue.origin === "array") return `"${field}" must have at most ${issue.maximum} items`;
      if (issue.origin === "string") {
        return `"${field}" must have at most ${issue.maximum} characters`;
      }
      return `"${field}" must be ${issue.maximum} or less`;
    case "unrecognized_keys":
      return `"${toFieldName([...issue.path, issue.keys![0]!])}" is not a known field`;
    default:
      return `"${field}" ${readMessage(issue)}`;
  }
}

/** The message that a check was given; issues get theirs late, because most are never shown. */
function readMessage(issue: Issue): string {
  const message = issue.message ?? issue.inst?._zod.def.error?.(issue);
  if (typeof message === "string") return message;
  return (message as { message?: string } | undefined)?.message ?? "is invalid";
}

function describeUnion(value: unknown, issue: Issue, field: string): string {
  if (issue.options) return `"${field}" must be ${toChoice(issue.options)}`;
  const all = (issue.errors as Issue[][]).flat();
  // The branch that matched deepest is the one that the caller meant.
  const [deepest] = all.toSorted((a, b) => toProgress(b) - toProgress(a));
  if (deepest && toProgress(deepest) > 0) {
    return describe(value, { ...deepest, path: [...issue.path, ...deepest.path] });
  }
  const kinds = new Set(all.flatMap(({ expected, values }) => expected ?? values ?? []));
  return `"${field}" must be ${[...kinds].map((kind) => toKind(String(kind))).join(" or ")}`;
}

/** How far into a value a check got: each level counts, and so does a level of the right type. */
function toProgress({ path, code }: Issue): number {
  return 2 * path.length + (code === "invalid_type" || code === "invalid_value" ? 0 : 1);
}

/** Own properties only: a path may end in a name that every object inherits. */
function readPath(value: unknown, path: PropertyKey[]): unknown {
  return path.reduce((at, key) => {
    const isOwn = typeof at === "object" && at !== null && Object.hasOwn(at, key);
    return isOwn ? (at as Record<PropertyKey, unknown>)[key] : undefined;
  }, value);
}

function toFieldName(path: PropertyKey[]): string {
  return path.map((key) => typeof key === "number" ? `[${key}]` : `.${String(key)}`).join("")
    .replace(/^\./, "");
}

/** Kinds whose names do not read well after "must be a". */
const KINDS = new Map([
  ["int", "a whole number"],
  ["array", "an array"],
  ["object", "an object"],
  ["record", "an object"],
  ["null", "null"],
  ["undefined", "left out"],
]);

function toKind(kind: string): string {
  return KINDS.get(kind) ?? `a ${kind}`;
}

function toChoice(values: unknown[]): string {
  const quoted = values.map((value) => JSON.stringify(value));
  return quoted.length === 1 ? quoted[0]! : `one of ${quoted.join(", ")}`;
}
