import type { Finding } from './evidence.ts';
import type { RequestRecord } from './request-record.ts';
import type { RequestFields } from './request-row.ts';

/**
 * A batch on its way to the writer. All vectors travel in one buffer that is handed over, not
 * copied again; cloning each record's own array would also clone the whole buffer behind a view.
 */
export interface PackedRows {
  readonly fields: readonly RequestFields[];
  /** Vectors of the batch, one after the other. */
  readonly vectors: Float32Array<ArrayBuffer>;
  /** Length of each row's vector; 0 where there is none. */
  readonly vectorLengths: readonly number[];
  /** Written after the rows: what was found of these requests, and of earlier ones. */
  readonly findings: readonly Finding[];
}

export function packRows(
  records: readonly RequestRecord[],
  findings: readonly Finding[] = [],
): PackedRows {
  const vectorLengths = records.map(({ embedding }) => embedding?.length ?? 0);
  const vectors = new Float32Array(vectorLengths.reduce((sum, length) => sum + length, 0));
  let offset = 0;
  const fields = records.map((record) => {
    if (record.embedding !== null) vectors.set(record.embedding, offset);
    offset += record.embedding?.length ?? 0;
    return { ...record, embedding: null };
  });
  return { fields, vectors, vectorLengths, findings };
}

/** Calls `visit` for every row; the vector is a view into the batch. */
export function forEachRow(
  rows: PackedRows,
  visit: (fields: RequestFields, vector: Float32Array | null) => void,
): void {
  let offset = 0;
  rows.fields.forEach((fields, index) => {
    const length = rows.vectorLengths[index] ?? 0;
    visit(fields, length === 0 ? null : rows.vectors.subarray(offset, offset + length));
    offset += length;
  });
}
