// Does with the JS SDK what the standard input says, at the address that the argument says.
// tests/support/frames.py listens there and records what comes.
import { readFileSync } from "node:fs";
import { createDirectus, realtime, staticToken } from "@directus/sdk";

const [address] = process.argv.slice(2);

const ACTIONS = {
  async subscribe(directus, subscriptions, collection, options) {
    subscriptions.push(await directus.subscribe(collection, options));
  },
  unsubscribe(directus, subscriptions, number) {
    subscriptions[number].unsubscribe();
  },
  send(directus, subscriptions, message) {
    directus.sendMessage(message);
  },
  set_token(directus, subscriptions, token) {
    directus.setToken(token);
  },
  ping: (directus) => until(directus, "ping me", "ponged"),
  expire: (directus) => until(directus, "expire me", "auth"),
};

// Ask the server for something, and wait for a message of a type.
function until(directus, text, type) {
  return new Promise((resolve) => {
    directus.onWebSocket("message", (message) => message.type === type && resolve());
    directus.sendMessage(text);
  });
}

for (const [, authMode, token, calls] of JSON.parse(readFileSync(0))) {
  const made = createDirectus(address);
  const client = token === null ? made : made.with(staticToken(token));
  const directus = client.with(realtime({ authMode, reconnect: false }));
  await directus.connect();
  const subscriptions = [];
  for (const [name, ...rest] of calls) await ACTIONS[name](directus, subscriptions, ...rest);
  const closed = new Promise((resolve) => directus.onWebSocket("close", resolve));
  directus.sendMessage("that is all");
  await closed;
}
