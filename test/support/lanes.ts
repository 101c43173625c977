/**
 * Runs `job` for each item, at most `lanes` at a time, in order. After an abort none is begun any
 * more; resolves when those that were begun have ended.
 */
export async function inLanes<Item>(
  items: readonly Item[],
  lanes: number,
  job: (item: Item) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const queue = [...items];
  const lane = async () => {
    for (let item = queue.shift(); item !== undefined && !signal.aborted; item = queue.shift()) {
      await job(item);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
