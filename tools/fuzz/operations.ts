/** The operations of all functions, as the API reference describes them. */
import { Ajv2020, type ValidateFunction } from "ajv/2020";
import type { EdgeFunction } from "../../shared/http/handler.ts";
import { loadFunction } from "../functions.ts";
import { createDocument, loadReferences } from "../reference/document.ts";
import { toPath } from "../reference/entry.ts";
import { PROMPT } from "./world.ts";

/** One operation to send requests to. */
export interface FuzzedOperation {
  /** Such as `POST /v1/images/generations`. */
  name: string;
  slug: string;
  method: string;
  /** The path below the host. */
  path: string;
  handler: EdgeFunction;
  /** Statuses that the API reference documents, that of a success included. */
  statuses: Set<number>;
  /** The media type of a success that is a file. */
  file?: string;
  /**
   * Compares a response with the API reference, down to so many levels; undefined when it is as
   * documented.
   */
  findIssue(body: unknown, maxDepth: number): string | undefined;
  /** Bodies of valid requests, among them some with many fields. */
  examples: Record<string, unknown>[];
}

const REFERENCE = "https://reference.test/";
const IMAGE = "data:image/png;base64,AAAA";

/** A request with most of the fields that functions look at. */
const CONVERSATION = {
  messages: [
    { role: "system", content: "Be brief" },
    {
      role: "user",
      content: [{ type: "text", text: PROMPT }, { type: "image_url", image_url: { url: IMAGE } }, {
        type: "file",
        file: { filename: "a.pdf", file_data: "https://elsewhere.example.com/a.pdf" },
      }],
    },
    { role: "assistant", content: null, tool_calls: [{ id: "1", type: "function" }] },
    { role: "tool", tool_call_id: "1", content: "42" },
  ],
  model: "openai/gpt-4o-mini",
  models: ["openai/gpt-4o"],
  max_tokens: 100,
  reasoning: { effort: "low" },
  tools: [
    { type: "function", function: { name: "f", parameters: { type: "object" } } },
    { type: "openrouter:web_search", parameters: { max_results: 3, max_total_results: 5 } },
  ],
  plugins: [{ id: "web", max_results: 2 }, { id: "file-parser", pdf: { engine: "native" } }],
  provider: { sort: "price", max_price: { prompt: 1, completion: 2 } },
  stop_server_tools_when: [{ type: "step_count_is", step_count: 3 }],
  modalities: ["text"],
  stream_options: { include_usage: true },
  n: 1,
};

/** Bodies beside those of the API reference, by operation. */
const MORE_EXAMPLES: Record<string, Record<string, unknown>[]> = {
  "POST /chat": [CONVERSATION, { prompt: PROMPT, stream: false }],
  "POST /stream": [CONVERSATION, { prompt: PROMPT }],
  "POST /v1/chat/completions": [CONVERSATION, { ...CONVERSATION, stream: true, user: "u" }],
  "POST /v1/responses": [
    {
      model: "openai/gpt-4o-mini",
      input: [
        { type: "message", role: "user", content: [{ type: "input_text", text: PROMPT }] },
        { type: "function_call_output", call_id: "1", output: "42" },
        { type: "input_image", image_url: IMAGE },
      ],
      tools: [{ type: "web_search_preview" }, { type: "function", name: "f" }],
      max_output_tokens: 100,
      max_tool_calls: 2,
      reasoning: { effort: "high" },
      stream: true,
    },
    { input: PROMPT },
  ],
  "POST /v1/messages": [
    {
      model: "anthropic/claude-sonnet-4.5",
      max_tokens: 2_000,
      system: [{ type: "text", text: "Be brief" }],
      messages: [
        { role: "user", content: PROMPT },
        { role: "assistant", content: [{ type: "tool_use", id: "t1", name: "f", input: {} }] },
        {
          role: "user",
          content: [{
            type: "tool_result",
            tool_use_id: "t1",
            content: [{
              type: "image",
              source: { type: "base64", media_type: "image/png", data: "AAAA" },
            }],
          }, { type: "document", source: { type: "text", data: "Hello" } }],
        },
      ],
      thinking: { type: "enabled", budget_tokens: 1_024 },
      tools: [{ name: "f", input_schema: { type: "object" } }, {
        type: "web_search_20250305",
        name: "web_search",
      }],
      metadata: { user_id: "u" },
      stream: true,
    },
  ],
  "POST /v1/embeddings": [{ input: [[1, 2], [3]], dimensions: 3 }, { input: [1, 2, 3] }],
  "POST /v1/images/edits": [
    { prompt: PROMPT, images: [{ image_url: IMAGE }], n: 2, stream: true },
  ],
  "POST /v1/completions": [{ prompt: PROMPT, stream: true, echo: true, suffix: "x" }],
  "POST /v1/images/generations": [
    { prompt: PROMPT, n: 1, size: "1024x1024", quality: "hd", response_format: "url" },
  ],
  "POST /embeddings": [{ input: ["a", "b"], dimensions: 3, encoding_format: "float" }],
  "POST /image-gen": [
    { prompt: PROMPT, images: [IMAGE], image_config: { aspect_ratio: "16:9" }, max_tokens: 9 },
    { prompt: PROMPT, n: 1, size: "2K", save: { bucket: "b", prefix: "p/" }, stream: false },
  ],
  "POST /summarize-records": [{
    table: "t",
    columns: ["a", "b"],
    filters: [
      { column: "a", op: "eq", value: 1 },
      { column: "b", op: "in", value: ["x", 2, true] },
      { column: "c", op: "is", value: null },
      { column: "d", op: "contains", value: { a: [1] } },
    ],
    order: { column: "a", ascending: false },
    limit: 10,
    instructions: PROMPT,
    max_tokens: 50,
    stream: false,
  }],
  "POST /legacy-compat/ai/chat/completion": [
    {
      model: "openai/gpt-4o-mini",
      messages: [
        { role: "user", content: PROMPT, images: [{ url: IMAGE }] },
        { role: "assistant", content: "", tool_calls: [] },
        { role: "tool", content: "42", tool_call_id: "1" },
      ],
      stream: true,
      temperature: 0.5,
      maxTokens: 100,
      webSearch: { enabled: true, maxResults: 3 },
      fileParser: { enabled: true, pdf: { engine: "native" } },
      thinking: true,
    },
    { model: "openai/gpt-4o-mini", messages: [{ role: "user", content: PROMPT }] },
  ],
  "POST /legacy-compat/ai/image/generation": [
    { model: "google/gemini-2.5-flash-image", prompt: PROMPT, images: [{ url: IMAGE }] },
  ],
};

/** Creates the comparison with the schema that the API reference has of a JSON response. */
function createCheck(
  ajv: Ajv2020,
  { slug, route, method, status }: FuzzedRequest,
): FuzzedOperation["findIssue"] {
  const path = ["paths", toPath(slug, route), method.toLowerCase()];
  const keys = [...path, "responses", String(status), "content"];
  const pointer = [...keys, "application/json", "schema"]
    .map((key) => encodeURIComponent(key.replaceAll("/", "~1"))).join("/");
  let validate: ValidateFunction | undefined;
  return (body, maxDepth) => {
    validate ??= ajv.compile({ $ref: `${REFERENCE}#/${pointer}` });
    if (validate(body)) return undefined;
    const issues = validate.errors!.filter(({ instancePath }) =>
      instancePath.split("/").length - 1 <= maxDepth
    );
    return issues.length > 0 ? ajv.errorsText(issues) : undefined;
  };
}

/** One operation as its function declares it. */
export interface FuzzedRequest extends Omit<FuzzedOperation, "statuses" | "findIssue"> {
  /** The route below the function, such as `/models/:id`. */
  route: string;
  /** The status of a success. */
  status: number;
  /** The media type of a success that is a file. */
  file?: string;
  /** Statuses of errors that the API reference documents. */
  errors: number[];
}

/** Loads every operation of every function, with at least one example each. */
export async function loadRequests(): Promise<FuzzedRequest[]> {
  const requests: FuzzedRequest[] = [];
  for (const [slug, reference] of await loadReferences()) {
    const { default: handler } = await loadFunction(slug);
    for (const [key, operation] of Object.entries(reference.operations)) {
      const { errors, examples, file, status = 200 } = operation;
      const [method = "", route = ""] = key.split(" ");
      const path = `/${slug}${route === "/" ? "" : route}`.replace(
        /:author\/:slug|:\w+(\{.*\})?/,
        "openai/gpt-4o",
      );
      const name = `${method} ${path}`;
      const good = Object.values(examples).flatMap(({ request, status = 200 }) =>
        request && status < 300 ? [request] : []
      );
      const all = [...good, ...MORE_EXAMPLES[name] ?? [], {}];
      const about = { name, slug, method, route, path, handler, status, errors, file };
      requests.push({ ...about, examples: all });
    }
  }
  return requests;
}

/** Loads every operation with the checks of the API reference, which takes some seconds to write. */
export async function loadOperations(): Promise<FuzzedOperation[]> {
  const document = await createDocument();
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema({ $id: REFERENCE, ...document });
  return (await loadRequests()).map((request) => ({
    ...request,
    statuses: new Set([request.status, ...request.errors]),
    findIssue: createCheck(ajv, request),
  }));
}
