import type { Metric, Registry } from 'prom-client';

/*
 * Counters and histograms of the hot path. prom-client's own check and hash their labels at each
 * step, some 0.7 us a time and ten times a request; these count in plain cells and take
 * prom-client's shape when they are read.
 */

interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

abstract class CellMetric<Cell> {
  abstract readonly type: 'counter' | 'histogram';
  readonly aggregator = 'sum';
  readonly name: string;
  readonly help: string;
  readonly #labelNames: readonly string[];
  readonly #cells = new Map<string, { labels: Record<string, string>; cell: Cell }>();

  constructor(registry: Registry, name: string, help: string, labelNames: readonly string[]) {
    this.name = name;
    this.help = help;
    this.#labelNames = labelNames;
    // All that the registry asks of a metric is its name and `get`.
    registry.registerMetric(this as unknown as Metric);
  }

  protected abstract newCell(): Cell;
  protected abstract samples(labels: Record<string, string>, cell: Cell): Sample[];

  protected cellOf(values: readonly string[]): Cell {
    const key = values.length === 1 ? (values[0] ?? '') : values.join('\n');
    const known = this.#cells.get(key);
    if (known !== undefined) return known.cell;
    const labels = Object.fromEntries(this.#labelNames.map((name, i) => [name, values[i] ?? '']));
    const cell = this.newCell();
    this.#cells.set(key, { labels, cell });
    return cell;
  }

  get() {
    const values = [...this.#cells.values()].flatMap(({ labels, cell }) =>
      this.samples(labels, cell),
    );
    const { name, help, type, aggregator } = this;
    return Promise.resolve({ name, help, type, aggregator, values });
  }
}

export class CellCounter extends CellMetric<{ count: number }> {
  readonly type = 'counter';

  protected newCell() {
    return { count: 0 };
  }

  /** @param labels in the order of the label names */
  add(count: number, ...labels: readonly string[]): void {
    this.cellOf(labels).count += count;
  }

  protected samples(labels: Record<string, string>, { count }: { count: number }): Sample[] {
    return [{ labels, value: count }];
  }
}

interface Buckets {
  readonly counts: Float64Array;
  sum: number;
}

export class CellHistogram extends CellMetric<Buckets> {
  readonly type = 'histogram';
  readonly #bounds: readonly number[];

  constructor(
    registry: Registry,
    name: string,
    help: string,
    options: { readonly labelNames: readonly string[]; readonly bounds: readonly number[] },
  ) {
    super(registry, name, help, options.labelNames);
    this.#bounds = options.bounds;
  }

  protected newCell(): Buckets {
    return { counts: new Float64Array(this.#bounds.length + 1), sum: 0 };
  }

  observe(value: number, ...labels: readonly string[]): void {
    const cell = this.cellOf(labels);
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] ?? Infinity)) bucket++;
    cell.counts[bucket] = (cell.counts[bucket] ?? 0) + 1;
    cell.sum += value;
  }

  /** Prometheus counts what is at or below each bound. */
  protected samples(labels: Record<string, string>, { counts, sum }: Buckets): Sample[] {
    let below = 0;
    const buckets = [...counts].map((count, i): Sample => {
      below += count;
      return {
        metricName: `${this.name}_bucket`,
        labels: { ...labels, le: this.#bounds[i] ?? '+Inf' },
        value: below,
      };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: below },
    ];
  }
}
