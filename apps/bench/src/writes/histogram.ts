// Latencies in buckets of about 1 % width, so that percentiles of millions of operations cost no
// memory per operation.

const BUCKETS_PER_DOUBLING = 64;
const SMALLEST_MS = 0.001;

export interface Histogram {
  readonly count: number;
  add(valueMs: number): void;
  /** The value that the fraction `p` (0 to 1) of all stays below, to within 1.1 %. */
  percentile(p: number): number;
}

export function createHistogram(): Histogram {
  const buckets = new Float64Array(40 * BUCKETS_PER_DOUBLING);
  let count = 0;
  return {
    get count() {
      return count;
    },
    add(valueMs) {
      const bucket = Math.log2(Math.max(valueMs, SMALLEST_MS) / SMALLEST_MS) * BUCKETS_PER_DOUBLING;
      const at = Math.min(buckets.length - 1, Math.floor(bucket));
      buckets[at] = (buckets[at] ?? 0) + 1;
      count++;
    },
    percentile(p) {
      let left = Math.ceil(p * count);
      for (const [at, inBucket] of buckets.entries()) {
        left -= inBucket;
        if (left <= 0) return SMALLEST_MS * 2 ** ((at + 1) / BUCKETS_PER_DOUBLING);
      }
      return 0;
    },
  };
}
