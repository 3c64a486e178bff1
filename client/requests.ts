/**
 * The request bodies that the functions accept, as types.
 *
 * They name every known field and have no index signature. A misspelt field in an object literal is
 * therefore a compile error, and an app's own `interface` can be passed as it is. A field that these
 * types do not know yet still reaches OpenRouter: put the request into a variable first, because
 * TypeScript checks for unknown fields only where a literal is passed directly.
 */

/** Marks the end of a prompt prefix that the provider caches. */
export interface CacheControl {
  /** Always `ephemeral`. */
  type: "ephemeral";
  /** How long the prefix stays cached; 5 minutes when missing. */
  ttl?: "5m" | "1h" | undefined;
}

/** One part of a message's content. */
export type ContentPart =
  | { type: "text"; text: string; cache_control?: CacheControl | undefined }
  /** `url` is an http(s) URL or a data URL. */
  | {
    type: "image_url";
    image_url: { url: string; detail?: "auto" | "low" | "high" | "original" | undefined };
    cache_control?: CacheControl | undefined;
  }
  /** `data` is base64 without a data URL prefix. */
  | { type: "input_audio"; input_audio: { data: string; format: string } }
  | { type: "video_url"; video_url: { url: string } }
  /** `file_data` is a data URL or an http(s) URL. */
  | {
    type: "file";
    file: {
      filename?: string | undefined;
      file_data?: string | undefined;
      file_id?: string | undefined;
    };
  }
  | { type: "refusal"; refusal: string };

/** A tool call of an assistant message, as it is sent back to the model. */
export type MessageToolCall =
  | { id: string; type: "function"; function: { name: string; arguments: string } }
  | { id: string; type: "custom"; custom: { name: string; input: string } };

/**
 * One message of a conversation. OpenAI's `ChatCompletionMessageParam` is assignable to it.
 *
 * @example
 * ```ts
 * const messages: ChatMessage[] = [
 *   { role: "system", content: "Answer in one sentence." },
 *   { role: "user", content: [{ type: "text", text: "What is row-level security?" }] },
 * ];
 * const { text } = await ai.chat({ messages });
 * ```
 */
export type ChatMessage =
  | {
    role: "system" | "developer" | "user";
    content: string | readonly ContentPart[];
    name?: string | undefined;
  }
  | {
    role: "assistant";
    /** May be missing when the message has tool calls. */
    content?: string | readonly ContentPart[] | null | undefined;
    name?: string | undefined;
    tool_calls?: readonly MessageToolCall[] | undefined;
    refusal?: string | null | undefined;
    reasoning?: string | null | undefined;
    /** As received from the model: unchanged and in order. */
    reasoning_details?: readonly unknown[] | undefined;
    annotations?: readonly unknown[] | undefined;
    images?: readonly unknown[] | undefined;
    audio?: { id: string } | null | undefined;
    function_call?: { name: string; arguments: string } | null | undefined;
  }
  | {
    role: "tool";
    content: string | readonly ContentPart[];
    /** The `id` of the tool call that this message answers. */
    tool_call_id: string;
  }
  /** OpenAI's deprecated form of a tool result. New code uses the role `tool`. */
  | { role: "function"; name: string; content: string | null };

/**
 * A tool that the model may call. OpenAI's `ChatCompletionTool` is assignable to it.
 *
 * Types that begin with `openrouter:` or `web_search` are run by OpenRouter itself.
 *
 * @example
 * ```ts
 * const weather: Tool = {
 *   type: "function",
 *   function: {
 *     name: "get_weather",
 *     description: "The weather in a city",
 *     parameters: { type: "object", properties: { city: { type: "string" } } },
 *   },
 * };
 * for await (const part of ai.stream({ prompt: "Weather in Rome?", tools: [weather] })) {
 *   if (part.type === "tool-call") console.log(part.name, JSON.parse(part.arguments));
 * }
 * ```
 */
export type Tool =
  | {
    type: "function";
    function: {
      name: string;
      description?: string | undefined;
      /** A JSON Schema. */
      parameters?: object | undefined;
      strict?: boolean | null | undefined;
    };
    cache_control?: CacheControl | undefined;
  }
  | {
    type: "custom";
    custom: { name: string; description?: string | undefined; format?: object | undefined };
  }
  | { type: `openrouter:${string}` | `web_search${string}`; parameters?: object | undefined };

/** Which tool the model has to call, if any. */
export type ToolChoice =
  | "none"
  | "auto"
  | "required"
  | { type: "function"; function: { name: string } }
  | { type: "custom"; custom: { name: string } }
  | { type: "allowed_tools"; allowed_tools: object }
  | { type: `openrouter:${string}` };

/** The form that the model has to answer in. */
export type ResponseFormat =
  | { type: "text" | "json_object" | "python" }
  | {
    type: "json_schema";
    json_schema: {
      /** At most 64 characters. */
      name: string;
      description?: string | undefined;
      schema?: object | undefined;
      strict?: boolean | null | undefined;
    };
  }
  | { type: "grammar"; grammar: string };

/** How hard a reasoning model thinks. */
export type ReasoningEffort = "max" | "xhigh" | "high" | "medium" | "low" | "minimal" | "none";

/**
 * OpenRouter's parameters for text, the same in all functions that ask a chat model.
 *
 * @see https://openrouter.ai/docs/api-reference/chat-completion
 */
export interface ModelOptions {
  /** An id of OpenRouter's catalogue. The app's default model when missing. */
  model?: string | null | undefined;
  /** Fallback models, tried in this order after `model`. */
  models?: readonly string[] | undefined;
  /** Output limit in tokens. The app may allow fewer. */
  max_tokens?: number | null | undefined;
  /** OpenAI's newer name of `max_tokens`. */
  max_completion_tokens?: number | null | undefined;
  /** Randomness, from 0 to 2. */
  temperature?: number | null | undefined;
  /** Samples only from the most likely tokens of this total probability, 0 to 1. */
  top_p?: number | null | undefined;
  /** Samples only from this many of the most likely tokens. */
  top_k?: number | null | undefined;
  /** Samples only from tokens with enough probability compared to the likeliest, 0 to 1. */
  top_a?: number | null | undefined;
  /** Smallest probability of a token relative to the likeliest, 0 to 1. */
  min_p?: number | null | undefined;
  /** Penalty for tokens by how often they occurred, -2 to 2. */
  frequency_penalty?: number | null | undefined;
  /** Penalty for tokens that occurred at all, -2 to 2. */
  presence_penalty?: number | null | undefined;
  /** Penalty for tokens that repeat the prompt, above 0 to 2. */
  repetition_penalty?: number | null | undefined;
  /** Makes sampling repeatable where the provider supports it. */
  seed?: number | null | undefined;
  /** Texts that end the answer, up to 4. */
  stop?: string | readonly string[] | null | undefined;
  /** Bias from -100 to 100 by token id. */
  logit_bias?: Record<string, number> | null | undefined;
  /** Whether to return log probabilities. */
  logprobs?: boolean | null | undefined;
  /** How many of the likeliest tokens to return per position, 0 to 20. */
  top_logprobs?: number | null | undefined;
  /** The form that the model has to answer in. */
  response_format?: ResponseFormat | undefined;
  /** Text that the answer will probably contain. */
  prediction?: object | null | undefined;
  /** How much the model reasons before it answers. */
  reasoning?:
    | {
      effort?: ReasoningEffort | null | undefined;
      max_tokens?: number | null | undefined;
      exclude?: boolean | null | undefined;
      enabled?: boolean | null | undefined;
      summary?: string | null | undefined;
    }
    | null
    | undefined;
  /** Short form of `reasoning.effort`. */
  reasoning_effort?: ReasoningEffort | null | undefined;
  /** Older switch for the text of the reasoning. */
  include_reasoning?: boolean | undefined;
  /** How long the answer should be, such as `low`. */
  verbosity?: string | null | undefined;
  /** Which providers may answer, and in which order. */
  provider?: object | null | undefined;
  /** OpenRouter plugins, each with an `id`. */
  plugins?: readonly object[] | undefined;
  /** Older form of the plugin `context-compression`. */
  transforms?: readonly string[] | undefined;
  /** Deprecated; use `models`. */
  route?: string | null | undefined;
  /** A preset stored at OpenRouter. */
  preset?: string | undefined;
  /** Price and speed class at the provider. */
  service_tier?: string | null | undefined;
  /** Places cache breakpoints automatically, for Anthropic models. */
  cache_control?: CacheControl | undefined;
  /** Groups requests that share a prompt prefix. */
  prompt_cache_key?: string | null | undefined;
  /** Cache options of newer OpenAI models. */
  prompt_cache_options?: object | undefined;
  /** Groups requests of one session, at most 256 characters. */
  session_id?: string | undefined;
  /** Names for observability tools. */
  trace?: object | undefined;
  /** Up to 16 texts that OpenRouter stores with the generation. */
  metadata?: Record<string, string> | null | undefined;
  /** Replaced by an id that the functions derive from the signed-in user. */
  user?: string | undefined;
  /** OpenRouter debug options, for streams only. */
  debug?: object | undefined;
  /** Without effect: usage is always reported. */
  usage?: object | undefined;
  /** Whether the provider has to enforce the response format. */
  structured_outputs?: boolean | undefined;
}

/** A chat request without its prompt or messages. */
export interface ChatOptions extends ModelOptions {
  /** The name of one of the app's assistants, whose prompt is kept on the server. */
  assistant?: string | null | undefined;
  /** The values of the assistant's variables. */
  variables?: object | null | undefined;
  /** Tools that the model may call. */
  tools?: readonly Tool[] | undefined;
  /** Which tool the model has to call, if any. */
  tool_choice?: ToolChoice | undefined;
  /** Whether the model may call several tools at once. */
  parallel_tool_calls?: boolean | null | undefined;
  /** Most calls of tools that OpenRouter runs itself, up to 30. */
  max_tool_calls?: number | undefined;
  /** Conditions that end the loop of tools that OpenRouter runs itself. */
  stop_server_tools_when?: readonly object[] | undefined;
  /** Options of web search models. */
  web_search_options?: object | undefined;
  /** What the model should produce. */
  modalities?: readonly ("text" | "image" | "audio")[] | null | undefined;
  /** Options for image output, such as `aspect_ratio`. */
  image_config?: object | undefined;
  /** Voice and format of audio output, for streams only. */
  audio?: object | null | undefined;
  /** How many responses to generate. The client reads the first; `chat` accepts only 1. */
  n?: number | null | undefined;
  /** Set by the client's methods; it need not be given. */
  stream?: boolean | null | undefined;
  /** Without effect: usage is always reported. */
  stream_options?: object | null | undefined;
}

/**
 * A request for `chat` and `stream`: a prompt or messages, and any of OpenRouter's parameters.
 *
 * @example
 * ```ts
 * const request: ChatRequest = { prompt: "Three names for a bakery", temperature: 0.9 };
 * const { text } = await ai.chat(request);
 * ```
 */
export type ChatRequest =
  & ChatOptions
  & (
    /** Text of the user, limited in length by the app. */
    | { prompt: string; messages?: undefined }
    /** A whole conversation, with at least one message. */
    | { messages: readonly ChatMessage[]; prompt?: undefined }
  );

/** A request for vectors. */
export interface EmbeddingsRequest {
  /** One text, or several. */
  input: string | readonly string[];
  /** The app's default embedding model when missing. */
  model?: string | null | undefined;
  /** Numbers in each vector, for models that offer a choice. */
  dimensions?: number | null | undefined;
  /** What the texts are for, such as `query` or `document`. */
  input_type?: string | null | undefined;
  /** Only `float`. */
  encoding_format?: "float" | null | undefined;
  /** Which providers may answer, and in which order. */
  provider?: object | null | undefined;
  /** Replaced by an id that the functions derive from the signed-in user. */
  user?: string | undefined;
}

/** A request for images. */
export interface ImageRequest {
  /** What to draw. */
  prompt: string;
  /** Up to 16 images to start from, each as an http(s) URL or a data URL. */
  images?: readonly string[] | null | undefined;
  /** The app's default image model when missing. */
  model?: string | null | undefined;
  /** Output limit in tokens. The app may allow fewer. */
  max_tokens?: number | null | undefined;
  /** OpenAI's newer name of `max_tokens`. */
  max_completion_tokens?: number | null | undefined;
  /** Options of models that draw in a chat. Not to be combined with those of the image API below. */
  image_config?: object | null | undefined;
  /** Only for models that draw in a chat. */
  modalities?: readonly ("text" | "image")[] | null | undefined;
  /** From 1 to 10 images. This and the following options are those of OpenRouter's image API. */
  n?: number | null | undefined;
  /** Width and height in pixels, such as `1024x1024`. */
  size?: string | null | undefined;
  /** The size by its usual name, such as `2K`. */
  resolution?: string | null | undefined;
  /** Width to height, such as `16:9`. */
  aspect_ratio?: string | null | undefined;
  /** How detailed the image is, such as `high`. */
  quality?: string | null | undefined;
  /** The format of the image, such as `png`. */
  output_format?: string | null | undefined;
  /** From 0 to 100, for JPEG and WebP. */
  output_compression?: number | null | undefined;
  /** The background of the image, such as `transparent`. */
  background?: string | null | undefined;
  /** Makes the image repeatable where the provider supports it. */
  seed?: number | null | undefined;
  /** Which providers may answer, and in which order. */
  provider?: object | null | undefined;
  /** Stores the images in a bucket of the app, as the signed-in user. */
  save?: SavePlace | null | undefined;
}

/** Where generated files are stored. */
export interface SavePlace {
  /** The bucket's name. */
  bucket: string;
  /** What the keys begin with, such as `lighthouses/`. */
  prefix?: string | null | undefined;
  /** Adds a `signed_url` that needs no token for so long, for private buckets; at most 7 days. */
  signed_url_seconds?: number | null | undefined;
}

/** A condition on a column. Rows have to meet all conditions of a request. */
export type SummaryFilter =
  | {
    column: string;
    op: "eq" | "neq" | "gt" | "gte" | "lt" | "lte" | "like" | "ilike";
    value: string | number | boolean;
  }
  | { column: string; op: "is"; value: boolean | null }
  | { column: string; op: "in"; value: readonly (string | number | boolean)[] };

/** A request for a summary of rows that the signed-in user may read. */
export interface SummaryRequest extends ModelOptions {
  /** The table's name. */
  table: string;
  /** All columns when missing. */
  columns?: readonly string[] | null | undefined;
  /** Conditions that every row has to meet. */
  filters?: readonly SummaryFilter[] | null | undefined;
  /** The column to sort by, before `limit` applies. */
  order?: { column: string; ascending?: boolean | undefined } | null | undefined;
  /** Rows to read: from 1 to 1000, 50 when missing. */
  limit?: number | null | undefined;
  /** What the summary should look at. */
  instructions?: string | null | undefined;
  /** The values of the variables of the app's own prompt for summaries. */
  variables?: object | null | undefined;
  /** Set by the client's methods; it need not be given. */
  stream?: boolean | undefined;
}
