// Where the page begins.

import { render } from "preact";
import "./explorer.css";

function App() {
  return <main>The explorer is being built.</main>;
}

const place = document.getElementById("onebit-explorer");
if (place !== null) {
  render(<App />, place);
}
