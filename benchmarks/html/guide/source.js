// The guide's page with the JS SDK, which shows each item in a row of its own, too.
//
// As in tests/peer/page.js: a module, createItem on window, the handlers registered before connect.
// The address says which Directus (url) and token, and whether to write the guide's lines (log).
import { createDirectus, realtime, staticToken } from "@directus/sdk";

const settings = new URLSearchParams(location.search);
const log = settings.get("log") === "true";
const directus = createDirectus(settings.get("url") || location.origin)
  .with(staticToken(settings.get("token")))
  .with(realtime());

window.createItem = (text, user) => {
  directus.sendMessage({
    type: "items",
    collection: "messages",
    action: "create",
    data: { text, user },
  });
};

if (log) {
  directus.onWebSocket("open", () => console.log("Connection is open"));
  directus.onWebSocket("message", (message) => {
    console.log(`New message of type ${message.type}`);
    console.log(message.data);
  });
  directus.onWebSocket("close", () => console.log("Connection has closed"));
  directus.onWebSocket("error", (error) => {
    console.log("Connection has had an error");
    console.log(error);
  });
}

const messages = document.querySelector("#messages");

function show({ user, text }) {
  const [row, name, words] = ["li", "b", "span"].map((tag) => document.createElement(tag));
  name.textContent = user;
  words.textContent = text;
  row.append(name, words);
  messages.append(row);
}

await directus.connect();
const { subscription } = await directus.subscribe("messages", {
  event: "create",
  query: { fields: ["user", "text"] },
});
for await (const item of subscription) {
  if (log) console.log(item);
  item.data?.forEach(show);
}
