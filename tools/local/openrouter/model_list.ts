/** The models of the simulated OpenRouter: real names, and prices close to the real ones. */
import type { Model } from "./model.ts";

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

/** Every model except the free variants. */
export const MODELS: Model[] = [
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
    ...names("openai/gpt-5.2", "OpenAI: GPT-5.2", "OpenAI"),
    ...sizes(400_000, 128_000),
    ...speaks(["text", "image", "file"], ["text"]),
    price: { prompt: 1_750, completion: 14_000 },
    parameters: REASONING,
    reasoning: { mandatory: false },
  },
  {
    ...names("openai/gpt-4-32k", "OpenAI: GPT-4 32k", "OpenAI"),
    ...sizes(32_767, 4_096),
    ...speaks(["text"], ["text"]),
    price: { prompt: 60_000, completion: 120_000 },
    parameters: CHAT,
  },
  {
    ...names("openai/gpt-3.5-turbo", "OpenAI: GPT-3.5 Turbo", "OpenAI"),
    ...sizes(16_385, 4_096),
    ...speaks(["text"], ["text"]),
    price: { prompt: 500, completion: 1_500 },
    parameters: CHAT,
  },
  {
    ...names("anthropic/claude-sonnet-4.6", "Anthropic: Claude Sonnet 4.6", "Anthropic"),
    ...SONNET,
  },
  {
    ...names("anthropic/claude-sonnet-4.5", "Anthropic: Claude Sonnet 4.5", "Anthropic"),
    ...SONNET,
  },
  { ...names("anthropic/claude-sonnet-4", "Anthropic: Claude Sonnet 4", "Anthropic"), ...SONNET },
  {
    ...names("anthropic/claude-3.5-sonnet", "Anthropic: Claude 3.5 Sonnet", "Anthropic"),
    ...sizes(200_000, 8_192),
    ...speaks(["text", "image", "file"], ["text"]),
    price: { prompt: 3_000, completion: 15_000 },
    parameters: CHAT,
  },
  {
    ...names("anthropic/claude-3.5-haiku", "Anthropic: Claude 3.5 Haiku", "Anthropic"),
    ...sizes(200_000, 8_192),
    ...speaks(["text", "image"], ["text"]),
    price: { prompt: 800, completion: 4_000 },
    parameters: CHAT,
  },
  {
    ...names("anthropic/claude-instant-v1", "Anthropic: Claude Instant v1", "Anthropic"),
    ...sizes(100_000, 4_096),
    ...speaks(["text"], ["text"]),
    price: { prompt: 800, completion: 2_400 },
    parameters: SAMPLING,
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
    ...names("google/gemini-3-flash-preview", "Google: Gemini 3 Flash Preview", "Google"),
    ...sizes(1_048_576, 65_535),
    ...speaks(["text", "image", "file", "audio", "video"], ["text"]),
    price: { prompt: 500, completion: 3_000 },
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
    ...names("openai/gpt-image-1", "OpenAI: GPT Image 1", "OpenAI"),
    ...sizes(400_000, 128_000),
    ...speaks(["text", "image"], ["image"]),
    price: { prompt: 5_000, completion: 0, image: 40_000 },
    parameters: [...IMAGE, "background", "output_compression"],
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
    ...names("openai/shap-e", "OpenAI: Shap-E", "OpenAI"),
    ...sizes(2_048, 0),
    ...speaks(["text"], ["3d"]),
    price: { prompt: 0, completion: 0 },
    parameters: [],
  },
  {
    ...names("cohere/rerank-v3.5", "Cohere: Rerank v3.5", "Cohere"),
    ...sizes(4_096, 0),
    ...speaks(["text"], ["rerank"]),
    price: { prompt: 0, completion: 0, unit: 2_000_000 },
    parameters: ["top_n"],
  },
  {
    ...names("openai/gpt-4o-mini-tts-2025-12-15", "OpenAI: GPT-4o Mini TTS", "OpenAI"),
    ...sizes(4_096, 0),
    ...speaks(["text"], ["speech"]),
    price: { prompt: 600, completion: 0 },
    parameters: ["voice", "speed", "response_format"],
    voices: ["alloy", "ash", "coral", "sage"],
  },
  {
    ...names("openai/whisper-1", "OpenAI: Whisper 1", "OpenAI"),
    ...sizes(448, 0),
    ...speaks(["audio"], ["transcription"]),
    price: { prompt: 0, completion: 0, unit: 100_000 },
    parameters: ["language", "temperature", "response_format"],
  },
  {
    ...names("google/veo-3.1", "Google: Veo 3.1", "Google"),
    ...sizes(4_096, 0),
    ...speaks(["text", "image"], ["video"]),
    price: { prompt: 0, completion: 0, unit: 400_000_000 },
    parameters: ["duration", "resolution", "aspect_ratio", "size", "generate_audio", "seed"],
    durations: [8, 4, 6],
  },
  {
    ...names("alibaba/wan-2.6", "Alibaba: Wan 2.6", "Alibaba"),
    ...sizes(4_096, 0),
    ...speaks(["text", "image"], ["video"]),
    price: { prompt: 0, completion: 0, unit: 100_000_000 },
    parameters: ["duration", "resolution", "aspect_ratio", "seed"],
    durations: [5, 10],
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

function names(id: string, name: string, provider: string) {
  return { id, name, provider };
}

function sizes(context: number, maxOutput: number) {
  return { context, maxOutput };
}

function speaks(input: string[], output: string[]) {
  return { input, output };
}
