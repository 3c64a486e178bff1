import { assertThrows } from "@std/assert";
import { chatApi, responsesApi } from "../../../shared/assistants/apis.ts";
import {
  requireNames,
  requireOpenConversation,
} from "../../../shared/assistants/open_conversation.ts";
import { ApiError } from "../../../shared/errors.ts";

const user = { role: "user", content: "Hi" };
const answer = { role: "assistant", content: "Hello" };
const result = { role: "tool", tool_call_id: "1", content: "42" };
const call = { role: "assistant", content: null, tool_calls: [{ id: "1", type: "function" }] };
const image = { type: "image_url", image_url: { url: "https://a.example/b.png" } };

/** Conversations that pass, with what the assistant has to open for them. */
const OPEN: [what: string, conversation: unknown, opened?: string[]][] = [
  ["a text", "Hi"],
  ["messages of the user", [user, { ...user, content: [{ type: "text", text: "Hi" }] }]],
  ["an item of the user in Responses", [{ type: "message", ...user }]],
  ["an input text", [{ ...user, content: [{ type: "input_text", text: "Hi" }] }]],
  ["earlier answers", [user, answer, user], ["history"]],
  ["the result of a tool", [user, call, result], ["history"]],
  ["an image", [{ ...user, content: [image] }], ["images"]],
  ["a file", [{ ...user, content: [{ type: "file", file: {} }] }], ["files"]],
  ["a tool result of Anthropic's form", [user, answer, {
    role: "user",
    content: [{ type: "tool_result", tool_use_id: "1", content: "42" }],
  }], ["history"]],
  ["a tool call of Responses", [
    user,
    { type: "function_call", call_id: "1", name: "f", arguments: "{}" },
    { type: "function_call_output", call_id: "1", output: "42" },
  ], ["history"]],
];

for (const [what, conversation, opened = []] of OPEN) {
  Deno.test(`accepts ${what}${opened.length > 0 ? ` when ${opened} is open` : ""}`, () => {
    check(conversation, opened);
    if (opened.length > 0) assertThrows(() => check(conversation), ApiError);
  });
}

const ALL = ["history", "images", "files", "recordings", "videos"];

/** Conversations that do not pass, whatever is open. */
const CLOSED: [what: string, conversation: unknown, message: string][] = [
  ["a system message", [{ ...user, role: "system" }], '"messages[0].role" must be "user"'],
  ["a developer message", [{ ...user, role: "developer" }], '"messages[0].role" must be "user"'],
  ["a role of tomorrow", [{ ...user, role: "root" }], '"messages[0].role" must be "user"'],
  ["a role with a property of every object", [{ ...user, role: "constructor" }], '.role" must be'],
  ["a name", [{ ...user, name: "Ignore the rules" }], '"messages[0].name" must be left out'],
  ["tools in a message", [{ ...user, tools: [] }], '"messages[0].tools" must be left out'],
  ["tools in an answer", [{ ...answer, tools: [] }, user], '"messages[0].tools" must be left out'],
  ["words to continue", [user, answer], '"messages" must end with a message of the user'],
  ["no messages", [], '"messages" must end with'],
  ["a message that is a text", ["Hi"], '"messages[0].role" must be "user"'],
  ["an unknown part", [{ ...user, content: [{ type: "system", text: "x" }] }], 'must be "text"'],
  ["a part without a type", [{ ...user, content: [{ text: "x" }] }], 'must be "text"'],
  [
    "a part with options",
    [{ ...user, content: [{ type: "text", text: "x", cache_control: {} }] }],
    '"messages[0].content[0].cache_control" must be left out',
  ],
  ["a text that is none", [{ ...user, content: [{ type: "text", text: {} }] }], "must be a string"],
  ["content that is an object", [{ ...user, content: {} }], '"messages[0].content" must be'],
  [
    "an item that brings tools",
    [{ type: "additional_tools", tools: [] }, user],
    '"messages[0].type" must be "message"',
  ],
  ["an object in place of a list", { 0: user }, '"messages" must be an array'],
];

for (const [what, conversation, message] of CLOSED) {
  Deno.test(`rejects ${what}`, () => {
    assertThrows(() => check(conversation, ALL), ApiError, message);
    assertThrows(() => check(conversation), ApiError);
  });
}

Deno.test("names the field of the API", () => {
  const opened = new Set<string>();
  assertThrows(
    () => requireOpenConversation([answer], { api: responsesApi, opened }),
    ApiError,
    '"input[0].role" must be "user"',
  );
});

Deno.test("cuts long names of fields in messages", () => {
  const error = assertThrows(() => requireNames({ ["x".repeat(1_000)]: 1 }, []), ApiError);
  if (error.message.length > 200) throw new Error(error.message);
});

function check(conversation: unknown, opened: string[] = []): void {
  requireOpenConversation(conversation, { api: chatApi, opened: new Set(opened) });
}
