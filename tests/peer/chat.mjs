// The chat of Directus' tutorial, as its full sample does it, with the JS SDK in Node.
//
// The argument is where to log in. Each line of the standard input is a message to write, or
// nothing: a ping, whose pong comes after all that was under way. Each frame, each line of the
// list, each end of the connection and each failure goes to the standard output, as JSON.
import { createInterface } from "node:readline";
import { authentication, createDirectus, realtime } from "@directus/sdk";

const { url, email, password } = JSON.parse(process.argv[2]);
const tell = (what, value = null) => console.log(JSON.stringify([what, value]));

class RecordedSocket extends WebSocket {
  constructor(address) {
    super(address);
    this.addEventListener("message", ({ data }) => tell("received", JSON.parse(data)));
  }

  send(text) {
    tell("sent", JSON.parse(text));
    super.send(text);
  }
}

const directus = createDirectus(url, { globals: { WebSocket: RecordedSocket } })
  .with(authentication("json"))
  .with(realtime());

directus.onWebSocket("close", () => tell("closed"));
directus.onWebSocket("message", ({ type, status }) => {
  if (type === "auth" && status === "ok") follow();
});

async function follow() {
  const query = { fields: ["*", "user_created.first_name"] };
  const { subscription } = await directus.subscribe("messages", { event: "create", query });
  for await (const { event, data } of subscription) {
    if (event === "create") tell("shown", `${data[0].user_created.first_name}: ${data[0].text}`);
  }
}

function write(text) {
  const message = { type: "items", collection: "messages", action: "create", data: { text } };
  try {
    directus.sendMessage(text ? message : { type: "ping" });
  } catch (error) {
    tell("failed", String(error));
  }
}

await directus.login({ email, password });
await directus.connect();
createInterface({ input: process.stdin }).on("line", write).on("close", () => process.exit());
