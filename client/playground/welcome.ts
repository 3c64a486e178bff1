/** The ways to sign in. */
import { createButton, createElement, findElement } from "./element.ts";
import { createFailure } from "./failure.ts";
import type { Session } from "./session.ts";
import type { DemoUser, Setup } from "./setup.ts";

/** Makes the buttons and forms for signing in work. */
export function startWelcome({ demoUsers, insforgeUrl }: Setup, session: Session): void {
  const failure = findElement("sign-in-failure");
  const email = findElement("email", HTMLInputElement);
  const password = findElement("password", HTMLInputElement);
  const token = findElement("token", HTMLInputElement);

  async function attempt(signIn: () => Promise<void>): Promise<void> {
    failure.replaceChildren();
    try {
      await signIn();
      password.value = "";
      token.value = "";
    } catch (error) {
      failure.replaceChildren(createFailure(error));
    }
  }

  const signIn = (user: Omit<DemoUser, "name">) =>
    void attempt(() => session.signIn(user.email, user.password));
  findElement("where").textContent = demoUsers.length > 0
    ? "Everything runs on this machine, with sample data."
    : `Sign in with an account of ${insforgeUrl}.`;
  const choices = findElement("demo-users");
  choices.hidden = demoUsers.length === 0;
  choices.replaceChildren(...demoUsers.map((user) =>
    createButton(
      "plain",
      () => signIn(user),
      createElement("strong", {}, `${user.name} user`),
      createElement("small", {}, user.email),
    )
  ));
  findElement("password-form").addEventListener("submit", (event) => {
    event.preventDefault();
    signIn({ email: email.value, password: password.value });
  });
  findElement("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    void attempt(() => session.useToken(token.value.trim()));
  });
}
