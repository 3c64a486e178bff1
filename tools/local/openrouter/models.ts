/** The models that are simulated: real names, and prices close to the real ones. */
import { noEndpoints } from "./refusal.ts";

/** Prices in whole nano-dollars, so that sums stay exact: 150 per token is $0.15 per million. */
export interface Price {
  prompt: number;
  completion: number;
  /** Per token of an image that was made. */
  image?: number;
}

/** One model and the one provider that serves it. */
export interface Model {
  id: string;
  name: string;
  provider: string;
  /** Tokens a request may have in all, and an answer at most. */
  context: number;
  maxOutput: number;
  input: string[];
  output: string[];
  price: Price;
  /** Fields of a request that are honoured, in OpenRouter's words. */
  parameters: string[];
  reasoning?: { mandatory: boolean };
  embedding?: { dimensions: number; flexible: boolean; floatsOnly?: boolean };
  /** Images that one request may ask for. */
  maxImages?: number;
  /** Whether the variant `:free` exists. */
  free?: boolean;
  /** Whether it only stands for others, whose prices are not known beforehand. */
  router?: boolean;
}

const SAMPLING = [
  "max_tokens",
  "max_completion_tokens",
  "temperature",
  "top_p",
  "stop",
  "frequency_penalty",
  "presence_penalty",
  "seed",
];
const CHAT = [...SAMPLING, "tools", "tool_choice", "response_format", "structured_outputs"];
const REASONING = [...CHAT, "reasoning", "include_reasoning"];
const IMAGE = ["seed", "size", "resolution", "aspect_ratio", "quality", "output_format"];

const SONNET = {
  ...sizes(1_000_000, 64_000),
  ...speaks(["text", "image", "file"], ["text"]),
  price: { prompt: 3_000, completion: 15_000 },
  parameters: REASONING,
  reasoning: { mandatory: false },
};

const MODELS: Model[] = [
  {
    ...names("openrouter/auto", "Auto Router", "OpenRouter"),
    ...sizes(2_000_000, 16_384),
    ...speaks(["text", "image", "file"], ["text"]),
    price: { prompt: 0, completion: 0 },
    parameters: CHAT,
    router: true,
  },
  {
    ...names("openai/gpt-4o-mini", "OpenAI: GPT-4o-mini", "OpenAI"),
    ...sizes(128_000, 16_384),
    ...speaks(["text", "image", "file"], ["text"]),
    price: { prompt: 150, completion: 600 },
    parameters: CHAT,
  },
  {
    ...names("openai/gpt-4o", "OpenAI: GPT-4o", "OpenAI"),
    ...sizes(128_000, 16_384),
    ...speaks(["text", "image", "file"], ["text"]),
    price: { prompt: 2_500, completion: 10_000 },
    parameters: CHAT,
  },
  {
    ...names("openai/gpt-5-mini", "OpenAI: GPT-5 Mini", "OpenAI"),
    ...sizes(400_000, 128_000),
    ...speaks(["text", "image", "file"], ["text"]),
    price: { prompt: 250, completion: 2_000 },
    parameters: REASONING,
    reasoning: { mandatory: true },
  },
  {
    ...names("openai/gpt-5", "OpenAI: GPT-5", "OpenAI"),
    ...sizes(400_000, 128_000),
    ...speaks(["text", "image", "file"], ["text"]),
    price: { prompt: 1_250, completion: 10_000 },
    parameters: REASONING,
    reasoning: { mandatory: true },
  },
  {
    ...names("anthropic/claude-sonnet-4.6", "Anthropic: Claude Sonnet 4.6", "Anthropic"),
    ...SONNET,
  },
  {
    ...names("anthropic/claude-sonnet-4.5", "Anthropic: Claude Sonnet 4.5", "Anthropic"),
    ...SONNET,
  },
  {
    ...names("anthropic/claude-haiku-4.5", "Anthropic: Claude Haiku 4.5", "Anthropic"),
    ...sizes(200_000, 64_000),
    ...speaks(["text", "image", "file"], ["text"]),
    price: { prompt: 1_000, completion: 5_000 },
    parameters: REASONING,
    reasoning: { mandatory: false },
  },
  {
    ...names("google/gemini-2.5-flash", "Google: Gemini 2.5 Flash", "Google"),
    ...sizes(1_048_576, 65_535),
    ...speaks(["text", "image", "file", "audio", "video"], ["text"]),
    price: { prompt: 300, completion: 2_500 },
    parameters: REASONING,
    reasoning: { mandatory: false },
  },
  {
    ...names("deepseek/deepseek-chat-v3.1", "DeepSeek: DeepSeek V3.1", "DeepSeek"),
    ...sizes(163_840, 65_536),
    ...speaks(["text"], ["text"]),
    price: { prompt: 200, completion: 800 },
    parameters: REASONING,
    reasoning: { mandatory: false },
  },
  {
    ...names("meta-llama/llama-3.3-70b-instruct", "Meta: Llama 3.3 70B Instruct", "DeepInfra"),
    ...sizes(131_072, 16_384),
    ...speaks(["text"], ["text"]),
    price: { prompt: 130, completion: 380 },
    parameters: [...SAMPLING, "tools", "tool_choice", "response_format"],
    free: true,
  },
  {
    ...names("gryphe/mythomax-l2-13b", "MythoMax 13B", "Mancer"),
    ...sizes(4_096, 4_096),
    ...speaks(["text"], ["text"]),
    price: { prompt: 60, completion: 60 },
    parameters: SAMPLING,
  },
  {
    ...names("google/gemini-2.5-flash-image", "Google: Gemini 2.5 Flash Image", "Google"),
    ...sizes(32_768, 32_768),
    ...speaks(["text", "image"], ["image", "text"]),
    price: { prompt: 300, completion: 2_500, image: 30_000 },
    parameters: [...SAMPLING, "response_format", ...IMAGE],
    maxImages: 4,
  },
  {
    ...names("openai/gpt-5-image", "OpenAI: GPT-5 Image", "OpenAI"),
    ...sizes(400_000, 128_000),
    ...speaks(["text", "image", "file"], ["image", "text"]),
    price: { prompt: 10_000, completion: 10_000, image: 40_000 },
    parameters: [...REASONING, ...IMAGE, "background", "output_compression"],
    reasoning: { mandatory: false },
    maxImages: 10,
  },
  {
    ...names("black-forest-labs/flux.2-pro", "Black Forest Labs: FLUX.2 Pro", "Black Forest Labs"),
    ...sizes(46_864, 46_864),
    ...speaks(["text", "image"], ["image"]),
    price: { prompt: 0, completion: 0, image: 23_000 },
    parameters: IMAGE,
    maxImages: 1,
  },
  {
    ...names("openai/text-embedding-3-small", "OpenAI: Text Embedding 3 Small", "OpenAI"),
    ...sizes(8_192, 0),
    ...speaks(["text"], ["embeddings"]),
    price: { prompt: 20, completion: 0 },
    parameters: ["dimensions"],
    embedding: { dimensions: 1_536, flexible: true },
  },
  {
    ...names("openai/text-embedding-3-large", "OpenAI: Text Embedding 3 Large", "OpenAI"),
    ...sizes(8_192, 0),
    ...speaks(["text"], ["embeddings"]),
    price: { prompt: 130, completion: 0 },
    parameters: ["dimensions"],
    embedding: { dimensions: 3_072, flexible: true },
  },
  {
    ...names("google/gemini-embedding-001", "Google: Gemini Embedding 001", "Google"),
    ...sizes(20_000, 0),
    ...speaks(["text"], ["embeddings"]),
    price: { prompt: 150, completion: 0 },
    parameters: ["dimensions"],
    embedding: { dimensions: 3_072, flexible: true },
  },
  {
    ...names("baai/bge-m3", "BAAI: bge-m3", "DeepInfra"),
    ...sizes(8_192, 0),
    ...speaks(["text"], ["embeddings"]),
    price: { prompt: 10, completion: 0 },
    parameters: [],
    embedding: { dimensions: 1_024, flexible: false, floatsOnly: true },
  },
];

/** Names in requests that stand for a model; the answer tells which. */
const ALIASES = new Map([
  ["openrouter/auto", "openai/gpt-4o-mini"],
  ["openrouter/free", "meta-llama/llama-3.3-70b-instruct:free"],
  ["~anthropic/claude-sonnet-latest", "anthropic/claude-sonnet-4.5"],
  ["~openai/gpt-latest", "openai/gpt-5"],
]);

/** Variants that change the choice of provider, of which there is but one here. */
const VARIANTS = ["nitro", "floor", "exacto", "extended", "thinking", "online"];

/** Providers that stop, and stop billing, when the client goes away. */
const STOPPING_PROVIDERS = ["OpenAI", "Anthropic", "DeepSeek", "DeepInfra", "Mancer"];

/** All models, and the free variants of those that have one. */
export function listModels(): Model[] {
  return MODELS.flatMap((model) => model.free ? [model, toFree(model)] : [model]);
}

/**
 * Finds a model by what a request calls it: its id, with a variant perhaps, or an alias.
 *
 * @throws {Refusal} 404 for the free variant of a model that has none.
 */
export function findModel(name: string): Model | undefined {
  const [id, variant] = (ALIASES.get(name) ?? name).split(":");
  const model = MODELS.find((model) => model.id === id);
  if (!model || variant === undefined || VARIANTS.includes(variant)) return model;
  if (variant !== "free") return undefined;
  if (!model.free) throw noEndpoints(`No endpoints found for ${name}.`);
  return toFree(model);
}

/** Whether the provider notices that the client has gone. */
export function stopsOnCancel({ provider }: Model): boolean {
  return STOPPING_PROVIDERS.includes(provider);
}

function toFree(model: Model): Model {
  const price = { prompt: 0, completion: 0 };
  return { ...model, id: `${model.id}:free`, name: `${model.name} (free)`, price };
}

function names(id: string, name: string, provider: string) {
  return { id, name, provider };
}

function sizes(context: number, maxOutput: number) {
  return { context, maxOutput };
}

function speaks(input: string[], output: string[]) {
  return { input, output };
}
