// The guide's steps with the JS SDK: what our page is compared with.
//
// As the guide prints them they cannot run, so: a module, createItem on window, and the handlers
// registered before connect.
import { createDirectus, realtime, staticToken } from "@directus/sdk";

const settings = new URLSearchParams(location.search);
const directus = createDirectus(location.origin)
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

await directus.connect();
const { subscription } = await directus.subscribe("messages", {
  event: "create",
  query: { fields: ["user", "text"] },
});
for await (const item of subscription) console.log(item);
