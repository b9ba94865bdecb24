import { AppError } from '../errors.ts';

/** 503: the log database does not answer now. Feedback can be sent again; requests are not affected. */
export class LogUnavailableError extends AppError {
  constructor(reason: string, cause?: unknown) {
    super(`The request log is not available: ${reason}. Try again later.`, {
      status: 503,
      type: 'server_error',
      code: 'log_unavailable',
      headers: { 'retry-after': '1' },
      cause,
    });
  }
}
