/** The error body of the OpenAI API, all four keys always present. */
export interface OpenAiErrorBody {
  error: { message: string; type: string; param: string | null; code: string | null };
}

export interface AppErrorOptions {
  status: number;
  type: string;
  code?: string | null;
  param?: string | null;
  /** What the upstream answered, where that is why; for the log. */
  upstreamStatus?: number | null;
  cause?: unknown;
  /** Extra response headers, lower-case names. */
  headers?: Record<string, string>;
}

/**
 * An error that a caller may see: it knows its HTTP status and its OpenAI shape. The message
 * says what failed, which thing, and how to fix it; it never holds a key or a client's text.
 */
export class AppError extends Error {
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
  readonly param: string | null;
  readonly upstreamStatus: number | null;
  readonly headers: Record<string, string>;

  constructor(message: string, options: AppErrorOptions) {
    super(message, { cause: options.cause });
    this.name = new.target.name;
    this.status = options.status;
    this.type = options.type;
    this.code = options.code ?? null;
    this.param = options.param ?? null;
    this.upstreamStatus = options.upstreamStatus ?? null;
    this.headers = options.headers ?? {};
  }

  toBody(): OpenAiErrorBody {
    return {
      error: { message: this.message, type: this.type, param: this.param, code: this.code },
    };
  }
}

/** 4xx: what the client sent is wrong. `param` names the field. */
export class BadRequestError extends AppError {
  constructor(message: string, options: Partial<AppErrorOptions> = {}) {
    super(message, { status: 400, type: 'invalid_request_error', ...options });
  }
}

/** 404: a model that is not configured here. */
export class ModelNotFoundError extends AppError {
  constructor(message: string) {
    super(message, {
      status: 404,
      type: 'invalid_request_error',
      code: 'model_not_found',
      param: 'model',
    });
  }
}

/** The upstream, or the way to it, failed. `code` is one of the table in docs/http-api.md. */
export class UpstreamError extends AppError {
  constructor(message: string, options: Partial<AppErrorOptions> & { code: string }) {
    super(message, { status: 502, type: 'upstream_error', ...options });
  }
}

/** The embedder failed or timed out; the request is still answered by the default tier. */
export class EmbeddingError extends AppError {
  constructor(message: string, cause?: unknown) {
    super(message, { status: 503, type: 'server_error', code: 'router_embedding_failed', cause });
  }
}

/** What the operator wrote (flag, file, weights) is wrong; ends the start. Message: key, value, fix. */
export class ConfigError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConfigError';
  }
}
