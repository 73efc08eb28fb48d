// A hook extension with a part for each sample of the guide on custom handlers. Where the guide's
// writes to Directus' log, this one tells the clients, so that a test hears of it.
const SHORT = ["id", "text"];

export default function register({ action, filter }, { services }) {
  // It cannot be made here: Directus loads hooks before it listens.
  const sockets = () => new services.WebSocketService();
  const user = (client) => client.accountability?.user ?? null;

  for (const event of ["connect", "auth.success", "close"]) {
    action(`websocket.${event}`, ({ client }) => {
      sockets().broadcast({ type: "presence", event, connection: client.uid, user: user(client) });
    });
  }

  action("websocket.message", ({ message: { type, channel }, client }) => {
    if (type === "typing-indicator") sockets().broadcast({ type, channel, user: user(client) });
  });

  filter("websocket.message", (message) => {
    if (message.type === "subscribe") message.query = { fields: SHORT, ...message.query };
    return message;
  });

  action("messages.items.create", ({ payload: data }, { accountability }) => {
    sockets().broadcast({ type: "notification", data });
    sockets().broadcast({ type: "receipt", data }, { user: accountability.user });
    for (const client of sockets().clients()) {
      if (client.accountability?.admin) client.send(JSON.stringify({ type: "alert", data }));
    }
  });
}
