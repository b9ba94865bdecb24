import { fastEmbedderId } from '../embedding/fast-encoder.ts';
import { baseVersionOf } from '../routing/local-head.ts';
import type {
  ListedRequest,
  LoggedVector,
  RequestListQueries,
  WholeRequest,
} from '../store/request-list-queries.ts';
import type { RequestDetail } from './api-types.ts';
import { nearestVectors } from './nearest.ts';

/** Vectors that are looked through: 20,000 of 512 floats are 40 MB and some 50 ms. */
const mostVectors = 20_000;
const shownNeighbours = 8;

/** All that the log knows of one request, and the requests most like it; null: not logged. */
export function readRequest(
  queries: RequestListQueries,
  decisionId: string,
): Omit<RequestDetail, 'explanation'> | null {
  const row = queries.one(decisionId);
  if (row === null) return null;
  const { is_stream, is_usage_estimated, is_private, ...rest } = row;
  const request = {
    ...rest,
    is_stream: is_stream === 1,
    is_usage_estimated: is_usage_estimated === 1,
    is_private: is_private === 1,
  };
  const { feedback, comparisons, signals } = queries.evidence(decisionId);
  return {
    request,
    feedback: feedback.map(({ source, value, comment, updatedAtUtc }) => ({
      ...{ source, value, comment, updated_at: updatedAtUtc },
    })),
    comparisons: comparisons.map((one) => ({
      origin: one.origin,
      judge_model: one.judgeModel,
      strong_model: one.strongModel,
      weak_model: one.weakModel,
      strong_win: one.strongWin,
      created_at: one.createdAtUtc,
    })),
    signals: signals.map(({ kind, value, createdAtUtc }) => ({
      ...{ kind, value, created_at: createdAtUtc },
    })),
    ...nearestOf(queries, row),
  };
}

function nearestOf(
  queries: RequestListQueries,
  { decision_id: decisionId, embedder_id: embedderId, router_version: version }: WholeRequest,
): Pick<RequestDetail, 'nearest' | 'searched'> {
  const vector = embedderId === null ? null : queries.vectorOf(decisionId, embedderId);
  if (embedderId === null || vector === null) return { nearest: [], searched: 0 };
  const others = comparable(queries.vectors(embedderId, mostVectors), embedderId, version);
  const { neighbours, searched } = nearestVectors({ decisionId, vector }, others, shownNeighbours);
  const nearest = neighbours.flatMap(({ decisionIds, similarity }) => {
    const rows = queries.some(decisionIds);
    const [newest] = rows;
    return newest === undefined ? [] : [{ ...newest, ...together(rows), similarity }];
  });
  return { nearest, searched };
}

/** What `fast` logs is what its weights read from a text: other weights mean other things by it. */
function* comparable(
  vectors: Iterable<LoggedVector>,
  embedderId: string,
  version: string | null,
): Iterable<LoggedVector> {
  const base = baseVersionOf(version ?? '');
  for (const vector of vectors) {
    if (embedderId !== fastEmbedderId || baseVersionOf(vector.routerVersion ?? '') === base) {
      yield vector;
    }
  }
}

/** How the requests of one prompt went, each kind of evidence by itself. */
function together(rows: readonly ListedRequest[]) {
  const mean = (key: 'explicit' | 'strong_win' | 'implicit') => {
    const values = rows.flatMap((row) => row[key] ?? []);
    return values.length === 0 ? null : values.reduce((sum, one) => sum + one, 0) / values.length;
  };
  const [explicit, strong_win, implicit] = [mean('explicit'), mean('strong_win'), mean('implicit')];
  return { explicit, strong_win, implicit, times: rows.length };
}
