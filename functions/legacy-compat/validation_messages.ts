/** What the deprecated proxy said about an invalid field, which was the wording of zod 3. */
import type { RawIssue } from "../../shared/http/validation_messages.ts";

/** An issue of a schema with the value that it is about. */
type Issue = Omit<RawIssue, "origin"> & { input?: unknown; inclusive?: boolean };

/** Describes an issue of one of this folder's schemas. */
export function toLegacyMessage(issue: Issue): string {
  const { code, input, values = [], minimum, maximum, message } = issue;
  switch (code) {
    case "invalid_type":
      return toTypeMessage(toExpected(issue), input);
    case "invalid_value":
      return toChoiceMessage(values, input);
    case "too_small":
      return `Number must be greater than ${issue.inclusive ? "or equal to " : ""}${minimum}`;
    case "too_big":
      return `Number must be less than or equal to ${maximum}`;
    case "custom":
      return String(message);
    default:
      return "Invalid input";
  }
}

function toTypeMessage(expected: string, input: unknown): string {
  return input === undefined ? "Required" : `Expected ${expected}, received ${toType(input)}`;
}

function toExpected({ expected }: Issue): string {
  return expected === "record" ? "object" : expected!;
}

function toChoiceMessage(values: unknown[], input: unknown): string {
  if (values.length === 1) return `Invalid literal value, expected ${JSON.stringify(values[0])}`;
  const choice = values.map((value) => `'${value}'`).join(" | ");
  if (typeof input !== "string") return toTypeMessage(choice, input);
  return `Invalid enum value. Expected ${choice}, received '${input}'`;
}

function toType(value: unknown): string {
  if (value === null) return "null";
  if (value === Infinity || value === -Infinity) return "infinity"; // JSON's 1e400
  return Array.isArray(value) ? "array" : typeof value;
}
