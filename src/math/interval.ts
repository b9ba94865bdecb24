/** Its lower and its upper end. */
export type Interval = readonly [number, number];
