import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { insforge } from "./ai";
import { Chat } from "./chat";
import { Picture, Tickets, Usage } from "./panels";
import { SignIn } from "./sign_in";

function App() {
  const [email, setEmail] = useState<string>();
  useEffect(() => {
    void insforge.auth.getCurrentUser().then(({ data }) => setEmail(data.user?.email));
  }, []);

  if (!email) return <SignIn onSignedIn={setEmail} />;
  return (
    <main>
      <h1>Hello, {email}</h1>
      <Chat />
      <Tickets />
      <Picture />
      <Usage />
    </main>
  );
}

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
