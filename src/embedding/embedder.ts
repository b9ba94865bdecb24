/** One embedded text. */
export interface Embedding {
  /** Unit-length sentence vector, `dimensions` long. */
  readonly vector: Float32Array;
  /** Number of tokens of the whole text; null where the embedder does not say (an endpoint). */
  readonly tokens: number | null;
  /** Share of the tokens, 0..1, that the vocabulary does not know; null where unknown. */
  readonly unknownShare: number | null;
}

/**
 * Turns texts into sentence vectors. Everything that scores a prompt goes through this
 * interface, so that training, calibration, evaluation and serving see the same numbers.
 */
export interface Embedder {
  /** Stable identity of the vectors; router weights name the embedder that they were trained for. */
  readonly id: string;
  /** Length of every vector. */
  readonly dimensions: number;
  /** Command-line flags that open it again, such as `--embedder hub:./bge`; for advice. */
  readonly flags?: string;
  /**
   * One embedding per text, in order.
   * @throws EmbeddingError when the model or endpoint fails or the signal aborts.
   */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<Embedding[]>;
  /** False while texts wait for a process that is being replaced; asks nothing and costs nothing. */
  isReady?(): boolean;
  close(): Promise<void>;
}
