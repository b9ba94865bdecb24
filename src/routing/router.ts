/** What a router says about one prompt. */
export interface PromptScore {
  /** Probability, 0..1, that the strong model's answer beats the weak one's on this prompt. */
  readonly winRate: number;
  /** The sentence vector that the score was made from; null for routers without one. */
  readonly embedding: Float32Array | null;
}

/** Why a score is what it is, for `POST /v1/router/score`. */
export interface ScoreReason {
  /** A group of evidence in words, such as "sentence meaning", "wording", "length and marks". */
  readonly name: string;
  /** What it adds to the score's logit; positive speaks for the strong model. */
  readonly contribution: number;
}

export interface ExplainedScore extends PromptScore {
  /** Expected quality of each model's answer, 0..1; null for routers that do not estimate it. */
  readonly expectedQuality: { readonly strong: number; readonly weak: number } | null;
  readonly reasons: readonly ScoreReason[];
}

/** How good a router was found to be when it was made, as its weights say. */
export interface RouterCard {
  /** Trained models that stand for the two deployments. */
  readonly strongProfile: string;
  readonly weakProfile: string;
  readonly embedderId: string;
  /** Behind the training, in prompts, outcomes and models. */
  readonly prompts: number;
  readonly outcomes: number;
  readonly models: number;
  /** Weighted cross entropy on dev, nats an outcome. */
  readonly devLoss: number;
  readonly calibrationError: number | null;
  /** Pairs on dev with all their sources pooled. */
  readonly pairs: readonly {
    readonly strong: string;
    readonly weak: string;
    readonly prompts: number;
    readonly apgr: number;
    readonly interval95: readonly [number, number];
  }[];
}

/**
 * A router gives one number per prompt, which is compared with a threshold: at or above it the
 * strong model answers (RouteLLM's rule and tie). 0 sends everything to the strong model.
 */
export interface Router {
  /** As in the model name `router-<name>-<threshold>`. */
  readonly name: string;
  /** Changes whenever the same prompt could get another score: weights, embedder, pair. */
  readonly version: string;
  /** The threshold when nobody set or calibrated one. */
  readonly defaultThreshold: number;
  /** Scores of the traffic that the weights bring along; absent where there is none. */
  readonly trafficScores?: { readonly deciles: readonly number[]; readonly scores: number };
  /** Of its weights, without what a local head corrects; absent where they tell nothing of themselves. */
  readonly card?: RouterCard;
  /** The score if it is known without any work; null otherwise. */
  peek?(text: string): PromptScore | null;
  /** @throws EmbeddingError when the embedder fails, times out or the signal aborts. */
  score(text: string, signal?: AbortSignal): Promise<PromptScore>;
  explain(text: string, signal?: AbortSignal): Promise<ExplainedScore>;
}
