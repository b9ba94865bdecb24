import type { RequestCursor, RequestFilter } from '../store/request-list-queries.ts';
import type { RouterKey } from '../store/traffic-queries.ts';
import type { RequestDetail, RequestPage, Traffic } from './api-types.ts';
import type { TrafficQuestion } from './traffic.ts';

export interface ReaderData {
  readonly file: string;
}

/** An answer that the page may have already, under the revision that it was read at. */
export interface Revised<Body> {
  readonly revision: string;
  /** Null: `known` is still what the log says. */
  readonly body: Body | null;
}

export interface RequestListQuestion {
  readonly filter: RequestFilter;
  readonly cursor: RequestCursor | null;
  readonly limit: number;
}

export interface ScoresAt {
  readonly prompts: number;
  /** Share of them at or above the threshold. */
  readonly strongShare: number;
  /** Their 11 quantiles 0, 0.1 … 1. */
  readonly deciles: readonly number[];
}

/** name -> what goes in and what comes back. */
export interface ReaderQuestions {
  traffic: {
    input: TrafficQuestion & { readonly known: string | null };
    answer: Revised<Traffic>;
  };
  requests: {
    input: RequestListQuestion & { readonly known: string | null };
    answer: Revised<RequestPage>;
  };
  /** The newest scores of a router version beside a threshold; null without any. */
  scoresAt: {
    input: RouterKey & { readonly threshold: number };
    answer: ScoresAt | null;
  };
  request: { input: string; answer: Omit<RequestDetail, 'explanation'> | null };
}

export type ReaderQuestion = {
  [Name in keyof ReaderQuestions]: {
    readonly name: Name;
    readonly input: ReaderQuestions[Name]['input'];
  };
}[keyof ReaderQuestions];

export type ReaderAnswer = ReaderQuestions[keyof ReaderQuestions]['answer'];

export interface ToReader {
  readonly id: number;
  readonly question: ReaderQuestion;
}

export type FromReader =
  | { readonly id: number; readonly answer: ReaderAnswer }
  | { readonly id: number; readonly failure: string };
