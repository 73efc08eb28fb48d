"""The functions of ``createItem`` and ``directus``, as JavaScript, so that they print as functions.

They look like the JS SDK's, and ask ``devtools.py``.
"""

from pyodide.code import run_js

HELP = """\
Each line can be copied and typed here.

createItem('Hello World!', 'Ben')

const { subscription, unsubscribe } = await directus.subscribe('messages', {
  event: 'create', query: { fields: ['user', 'text'] } })
for await (const item of subscription) console.log(item)    // unsubscribe() ends it

directus.sendMessage({ type: 'items', collection: 'messages', action: 'create',
  data: { text: 'Hello Universe!', user: 'Rijk' } })
const remove = directus.onWebSocket('message', (message) => console.log(message))

const messages = directus.items('messages')
await messages.create({ text: 'one', user: 'Ben' })
await messages.read({ filter: { user: { _eq: 'Ben' } }, sort: ['-id'], limit: 5 })
await messages.update({ text: 'two' }, { id: 1 })           // or ids: [1, 2], or a query: {...}
await messages.delete({ id: 1 })                            // both only if the token's user may

directus.state(); directus.stats()
directus.inspect()          // subscriptions, what waits; from the second call on the last frames
directus.cut()              // drops the connection: see it come back
directus.offline()          // as without a network, until
directus.online()
directus.disconnect(); await directus.connect()"""

# Called with the function of Python's that all of them call, and with the help. Python answers a
# call by its number: with ``fail``, or with ``done`` and JSON, or a value that JSON cannot hold.
make_functions = run_js(r"""
(call, help) => {
  const value = (crossed) => (typeof crossed === "string" ? JSON.parse(crossed) : crossed);
  const failure = (sentence, code) => {
    const error = Object.assign(new Error(sentence), { code });
    error.stack = `Error: ${sentence}`; // frames of the interpreter would tell nobody anything
    return error;
  };
  // What is asked has a number: a function that crossed would get a proxy.
  const asked = new Map();
  let last = 0;
  const settle = (number) => {
    const waiting = asked.get(number);
    asked.delete(number);
    return waiting;
  };
  const done = (number, crossed) => settle(number).done(value(crossed));
  const fail = (number, sentence, code) => settle(number).fail(failure(sentence, code));
  const ask = (name, values, waiting, ...listener) => {
    const number = ++last;
    asked.set(number, waiting);
    let text;
    try {
      text = JSON.stringify(values);
    } catch (error) {
      return fail(number, error.message, error.name);
    }
    call(number, name, text, ...listener);
  };
  const later = (name, ...values) => new Promise((resolve, reject) => {
    ask(name, values, { done: resolve, fail: reject });
  });
  const now = (name, values, ...listener) => {
    let result, failed;
    const waiting = {
      done: (found) => { result = found; },
      fail: (error) => { failed = error; },
    };
    ask(name, values, waiting, ...listener);
    if (failed) throw failed;
    return result;
  };

  const onWebSocket = (event, callback) => {
    if (typeof callback !== "function") {
      throw failure("onWebSocket takes an event and a function to call.", "USAGE_ERROR");
    }
    const listener = (crossed) => {
      try {
        callback(value(crossed));
      } catch (error) {
        reportError(error);
      }
    };
    const number = now("listen", [event], listener);
    return () => now("remove", [number]);
  };
  const subscribe = async (collection, options) => {
    const number = await later("subscribe", collection, options);
    const unsubscribe = () => now("unsubscribe", [number]);
    const messages = async function* () {
      try {
        for (let message; (message = await later("next", number)); ) yield message;
      } finally {
        unsubscribe();
      }
    };
    return { subscription: messages(), unsubscribe };
  };
  const items = (collection) => ({
    create: (data, options) => later("create", collection, data, options),
    read: (query, options) => later("read", collection, query, options),
    update: (data, options) => later("update", collection, data, options),
    delete: (options) => later("delete", collection, options),
  });
  const directus = {
    help: () => console.log(help),
    connect: () => later("connect"),
    disconnect: () => now("disconnect", []),
    sendMessage: (message) => now("send", [message]),
    subscribe,
    onWebSocket,
    items,
    state: () => now("state", []),
    stats: () => now("stats", []),
    inspect: () => now("inspect", []),
    cut: () => now("cut", []),
    offline: () => now("offline", []),
    online: () => now("online", []),
  };
  return { directus, done, fail, createItem: (text, user) => later("create_item", { text, user }) };
}
""")
