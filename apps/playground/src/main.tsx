// Opens what the link names, and listens to the keyboard.
import { render } from "preact";
import { App } from "./view/app.js";
import { Store } from "./view/store.js";

const store = new Store(location.hash);
const root = document.querySelector("#app");
if (root) render(<App store={store} />, root);

addEventListener("hashchange", () => store.openLink(location.hash));

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isElsewhere =
    event.target instanceof Element &&
    event.target.closest("button, input, select, summary, [role=button]") !== null;
  if (isElsewhere && event.key !== "n" && event.key !== "Delete") return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

const KEYS: Readonly<Record<string, () => void>> = {
  " ": () => (store.isPlaying ? store.pause() : store.play()),
  ArrowRight: () => store.stepEvent(),
  ArrowLeft: () => store.back(),
  n: () => {
    if (store.run.isWaiting && store.run.hasNextStep) store.play();
  },
  Delete: () => {
    const { selection } = store;
    if (selection?.type === "message") store.act({ type: "drop", message: selection.id });
  },
};
