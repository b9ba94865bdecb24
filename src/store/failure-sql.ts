/** SQL: whether a row of `request` failed. The client's own leaving is no failure of ours. */
export const isFailure = `(outcome in ('upstream_error', 'truncated') or (status >= 400 and status <> 499))`;
