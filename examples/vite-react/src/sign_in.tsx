import { type FormEvent, useState } from "react";
import { insforge } from "./ai";

export function SignIn({ onSignedIn }: { onSignedIn(email: string): void }) {
  const [problem, setProblem] = useState("");

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const email = String(form.get("email"));
    const password = String(form.get("password"));
    const { error } = await insforge.auth.signInWithPassword({ email, password });
    if (error) setProblem(error.message);
    else onSignedIn(email);
  }

  return (
    <form onSubmit={submit}>
      <input name="email" type="email" placeholder="Email" required />
      <input name="password" type="password" placeholder="Password" required />
      <button>Sign in</button>
      {problem && <p role="alert">{problem}</p>}
    </form>
  );
}
