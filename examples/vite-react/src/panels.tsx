import { useState } from "react";
import { ai } from "./ai";

/** A summary of the user's own support tickets: the database shows no others. */
export function Tickets() {
  const [summary, setSummary] = useState("");
  const { problem, run } = useAction(async () => {
    setSummary("");
    for await (const part of ai.streamSummary({ table: "support_tickets" })) {
      if (part.type === "text") setSummary((text) => text + part.text);
      if (part.type === "error") throw part.error;
    }
  });
  return (
    <section aria-label="Tickets">
      <h2>My tickets</h2>
      <button onClick={run}>Summarize</button>
      <p>{problem || summary}</p>
    </section>
  );
}

export function Picture() {
  const [url, setUrl] = useState("");
  const { problem, run } = useAction(async () => {
    const { images } = await ai.generateImage({ prompt: "A lighthouse at dawn" });
    const [image] = images;
    if (image) setUrl("url" in image ? image.url : image.data_url);
  });
  return (
    <section aria-label="Picture">
      <h2>A picture</h2>
      <button onClick={run}>Draw</button>
      {problem ? <p>{problem}</p> : url && <img src={url} alt="A lighthouse at dawn" width="256" />}
    </section>
  );
}

export function Usage() {
  const [text, setText] = useState("");
  const { problem, run } = useAction(async () => {
    const { today } = await ai.usage();
    setText(`${today.requests} requests today, ${today.usd.toFixed(4)} USD`);
  });
  return (
    <section aria-label="Usage">
      <h2>Usage</h2>
      <button onClick={run}>Show</button>
      <p>{problem || text}</p>
    </section>
  );
}

/** Runs `action` on request, and keeps the message of its failure. */
function useAction(action: () => Promise<void>) {
  const [problem, setProblem] = useState("");
  function run() {
    setProblem("");
    action().catch((error: Error) => setProblem(error.message));
  }
  return { problem, run };
}
