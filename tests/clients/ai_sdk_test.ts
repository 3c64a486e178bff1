/** Vercel's AI SDK, with its general OpenAI provider and with OpenRouter's own provider. */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { createOpenRouter } from "@openrouter/ai-sdk-provider";
import {
  APICallError,
  embedMany,
  generateObject,
  generateText,
  jsonSchema,
  stepCountIs,
  streamText,
  tool,
} from "ai";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { PROMPT, TOKEN } from "../support/caller.ts";
import { completion, streamOf } from "../support/upstream.ts";
import { ANSWER_FAILURES, BREAKS, FAILURES, STREAM_FAILURES } from "./failures.ts";
import { PLACE, STREAMED_CALL, VECTORS, WEATHER } from "./script.ts";
import { serveV1 } from "./served.ts";

const PROVIDERS = {
  "@ai-sdk/openai-compatible": (baseURL: string) => {
    const provider = createOpenAICompatible({ name: "functions", baseURL, apiKey: TOKEN });
    return {
      model: provider.chatModel("openai/gpt-4o-mini"),
      embeddings: provider.embeddingModel("openai/text-embedding-3-small"),
    };
  },
  "@openrouter/ai-sdk-provider": (baseURL: string) => {
    const provider = createOpenRouter({ baseURL, apiKey: TOKEN });
    return {
      model: provider.chat("openai/gpt-4o-mini"),
      embeddings: provider.textEmbeddingModel("openai/text-embedding-3-small"),
    };
  },
};
const SCHEMA = jsonSchema<{ city: string }>(PLACE);

for (const [name, connect] of Object.entries(PROVIDERS)) {
  Deno.test(`${name}: generateText`, async () => {
    await using served = await serveV1();
    served.upstream.reply({ json: completion({ content: "Grüße 🌍" }) });
    const { model } = connect(served.baseURL);
    const { text, usage, finishReason } = await generateText({ model, prompt: PROMPT });
    assertEquals([text, finishReason, usage.totalTokens], ["Grüße 🌍", "stop", 15]);
  });

  Deno.test(`${name}: streamText with a round trip of a tool`, async () => {
    await using served = await serveV1();
    served.upstream.reply(STREAMED_CALL, { sse: streamOf("Sn", "ow") });
    const asked: unknown[] = [];
    const result = streamText({
      model: connect(served.baseURL).model,
      prompt: PROMPT,
      tools: {
        get_weather: tool({
          description: WEATHER.function.description,
          inputSchema: SCHEMA,
          execute: (input) => (asked.push(input), "-3 °C"),
        }),
      },
      stopWhen: stepCountIs(2),
    });
    let text = "";
    for await (const delta of result.textStream) text += delta;
    assertEquals([text, asked], ["Snow", [{ city: "Oslo" }]]);
    const { messages } = served.upstream.requests[1]!.body;
    assertEquals(messages.at(-1).role, "tool");
    assertEquals([messages.at(-1).tool_call_id, messages.at(-1).content], ["call_1", "-3 °C"]);
  });

  Deno.test(`${name}: generateObject`, async () => {
    await using served = await serveV1();
    served.upstream.reply({ json: completion({ content: '{"city":"Oslo"}' }) });
    const { model } = connect(served.baseURL);
    const { object } = await generateObject({ model, schema: SCHEMA, prompt: PROMPT });
    assertEquals(object, { city: "Oslo" });
    assert(served.upstream.requests[0]!.body.response_format);
  });

  Deno.test(`${name}: embedMany`, async () => {
    await using served = await serveV1();
    served.upstream.reply(VECTORS);
    const model = connect(served.baseURL).embeddings;
    const { embeddings, usage } = await embedMany({ model, values: ["a", "b"] });
    assertEquals([embeddings, usage.tokens], [[[0.5, 0.25], [2, -3]], 2]);
  });

  for (const failure of [...FAILURES, ...ANSWER_FAILURES]) {
    Deno.test(`${name}: ${failure.name} is an APICallError`, async () => {
      await using served = await serveV1();
      served.upstream.reply(...failure.replies);
      const { model } = connect(served.baseURL);
      const error = await assertRejects(
        () => generateText({ model, prompt: PROMPT, maxRetries: 0 }),
      );
      assert(APICallError.isInstance(error));
      assertEquals([error.statusCode, toCode(error)], [failure.status, failure.code]);
      assertMatch(error.message, failure.message);
    });
  }

  for (const failure of [...FAILURES, ...STREAM_FAILURES, ...BREAKS]) {
    Deno.test(`${name}: ${failure.name} is an error in a stream`, async () => {
      await using served = await serveV1();
      served.upstream.reply(...failure.replies);
      const errors: unknown[] = [];
      const result = streamText({
        model: connect(served.baseURL).model,
        prompt: PROMPT,
        maxRetries: 0,
        onError: ({ error }) => void errors.push(error),
      });
      await Array.fromAsync(result.fullStream);
      const [error] = errors as Error[];
      assertMatch(error!.message, failure.message);
      if (failure.status) {
        assert(APICallError.isInstance(error));
        assertEquals([error.statusCode, toCode(error)], [failure.status, failure.code]);
        await assertRejects(async () => await result.text);
      } else {
        assertEquals(error!.name, "AI_StreamProviderError");
        assertEquals(await result.finishReason, "error");
      }
    });
  }
}

function toCode({ responseBody }: APICallError): string {
  return JSON.parse(responseBody!).error.metadata.error_code;
}
