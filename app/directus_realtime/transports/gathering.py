"""JavaScript that gathers the frames of a WebSocket while many come.

Each crossing into Python costs as much as handling the frame, so frames that come close together
cross in one. A frame that comes alone crosses at once.
"""

GATHER = """
(socket) => {
  const ALONE = 2; // frames of a window that are not held: a create brings an event and an answer
  const WINDOW = 12; // milliseconds for which frames are held
  const MOST = 256; // frames in one batch
  // A hidden page delays timers, but not a channel.
  const { port1, port2 } = new MessageChannel();
  let held = [], seen = 0, began = -Infinity, arrived = 0, isPosted = false;

  const flush = () => {
    const texts = held;
    held = [];
    if (texts.length) socket.dispatchEvent(new CustomEvent("frames", { detail: texts }));
  };
  const take = ({ data }) => {
    const now = performance.now();
    if (now - began > WINDOW && !held.length) [began, seen] = [now, 0];
    seen += 1;
    held.push(typeof data === "string" ? data : ""); // what is no text is no JSON
    if (seen <= ALONE || held.length >= MOST) return flush();
    if (isPosted) return;
    isPosted = true;
    arrived = held.length;
    port2.postMessage(null);
  };
  // Held frames are delivered when none has come since the last look, or the window is over.
  port1.onmessage = () => {
    isPosted = false;
    if (!held.length) return;
    const isOver = performance.now() - began > WINDOW;
    if (held.length > arrived && !isOver) {
      isPosted = true;
      arrived = held.length;
      port2.postMessage(null);
      return;
    }
    if (isOver) [began, seen] = [performance.now(), ALONE];
    flush();
  };
  socket.addEventListener("message", take);
  socket.addEventListener("close", flush);
  return {
    stop() {
      socket.removeEventListener("message", take);
      socket.removeEventListener("close", flush);
      port1.close();
      held = [];
    },
  };
}
"""
"""A function that begins to gather the frames of a socket.

The socket dispatches them as events ``frames``, whose ``detail`` is an array of texts, the oldest
first; the last before a listener of ``close`` that is registered later. The function returns an
object; its ``stop()`` ends it and drops what is held.
"""
