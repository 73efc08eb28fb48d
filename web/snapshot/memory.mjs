// WebAssembly's memory in a snapshot: which parts of it a page has to fetch.

const PAGE = 4096; // bytes
const GAP = 2 ** 14; // bytes: a shorter row of zeros is fetched

/**
 * Clear the memory that Python has freed, which no page need fetch. What the allocator hands out is
 * taken, cleared and freed, as long as the memory does not grow for it.
 */
export function clearFreeMemory({ _malloc, _free, _sbrk, HEAPU8 }) {
  const taken = [];
  for (let size = 2 ** 20; size >= 64; size /= 2) {
    for (let end = _sbrk(0); ; ) {
      const place = _malloc(size);
      taken.push(place);
      if (_sbrk(0) !== end) break;
      HEAPU8.fill(0, place, place + size);
    }
  }
  taken.forEach(_free);
}

/** Return how many bytes at the beginning WebAssembly itself brings and nobody changes. */
export function constantOf(bytes, fresh) {
  let at = 0;
  while (at < bytes.length && isSame(bytes, fresh, at)) at += PAGE;
  return at;
}

function isSame(bytes, others, at) {
  return bytes.subarray(at, at + PAGE).every((byte, index) => byte === others[at + index]);
}

/**
 * Return where memory is not zero, and where it is, each as a list of [start, end]. Half of it is
 * zeros, in long rows. The stack's are left out: it is empty while Python rests.
 */
export function partsOf(bytes, from, module) {
  const { _emscripten_stack_get_end: end, _emscripten_stack_get_base: base } = module;
  const [parts, zeros] = [[], []];
  let stop = from;
  for (let at = from; at <= bytes.length; at += PAGE) {
    const isEmpty = bytes.subarray(at, at + PAGE).every((byte) => byte === 0);
    if (isEmpty && at < bytes.length) continue;
    if (at - stop >= GAP || parts.length === 0) {
      const isStack = stop > end() - PAGE && at <= base();
      if (at > stop) zeros.push(...(isStack ? [] : [[stop, at]]));
      if (at < bytes.length) parts.push([at, at]);
    }
    stop = at + PAGE;
    if (at < bytes.length) parts.at(-1)[1] = stop;
  }
  return [parts, zeros];
}

/** Return the sum of a byte of every kilobyte; app/runtime.mjs computes the same. */
export function sumOf(bytes) {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 1024) sum = (Math.imul(sum, 31) + bytes[at]) >>> 0;
  return sum;
}
