import { useAiChat } from "insforge-ai-functions/react";
import { type FormEvent } from "react";
import { ai } from "./ai";

export function Chat() {
  const { messages, isStreaming, error, send, stop } = useAiChat(ai);

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    void send(String(new FormData(form).get("question")));
    form.reset();
  }

  return (
    <section aria-label="Chat">
      <h2>Chat</h2>
      {messages.map(({ id, role, text }) => <p key={id} className={role}>{text}</p>)}
      {error && <p role="alert">{error.message}</p>}
      <form onSubmit={submit}>
        <input name="question" placeholder="Ask something" required />
        {isStreaming ? <button type="button" onClick={stop}>Stop</button> : <button>Send</button>}
      </form>
    </section>
  );
}
