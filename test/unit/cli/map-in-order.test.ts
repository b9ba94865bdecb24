import { expect, test } from 'vitest';
import { mapInOrder } from '../../../src/cli/map-in-order.ts';

async function* count(to: number) {
  for (let i = 0; i < to; i++) {
    await Promise.resolve();
    yield i;
  }
}

test('results come in the order of the items, whichever is ready first', async () => {
  const results: number[] = [];
  const work = async (item: number) => {
    await new Promise((resolve) => setTimeout(resolve, (5 - (item % 5)) * 2));
    return item * 10;
  };
  for await (const result of mapInOrder(count(12), 5, work)) results.push(result);
  expect(results).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110]);
});

test('a consumer that does not take stops the reading', async () => {
  let taken = 0;
  const work = (item: number) => {
    taken += 1;
    return Promise.resolve(item);
  };
  const results = mapInOrder(count(1000), 4, work);
  await results.next();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(taken).toBeLessThanOrEqual(5);
  await results.return(undefined);
});

test('a failure is thrown when its turn comes, and closes the source', async () => {
  let isClosed = false;
  async function* source() {
    try {
      yield* count(10);
    } finally {
      isClosed = true;
    }
  }
  const results: number[] = [];
  const run = async () => {
    const work = (item: number) =>
      item === 2 ? Promise.reject(new Error('third')) : Promise.resolve(item);
    for await (const result of mapInOrder(source(), 4, work)) results.push(result);
  };
  await expect(run()).rejects.toThrow('third');
  expect(results).toEqual([0, 1]);
  expect(isClosed).toBe(true);
});
