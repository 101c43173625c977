/** What a clock on the wall differs from UTC by, at each time. */
export interface Zone {
  /** In seconds east of UTC, at a time in seconds since the epoch. */
  offsetAt(time: number): number;
}

export const utc: Zone = { offsetAt: () => 0 };
