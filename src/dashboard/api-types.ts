/*
 * What `/dashboard/api` answers, as JSON: the contract of the server with the page, whose modules
 * import these types. Times are ISO 8601 in UTC unless a name says otherwise, durations milliseconds,
 * shares and scores 0..1, money US dollars. Null: not known.
 */

import type { HeadReport } from '../store/head-report.ts';

export const rangeNames = ['15m', '1h', '6h', '24h', '7d', '30d', 'all'] as const;
export type RangeName = (typeof rangeNames)[number];

export type Tier = 'strong' | 'weak';

export interface Price {
  readonly input_per_mtok: number;
  readonly output_per_mtok: number;
}

/** `GET /dashboard/api/overview?range=` */
export interface Overview {
  readonly server: ServerState;
  readonly traffic: Traffic;
}

/** What holds now, from memory. */
export interface ServerState {
  readonly version: string;
  readonly models: Readonly<Record<Tier, { readonly name: string; readonly price: Price | null }>>;
  readonly router: {
    readonly name: string;
    readonly version: string;
    readonly threshold: number;
    readonly origin: 'online' | 'configured' | 'calibrated' | 'default';
  };
  /** Of the last scores that follow the threshold: how many, and the share that went to strong. */
  readonly recent: { readonly scores: number; readonly strong_share: number | null };
  /** The share that the threshold is held at; null when it does not follow the traffic. */
  readonly target_strong_share: number | null;
  /** Null without scores to compare with, or with too few since. */
  readonly drift: Drift | null;
  readonly card: ReportCard | null;
  readonly deployments: readonly {
    readonly id: string;
    readonly group: string;
    readonly model: string;
    readonly state: string;
    readonly in_flight: number;
  }[];
  readonly log: {
    readonly prompts: 'none' | 'hash' | 'full';
    readonly dropped: number;
    readonly failure: string | null;
  };
  /** True for the simulated models of a first start. */
  readonly demo: boolean;
}

/** What the weights file says of how good its head is, without what a learned one corrects. */
export interface ReportCard {
  /** Trained models that stand for the two, by which scores are made. */
  readonly strong_profile: string;
  readonly weak_profile: string;
  readonly embedder: string;
  readonly prompts: number;
  readonly outcomes: number;
  readonly models: number;
  /** Weighted cross entropy on dev, nats an outcome. */
  readonly dev_loss: number;
  readonly calibration_error: number | null;
  /** Pairs on dev, sources pooled; 0.5 is chance. */
  readonly pairs: readonly {
    readonly strong: string;
    readonly weak: string;
    readonly prompts: number;
    readonly apgr: number;
    readonly interval95: readonly [number, number];
  }[];
}

/** What the log tells of a range of time. */
export interface Traffic {
  readonly range: {
    readonly name: RangeName;
    readonly from: string;
    readonly to: string;
    readonly bucket_ms: number;
  };
  /** Requests in the whole log, for an empty range. */
  readonly logged_requests: number;
  readonly totals: Totals;
  readonly series: Series;
  readonly latency: readonly TierLatency[];
  readonly scores: ScoreView | null;
  /** How decisions were made, the most frequent first. */
  readonly reasons: readonly { readonly reason: string; readonly count: number }[];
  readonly errors: readonly ErrorCount[];
  readonly fallbacks: readonly FallbackCount[];
  readonly thresholds: readonly AppliedThresholdView[];
  readonly head: HeadView | null;
  readonly evidence: {
    readonly explicit: number;
    readonly compared: number;
    readonly implicit: number;
  };
}

export interface Totals {
  readonly requests: number;
  readonly strong: number;
  readonly weak: number;
  /** Another group that the client named, or undecided. */
  readonly other: number;
  /** Decided by a router. */
  readonly routed: number;
  readonly routed_strong: number;
  readonly failed: number;
  readonly client_aborts: number;
  readonly fell_back: number;
  /** Of calls whose price is known. */
  readonly cost_usd: number | null;
  readonly savings: Savings;
}

/** Against sending every routed request to the strong model, for the same tokens. */
export interface Savings {
  /** Null without prices of both models, or without priced requests. */
  readonly usd: number | null;
  readonly always_strong_usd: number | null;
  readonly priced_requests: number;
  /** Null with too few strong answers to know the strong model's speed. */
  readonly ms: number | null;
  readonly timed_requests: number;
  /** Strong answers behind its speed, and how many are needed. */
  readonly strong_answers: number;
  readonly strong_answers_needed: number;
}

/** One value a bucket, all of one length. */
export interface Series {
  /** Begin of each bucket, seconds since the epoch. */
  readonly t: readonly number[];
  readonly strong: readonly number[];
  readonly weak: readonly number[];
  readonly other: readonly number[];
  readonly failed: readonly number[];
  /** Median time to the first byte, in ms; null in a bucket without one. */
  readonly ttft_strong: readonly (number | null)[];
  readonly ttft_weak: readonly (number | null)[];
}

export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export interface TierLatency {
  readonly tier: Tier;
  readonly ttft: Percentiles | null;
  readonly duration: Percentiles | null;
  readonly decision: Percentiles | null;
}

/** The newest scores of the router in force, and what another threshold would have done to them. */
export interface ScoreView {
  readonly count: number;
  /** True when the range holds more scores than were read. */
  readonly is_truncated: boolean;
  /**
   * Scores from i / 1000 to (i + 1) / 1000, for i = 0 … 1000: the share of strong calls at a
   * threshold of i / 1000 is the sum from i on over `count`.
   */
  readonly counts: readonly number[];
  /** Mean cost of 1,000 requests at a threshold of i / 1000; null without both prices. */
  readonly usd_per_1k: readonly number[] | null;
  /** Mean time of an answer at a threshold of i / 1000; null with too few answers of a tier. */
  readonly ms_per_answer: readonly number[] | null;
  readonly quality: QualityView;
}

/** With its 95 % interval. */
export interface Estimated {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Measured quality by threshold, from the outcomes of the router version, of any time. */
export interface QualityView {
  readonly outcomes: number;
  /** Why nothing can be said; null when it can. */
  readonly missing: 'no_outcomes' | 'no_exploration' | 'unlike_propensities' | 'too_few' | null;
  /** Quality of always-strong less that of always-weak. */
  readonly advantage: Estimated | null;
  /** Ascending thresholds. */
  readonly points:
    | readonly {
        readonly threshold: number;
        /** Mean quality of the answers, 0..1. */
        readonly quality: Estimated | null;
        /** Part of the advantage that is kept; 1 is always-strong. */
        readonly pgr: Estimated | null;
      }[]
    | null;
}

export interface ErrorCount {
  readonly code: string;
  readonly status: number;
  readonly count: number;
  readonly last_at: string;
  readonly last_decision_id: string;
}

export interface FallbackCount {
  /** Who was decided for. */
  readonly tier: string;
  /** Model that was called last. */
  readonly model: string;
  readonly count: number;
  readonly last_at: string;
}

/** The last scores against those that the threshold in force was found from. */
export interface Drift {
  readonly level: 'stable' | 'moderate' | 'major';
  /** Population stability index, and what chance alone exceeds once in a thousand times. */
  readonly psi: number;
  readonly psi_noise: number;
  /** Scores that were compared. */
  readonly scores: number;
  readonly reference: {
    readonly origin: 'calibration' | 'weights';
    readonly scores: number;
    readonly since: string | null;
  };
  /** Share of the reference's and of the last scores in each bin, from the lowest scores on. */
  readonly shares: readonly { readonly expected: number; readonly actual: number }[];
}

export interface AppliedThresholdView {
  readonly applied_at: string;
  readonly threshold: number;
  readonly strong_share: number;
  readonly goal: string;
  readonly prompts: number;
  readonly is_current_version: boolean;
  readonly taken_up_at: string | null;
}

/** The head in force, where `train --apply` made it from the log. */
export interface HeadView {
  readonly head_version: string;
  readonly base_version: string;
  readonly applied_at: string;
  readonly taken_up_at: string | null;
  /** Null: it cannot be read. */
  readonly report: HeadReport | null;
}

/** `GET /dashboard/api/requests` */
export interface RequestPage {
  readonly requests: readonly RequestSummary[];
  /** For `before` of the next page; null: this is the last one. */
  readonly next: string | null;
}

export interface RequestSummary {
  readonly decision_id: string;
  readonly started_at: string;
  readonly tier: string;
  readonly reason: string;
  readonly reason_detail: string | null;
  readonly score: number | null;
  readonly threshold: number | null;
  readonly model: string;
  readonly status: number;
  readonly outcome: string;
  readonly error_code: string | null;
  readonly fallbacks: number;
  readonly ttft_ms: number | null;
  readonly duration_ms: number;
  readonly prompt_tokens: number | null;
  readonly completion_tokens: number | null;
  readonly cost_usd: number | null;
  /** The first characters of the scored text, where the log has it. */
  readonly prompt: string | null;
  readonly explicit: number | null;
  readonly strong_win: number | null;
  readonly implicit: number | null;
}

/** `GET /dashboard/api/requests/{decision_id}` */
export interface RequestDetail {
  readonly request: RequestSummary & {
    readonly request_id: string;
    readonly endpoint: string;
    readonly router: string | null;
    readonly router_version: string | null;
    readonly requested_model: string;
    readonly upstream_model: string;
    readonly upstream_url: string;
    readonly is_stream: boolean;
    readonly finish_reason: string | null;
    readonly is_usage_estimated: boolean;
    /** Of `prompt_tokens`; null: the upstream did not say. */
    readonly cached_tokens: number | null;
    readonly attempts: number;
    /** `deployment: code status`, each in front of the next, joined by `; `. */
    readonly failed_calls: string | null;
    readonly deployment_id: string | null;
    readonly decision_ms: number;
    readonly propensity: number | null;
    readonly prompt_chars: number | null;
    readonly is_private: boolean;
    readonly confidence: number | null;
    readonly client_retry_count: number | null;
    /** The scored text, at most 20,000 characters of it. */
    readonly prompt_text: string | null;
    readonly embedder_id: string | null;
  };
  readonly feedback: readonly {
    readonly source: string;
    readonly value: number;
    readonly comment: string | null;
    readonly updated_at: string;
  }[];
  readonly comparisons: readonly {
    readonly origin: string;
    readonly judge_model: string;
    readonly strong_model: string;
    readonly weak_model: string;
    readonly strong_win: number;
    readonly created_at: string;
  }[];
  readonly signals: readonly {
    readonly kind: string;
    readonly value: number;
    readonly created_at: string;
  }[];
  /**
   * Logged prompts that mean about the same, the nearest first. One that was asked `times` times is
   * its newest request, with the means of how all of them went.
   */
  readonly nearest: readonly (RequestSummary & {
    readonly similarity: number;
    readonly times: number;
  })[];
  /** Vectors that were looked through for them. */
  readonly searched: number;
  /** Why the score is what it is, by the router; null where it cannot be told again. */
  readonly explanation: {
    readonly score: number;
    readonly expected_quality: { readonly strong: number; readonly weak: number } | null;
    readonly reasons: readonly { readonly name: string; readonly contribution: number }[];
  } | null;
}

/** `POST /dashboard/api/threshold` with `{threshold, router_version}` */
export interface AppliedReply {
  readonly threshold: number;
  readonly router: string;
  readonly router_version: string;
  /** Of the newest logged scores. */
  readonly strong_share: number;
  readonly prompts: number;
}
