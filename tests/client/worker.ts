/** The client in a worker: it answers each order with the text of a streamed answer. */
import { createAiClient } from "../../client/mod.ts";

/** What the worker is to do. */
export interface WorkerOrder {
  functionsUrl: string;
  token: string;
  prompt: string;
}

/** The one global of a worker that is used here; the types of this project are those of a page. */
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
