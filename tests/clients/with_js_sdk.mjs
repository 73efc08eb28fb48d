// What people do with the JS SDK, in Node: each check returns what came, or fails as the SDK fails.
// The argument is the project as JSON; the result goes to standard output as JSON, by name.
import {
  aggregate,
  authentication,
  createDirectus,
  createItem,
  createItems,
  deleteItem,
  deleteItems,
  graphql,
  readCollections,
  readFieldsByCollection,
  readItem,
  readItemPermissions,
  readItems,
  readMe,
  readProviders,
  readRoles,
  readSingleton,
  readUser,
  readUsers,
  realtime,
  rest,
  serverHealth,
  serverInfo,
  serverPing,
  staticToken,
  updateItem,
  updateItems,
  updateItemsBatch,
  updateMe,
  updateSingleton,
  uploadFiles,
  withSearch,
  withToken,
} from "@directus/sdk";

const { url, token, email, password } = JSON.parse(process.argv[2]);

const open = (options = {}) =>
  createDirectus(url)
    .with(staticToken(token))
    .with(realtime({ reconnect: false, ...options }));
const http = createDirectus(url).with(staticToken(token)).with(rest());

// The texts of rows, in their order.
const texts = (rows) => rows.map((row) => row.text);

// Make messages of one user, the name of the check, so that checks do not see each other's.
const make = (user, ...all) =>
  http.request(createItems("messages", all.map((text) => ({ text, user }))));

const of = (user) => ({ filter: { user: { _eq: user } }, sort: ["id"] });

// The next messages of a socket that `wanted` accepts, one each time it is called.
function messagesOf(directus, wanted) {
  const seen = [];
  const waiting = [];
  directus.onWebSocket("message", (message) => {
    if (!wanted(message)) return;
    if (waiting.length) waiting.shift()(message);
    else seen.push(message);
  });
  return () =>
    new Promise((resolve) => (seen.length ? resolve(seen.shift()) : waiting.push(resolve)));
}

// Send an items message with a uid, and return the answer to it.
async function ask(directus, uid, message) {
  const next = messagesOf(directus, (answer) => answer.uid === uid);
  directus.sendMessage({ type: "items", collection: "messages", uid, ...message });
  return next();
}

// Do something on a connection, and close it.
async function connected(work, options) {
  const directus = open(options);
  await directus.connect();
  try {
    return await work(directus);
  } finally {
    directus.disconnect();
  }
}

// The next message of a subscription, once `work` is done: the SDK drops those that come while
// nobody waits for them.
async function value(subscription, work = () => {}) {
  const next = subscription.next();
  await work();
  return (await next).value;
}

const CHECKS = {
  async "rest: createItem returns the row"(name) {
    const { text, user } = await http.request(createItem("messages", { text: "one", user: name }));
    return [text, user === name];
  },
  async "rest: createItems returns the rows"(name) {
    return texts(await make(name, "one", "two"));
  },
  async "rest: createItem with fields"(name) {
    const fields = ["text", { user_created: ["first_name"] }];
    return http.request(createItem("messages", { text: "one", user: name }, { fields }));
  },
  async "rest: readItems with filter, sort, limit and offset"(name) {
    await make(name, "one", "two", "three");
    const query = { ...of(name), sort: ["-text"], limit: 1, offset: 1, fields: ["text"] };
    return http.request(readItems("messages", query));
  },
  async "rest: readItems with nested fields"(name) {
    await make(name, "one");
    const fields = ["text", { user_created: ["first_name"] }];
    return http.request(readItems("messages", { ...of(name), fields }));
  },
  async "rest: readItems with a filter along a relation"(name) {
    await make(name, "one");
    const filter = { _and: [of(name).filter, { user_created: { first_name: { _eq: "Ann" } } }] };
    return texts(await http.request(readItems("messages", { filter })));
  },
  async "rest: readItems with logic, search and functions"(name) {
    await make(name, "apple", "pear", "fig");
    const year = { "year(date_created)": { _gte: 2000 } };
    const either = { _or: [{ text: { _contains: "app" } }, { text: { _in: ["fig"] } }] };
    const filter = { _and: [of(name).filter, year, either] };
    const found = await http.request(readItems("messages", { filter, sort: ["text"] }));
    const searched = await http.request(readItems("messages", { ...of(name), search: "pea" }));
    return [texts(found), texts(searched)];
  },
  async "rest: readItem"(name) {
    const [row] = await make(name, "one");
    return http.request(readItem("messages", row.id, { fields: ["text"] }));
  },
  async "rest: readItem of none"() {
    return http.request(readItem("messages", 987654321));
  },
  async "rest: updateItem"(name) {
    const [row] = await make(name, "one");
    return texts([await http.request(updateItem("messages", row.id, { text: "two" }))]);
  },
  async "rest: updateItems"(name) {
    const keys = (await make(name, "one", "two")).map((row) => row.id);
    return texts(await http.request(updateItems("messages", keys, { text: "three" })));
  },
  async "rest: updateItems by a query"(name) {
    await make(name, "one", "two");
    return texts(await http.request(updateItems("messages", of(name), { text: "three" })));
  },
  async "rest: updateItemsBatch"(name) {
    const rows = await make(name, "one", "two");
    const changes = rows.map(({ id, text }) => ({ id, text: `${text}!` }));
    return texts(await http.request(updateItemsBatch("messages", changes)));
  },
  async "rest: withSearch, which sends the query as a body"(name) {
    await make(name, "one");
    return texts(await http.request(withSearch(readItems("messages", of(name)))));
  },
  async "rest: readItems by pages"(name) {
    await make(name, "one", "two", "three");
    const query = { ...of(name), limit: 2 };
    const pages = [1, 2].map((page) => http.request(readItems("messages", { ...query, page })));
    return (await Promise.all(pages)).map(texts);
  },
  async "rest: a key of one's own, as a UUID"() {
    const id = "3d8a2f5e-7a1b-4c1d-9e0f-2b6c8d4e5f60";
    await http.request(createItem("notes", { id, text: "one" }));
    return http.request(readItem("notes", id));
  },
  async "rest: a key that is taken"() {
    const id = "3d8a2f5e-7a1b-4c1d-9e0f-2b6c8d4e5f61";
    await http.request(createItem("notes", { id, text: "one" }));
    return http.request(createItem("notes", { id, text: "two" }));
  },
  async "rest: a write that is not permitted"() {
    return http.request(updateSingleton("settings", { title: "mine" }));
  },
  async "rest: deleteItem and deleteItems"(name) {
    const [one, ...others] = (await make(name, "one", "two", "three")).map((row) => row.id);
    await http.request(deleteItem("messages", one));
    const left = texts(await http.request(readItems("messages", of(name))));
    await http.request(deleteItems("messages", others));
    return [left, await http.request(readItems("messages", of(name)))];
  },
  async "rest: deleteItems by a query"(name) {
    await make(name, "one", "two");
    await http.request(deleteItems("messages", of(name)));
    return http.request(readItems("messages", of(name)));
  },
  async "rest: readSingleton"() {
    return http.request(readSingleton("settings", { fields: ["title"] }));
  },
  async "rest: an unknown collection"() {
    return http.request(readItems("nope"));
  },
  async "rest: an unknown field"() {
    return http.request(readItems("messages", { fields: ["nope"] }));
  },
  async "rest: readMe"() {
    return http.request(readMe({ fields: ["first_name", "email"] }));
  },
  async "rest: readUsers"() {
    const filter = { first_name: { _eq: "Ann" } };
    return http.request(readUsers({ fields: ["first_name"], filter }));
  },
  async "rest: readUser"() {
    const { id } = await http.request(readMe());
    return http.request(readUser(id, { fields: ["first_name", "last_name"] }));
  },
  async "rest: another's token"() {
    return createDirectus(url).with(rest()).request(withToken("wrong", readMe()));
  },
  async "rest: without a token"() {
    return createDirectus(url).with(rest()).request(readItems("messages"));
  },
  async "rest: the server"() {
    const { project } = await http.request(serverInfo());
    return [await http.request(serverPing()), typeof project.project_name];
  },
  async "rest: serverHealth"() {
    return (await http.request(serverHealth())).status;
  },
  async "rest: aggregate"(name) {
    await make(name, "one", "two");
    const query = { filter: of(name).filter };
    return http.request(aggregate("messages", { aggregate: { count: "*" }, query }));
  },
  async "rest: groupBy"(name) {
    await make(name, "one", "two");
    const query = { filter: of(name).filter };
    const how = { aggregate: { count: "id" }, groupBy: ["user"], query };
    const [group] = await http.request(aggregate("messages", how));
    return [group.user === name, group.count];
  },
  async "rest: deep"(name) {
    await make(name, "one");
    const query = { ...of(name), fields: ["text"], deep: { user_created: { _limit: 1 } } };
    return http.request(readItems("messages", query));
  },
  async "rest: updateMe"() {
    return http.request(updateMe({ first_name: "Bob" }));
  },
  async "rest: readCollections"() {
    return (await http.request(readCollections())).length > 0;
  },
  async "rest: readFieldsByCollection"() {
    return (await http.request(readFieldsByCollection("messages"))).length;
  },
  async "rest: readRoles"() {
    return http.request(readRoles());
  },
  async "rest: readItemPermissions"() {
    return (await http.request(readItemPermissions("messages", 1))).update.access;
  },
  async "rest: uploadFiles"() {
    const form = new FormData();
    form.append("file", new Blob(["text"]), "text.txt");
    return http.request(uploadFiles(form));
  },
  async "rest: readProviders"() {
    return http.request(readProviders());
  },
  async "graphql: a query"() {
    const directus = createDirectus(url).with(staticToken(token)).with(graphql());
    return directus.query("query { messages(limit: 0) { text } }");
  },

  async "authentication: login, refresh and logout"() {
    const directus = createDirectus(url).with(authentication("json")).with(rest());
    const login = await directus.login({ email, password });
    const { first_name } = await directus.request(readMe());
    const refreshed = await directus.refresh();
    const kinds = [typeof login.access_token, typeof refreshed.refresh_token, login.expires];
    await directus.logout();
    return [first_name, ...kinds, await directus.getToken()];
  },
  async "authentication: a wrong password"() {
    const directus = createDirectus(url).with(authentication("json"));
    return directus.login({ email, password: "wrong" });
  },
  async "authentication: a login in the mode cookie"() {
    const directus = createDirectus(url).with(authentication("cookie"));
    return typeof (await directus.login({ email, password })).access_token;
  },
  async "authentication: a login in the mode session"() {
    const directus = createDirectus(url).with(authentication("session"));
    return typeof (await directus.login({ email, password })).expires;
  },

  async "realtime: connect and disconnect"() {
    const directus = open();
    const seen = [];
    const closed = new Promise((resolve) => directus.onWebSocket("close", resolve));
    directus.onWebSocket("open", () => seen.push("open"));
    directus.onWebSocket("message", ({ type, status }) => seen.push(`${type} ${status}`));
    await directus.connect();
    directus.disconnect();
    await closed;
    return seen;
  },
  async "realtime: connect after a login"() {
    const login = createDirectus(url).with(authentication("json")).with(rest());
    await login.login({ email, password });
    const directus = login.with(realtime({ reconnect: false }));
    await directus.connect();
    const answer = await ask(directus, "r", { action: "read", query: { limit: 0 } });
    directus.disconnect();
    await login.logout();
    return answer.data;
  },
  async "realtime: connect with a wrong token"() {
    const directus = createDirectus(url)
      .with(staticToken("wrong"))
      .with(realtime({ reconnect: false }));
    const closed = new Promise((resolve) => directus.onWebSocket("close", resolve));
    const failed = directus.connect().then(
      () => "connected",
      () => "refused",
    );
    await closed;
    return failed;
  },
  async "realtime: subscribe to creates"(name) {
    return connected(async (directus) => {
      const query = { fields: ["text"], filter: of(name).filter };
      const { subscription } = await directus.subscribe("messages", { event: "create", query });
      const init = await value(subscription);
      const { type, event, data } = await value(subscription, () => make(name, "one"));
      return [init.event, type, event, data];
    });
  },
  async "realtime: subscribe with a relation in the fields"(name) {
    return connected(async (directus) => {
      const query = { fields: ["text", "user_created.first_name"] };
      const { subscription } = await directus.subscribe("messages", { event: "create", query });
      await value(subscription);
      return (await value(subscription, () => make(name, "one"))).data;
    });
  },
  async "realtime: subscribe to all events"(name) {
    return connected(async (directus) => {
      const query = { fields: ["text"], ...of(name) };
      const { subscription } = await directus.subscribe("messages", { query });
      let id;
      const init = await value(subscription);
      const made = await value(subscription, async () => ([{ id }] = await make(name, "one")));
      const change = updateItem("messages", id, { text: "two" });
      const changed = await value(subscription, () => http.request(change));
      const gone = await value(subscription, () => http.request(deleteItem("messages", id)));
      const same = gone.data[0] == id;
      return [init.data, made.event, made.data, changed.event, changed.data, gone.event, same];
    });
  },
  async "realtime: subscribe with a uid, and unsubscribe"(name) {
    return connected(async (directus) => {
      const options = { event: "create", uid: "mine" };
      const { subscription, unsubscribe } = await directus.subscribe("messages", options);
      const init = await value(subscription);
      const next = messagesOf(directus, ({ event }) => event === "unsubscribe");
      unsubscribe();
      return [init.uid, (await next()).uid];
    });
  },
  async "realtime: subscribe to an unknown collection"() {
    return connected(async (directus) => {
      const next = messagesOf(directus, ({ status }) => status === "error");
      directus.sendMessage({ type: "subscribe", collection: "nope", uid: "n" });
      const { type, status } = await next(); // its code is another before Directus 12.4
      return [type, status];
    });
  },
  async "realtime: create, read, update and delete"(name) {
    return connected(async (directus) => {
      const data = { text: "one", user: name };
      const query = { fields: ["text"] };
      const made = await ask(directus, "c", { action: "create", data });
      const { id } = made.data;
      const read = await ask(directus, "r", { action: "read", id, query });
      const changed = await ask(directus, "u", { action: "update", id, data: { text: "two" }, query });
      const gone = await ask(directus, "d", { action: "delete", id });
      return [made.data.text, read.data, changed.data.text, gone.data == id];
    });
  },
  async "realtime: create of several, read by a query"(name) {
    return connected(async (directus) => {
      const data = ["one", "two"].map((text) => ({ text, user: name }));
      const made = await ask(directus, "c", { action: "create", data });
      const query = { ...of(name), fields: ["text"], meta: "filter_count" };
      const { data: rows, meta } = await ask(directus, "r", { action: "read", query });
      return [texts(made.data), rows, meta];
    });
  },
  async "realtime: ping"() {
    return connected(async (directus) => {
      const next = messagesOf(directus, ({ type }) => type === "pong");
      directus.sendMessage({ type: "ping", uid: "p" });
      return next();
    });
  },
  async "realtime: a type that is unknown is not answered"() {
    return connected(async (directus) => {
      const next = messagesOf(directus, () => true);
      directus.sendMessage({ type: "typing-indicator", channel: "general" });
      directus.sendMessage({ type: "ping" });
      return (await next()).type;
    });
  },
  async "realtime: aggregate"(name) {
    await make(name, "one");
    return connected(async (directus) => {
      const query = { filter: of(name).filter, aggregate: { count: "*" } };
      const { status, error, data } = await ask(directus, "a", { action: "read", query });
      return status === "error" ? error : data;
    });
  },
};

// What the SDK throws: an error with Directus' errors in it, or one of its own.
function failure(error) {
  const [first] = error?.errors ?? [];
  return first ? { code: first.extensions?.code, message: first.message } : { code: String(error) };
}

// Seconds for one check; where Directus stays silent, so does the SDK.
const LIMIT = 10;

function within(seconds, work) {
  const late = new Promise((_, reject) => setTimeout(reject, seconds * 1000, "no answer"));
  return Promise.race([work, late]);
}

const outcomes = {};
for (const [name, check] of Object.entries(CHECKS)) {
  try {
    outcomes[name] = (await within(LIMIT, check(name))) ?? null;
  } catch (error) {
    outcomes[name] = failure(error);
  }
}
console.log(JSON.stringify(outcomes));
process.exit();
