"use client";
import { createClient } from "@insforge/sdk";
import { type FormEvent, useState } from "react";

const insforge = createClient({
  baseUrl: process.env.NEXT_PUBLIC_INSFORGE_URL!,
  anonKey: process.env.NEXT_PUBLIC_INSFORGE_ANON_KEY!,
});

export default function Page() {
  const [token, setToken] = useState("");
  const [text, setText] = useState("");

  async function signIn(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const { data, error } = await insforge.auth.signInWithPassword({
      email: String(form.get("email")),
      password: String(form.get("password")),
    });
    if (error) setText(error.message);
    else setToken(data!.accessToken!);
  }

  async function ask(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const prompt = new FormData(event.currentTarget).get("prompt");
    const response = await fetch("/api/chat", {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ prompt }),
    });
    const answer = await response.json();
    setText(answer.text ?? answer.error);
  }

  return (
    <main>
      {token
        ? (
          <form onSubmit={ask}>
            <input name="prompt" placeholder="Ask something" required />
            <button>Send</button>
          </form>
        )
        : (
          <form onSubmit={signIn}>
            <input name="email" type="email" placeholder="Email" required />
            <input name="password" type="password" placeholder="Password" required />
            <button>Sign in</button>
          </form>
        )}
      <p>{text}</p>
    </main>
  );
}
