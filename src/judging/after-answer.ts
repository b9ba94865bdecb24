import type { Decision } from '../routing/decision.ts';
import type { RequestRecord } from '../store/request-record.ts';
import type { AnswerFacts } from '../upstream/answer-facts.ts';
import type { Deployment } from '../upstream/deployment.ts';

/** A decided request, before it is answered. */
export interface AskedRequest {
  readonly decision: Decision;
  readonly endpoint: string;
  /** The conversation as messages of a chat; null for a bare prompt. */
  readonly messages: readonly unknown[] | null;
  /** As the client sent it. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** A request that is over, however it ended. */
export interface AnsweredRequest extends AskedRequest {
  readonly record: RequestRecord;
  /** Null when no deployment answered. */
  readonly facts: AnswerFacts | null;
  /** Who answered, or failed last. */
  readonly deployment: Deployment | null;
  /** Tells one client from another; never stored, and hashed where it is kept at all. */
  readonly client: string;
}

/** What looks at answers when they have been sent. */
export interface AfterAnswer {
  /** Whether `onAnswered` will want the answer's text; asked before the first call. */
  needsText(asked: AskedRequest): boolean;
  /** Called after the last byte and the request's row. Returns at once; never throws. */
  onAnswered(answered: AnsweredRequest): void;
}

/** All of them, each guarded: what one of them does wrong must not cost a request. */
export function joinAfterAnswer(
  all: readonly AfterAnswer[],
  onError: (error: unknown) => void,
): AfterAnswer {
  function guarded<T>(work: () => T, otherwise: T): T {
    try {
      return work();
    } catch (error) {
      onError(error);
      return otherwise;
    }
  }
  return {
    needsText: (asked) => guarded(() => all.some((one) => one.needsText(asked)), false),
    onAnswered(answered) {
      for (const one of all) guarded(() => one.onAnswered(answered), undefined);
    },
  };
}
