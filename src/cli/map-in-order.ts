/**
 * Results in the order of the items, with at most `limit` items taken and not yielded yet: what a
 * slow consumer does not take stops the reading. A result is yielded as soon as it is its turn,
 * also while the next item is still awaited.
 */
export async function* mapInOrder<Item, Result>(
  items: AsyncIterable<Item>,
  limit: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const iterator = items[Symbol.asyncIterator]();
  const running: Promise<Result>[] = [];
  let next: Promise<IteratorResult<Item>> | null = null;
  let isAtEnd = false;
  try {
    while (!isAtEnd || running.length > 0) {
      if (!isAtEnd && running.length < limit) next ??= iterator.next();
      const [first] = running;
      const arrived = await firstOf(next, first);
      if (arrived === 'result' || next === null) {
        void running.shift();
        if (first !== undefined) yield await first;
        continue;
      }
      const item = await next;
      next = null;
      if (item.done === true) isAtEnd = true;
      else running.push(started(work(item.value)));
    }
  } finally {
    if (!isAtEnd) await iterator.return?.();
  }
}

/** Which of the two is settled first; a result that is ready goes before a next item. */
function firstOf(
  next: Promise<unknown> | null,
  result: Promise<unknown> | undefined,
): Promise<'item' | 'result'> {
  const waits: Promise<'item' | 'result'>[] = [];
  if (result !== undefined) waits.push(result.then(() => 'result' as const));
  if (next !== null) waits.push(next.then(() => 'item' as const));
  return Promise.race(waits);
}

/** Its failure is thrown when its turn comes; until then it must not count as unhandled. */
function started<Result>(work: Promise<Result>): Promise<Result> {
  work.catch(() => undefined);
  return work;
}
