// Draws what the server of this page says.
import { render } from "preact";
import { App } from "./app.js";
import { Store } from "./store.js";

const store = new Store();
const root = document.querySelector("#app");
if (root) render(<App store={store} />, root);
store.connect();
