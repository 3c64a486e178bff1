/** Runs the client in a worker, which replies to each order with a streamed answer's text. */
import { createAiClient } from "../../client/mod.ts";

/** The message that the worker accepts. */
export interface WorkerOrder {
  functionsUrl: string;
  token: string;
  prompt: string;
}

/** The one worker global used here; the compiler has only the types of a page. */
declare const self: {
  onmessage: ((event: MessageEvent<WorkerOrder>) => void) | null;
  postMessage(message: string): void;
};

self.onmessage = async ({ data: { functionsUrl, token, prompt } }) => {
  const ai = createAiClient({ functionsUrl, getAccessToken: () => token });
  let text = "";
  for await (const part of ai.stream({ prompt })) {
    if (part.type === "text") text += part.text;
    if (part.type === "error") throw part.error;
  }
  self.postMessage(text);
};
