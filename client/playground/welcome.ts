/** The ways to sign in. */
import { createButton, createElement, findElement } from "./element.ts";
import { createFailure } from "./failure.ts";
import type { Session } from "./session.ts";
import type { DemoUser, Setup } from "./setup.ts";

/** Makes the welcome's buttons and forms work; what follows is told by the session. */
export function startWelcome({ demoUsers, insforgeUrl }: Setup, session: Session): void {
  const failure = findElement("sign-in-failure");
  const email = findElement("email", HTMLInputElement);
  const password = findElement("password", HTMLInputElement);
  const token = findElement("token", HTMLInputElement);

  async function signIn(user: Omit<DemoUser, "name">): Promise<void> {
    failure.replaceChildren();
    try {
      await session.signIn(user.email, user.password);
      password.value = "";
    } catch (error) {
      failure.replaceChildren(createFailure(error));
    }
  }

  findElement("where").textContent = demoUsers.length > 0
    ? "Everything runs on this machine, with made-up data."
    : `Accounts are those of ${insforgeUrl}.`;
  const choices = findElement("demo-users");
  choices.hidden = demoUsers.length === 0;
  choices.replaceChildren(...demoUsers.map((user) =>
    createButton(
      "plain",
      () => void signIn(user),
      createElement("strong", {}, `${user.name} user`),
      createElement("small", {}, user.email),
    )
  ));
  findElement("password-form").addEventListener("submit", (event) => {
    event.preventDefault();
    void signIn({ email: email.value, password: password.value });
  });
  findElement("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    session.useToken(token.value.trim());
    token.value = "";
  });
}
