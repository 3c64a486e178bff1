/** The API reference of `object-gen`: what the schemas and types do not say. */
import type { Reference } from "../../tools/reference/operation.ts";
import { objectRequest } from "./index.ts";

const DESCRIPTION = `\
Off unless \`ENABLE_OBJECT_GEN\` is \`true\`; a 403 otherwise. OpenRouter's current documentation \
does not mention this API, and it may be gone there: then every request is an error of the provider.

With \`save\` the objects are stored in an InsForge bucket as the caller, and each is \`{ url, \
media_type, bucket, key }\`. An object that cannot be saved is returned as without \`save\`, with \
\`save_error\`; so is one of which the gateway gives only a URL.

Limits: 10 objects, 1 MiB, 55 seconds.`;

export const reference = {
  description: DESCRIPTION,
  operations: {
    "POST /": {
      summary: "Generates 3D objects from a text",
      request: objectRequest,
      answer: "ObjectAnswer",
      errors: [400, 401, 402, 403, 413, 429, 500, 502, 504],
      examples: {
        "An object": {
          request: {
            prompt: "a chair shaped like an avocado",
            num_inference_steps: 32,
            num_outputs: 1,
            extension: "ply",
            model: "openai/shap-e",
          },
          answer: { generations: [{ uri: "cGx5CmZvcm1hdCBhc2NpaSAxLjA=" }] },
        },
        "An empty prompt": {
          request: { prompt: " " },
          status: 400,
          answer: {
            error: "INVALID_INPUT",
            message: '"prompt" must not be blank',
            statusCode: 400,
            nextActions: "Correct the request as the message says",
          },
        },
      },
    },
  },
} satisfies Reference;
