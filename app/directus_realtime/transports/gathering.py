"""JavaScript between Python and a WebSocket: it gathers frames while many come, and writes one.

Each crossing into Python costs as much as handling the frame, so frames that come close together
cross in one. A frame that comes alone crosses at once. Only texts cross, since each object that
does gets a proxy.
"""

GATHER = """
(socket) => {
  const ALONE = 2; // frames of a window that are not held: a create brings an event and an answer
  const WINDOW = 12; // milliseconds for which frames are held
  const MOST = 256; // frames in one batch, and fewer where they take longer than
  const BUSY = 16; // milliseconds: what else the page does has its turn between two batches
  // A hidden page delays timers, but not a channel.
  const { port1, port2 } = new MessageChannel();
  let held = [], seen = 0, began = -Infinity, arrived = 0, isPosted = false, most = MOST;

  const post = () => {
    port2.postMessage(null);
    isPosted = true;
    arrived = held.length;
  };
  const flush = () => {
    const texts = held.splice(0, most);
    if (!texts.length) return;
    const started = performance.now();
    try {
      socket.onframes(...texts);
    } catch (error) {
      reportError(error);
    }
    const pace = (performance.now() - started) / texts.length;
    most = Math.min(MOST, Math.max(1, Math.round(BUSY / pace)));
    if (held.length && !isPosted) post();
  };
  const flushAll = () => {
    while (held.length) flush();
  };
  const take = ({ data }) => {
    const now = performance.now();
    if (now - began > WINDOW && !held.length) [began, seen] = [now, 0];
    seen += 1;
    held.push(typeof data === "string" ? data : ""); // what is no text is no JSON
    if (seen <= ALONE || held.length >= most) flush();
    else if (!isPosted) post();
  };
  // Held frames are delivered when none has come since the last look, or the window is over.
  port1.onmessage = () => {
    isPosted = false;
    if (!held.length) return;
    const isOver = performance.now() - began > WINDOW;
    if (held.length > arrived && held.length < most && !isOver) return post();
    if (isOver) [began, seen] = [performance.now(), ALONE];
    flush();
  };
  socket.addEventListener("message", take);
  socket.addEventListener("close", flushAll);
  return {
    send(text) {
      const isOpen = socket.readyState === socket.OPEN;
      if (isOpen) socket.send(text);
      return isOpen;
    },
    stop() {
      socket.removeEventListener("message", take);
      socket.removeEventListener("close", flushAll);
      port1.close();
      held = [];
    },
  };
}
"""
"""A function that begins to gather the frames of a socket.

It calls the socket's ``onframes`` with their texts, the oldest first; the last time before a
listener of ``close`` that is registered later. The function returns an object: its ``send()``
writes a frame, and returns whether the socket took it; its ``stop()`` ends the gathering and drops
what is held.
"""
