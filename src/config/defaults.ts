/** What holds when the operator says nothing, in the words of the file: one literal, with units. */
export const defaults = {
  /** Address to listen on; only this machine can reach it. A container needs 0.0.0.0. */
  host: '127.0.0.1',
  /** TCP port; 0 takes a free one. */
  port: 6060,
  /** Routers to load; the first answers to `auto` and `router`. */
  routers: ['mf'],
  /** Tier that answers when a prompt cannot be scored: a failure here should cost no quality. */
  default_tier: 'strong',
  sessions: {
    /** A conversation is remembered for an hour after its last request. */
    ttl: 3_600_000,
    /** Conversations that are remembered, at some hundred bytes each. */
    max: 10_000,
  },
  /** Share of scored requests that go to a tier by chance: none. */
  exploration: 0,
  cascade: {
    /** Weak answers are sent as they come. */
    enabled: false,
    /** A mean log-probability: tokens of 0.6 in the geometric mean. */
    min_confidence: -0.5,
    /** Tokens of the weak answer that are waited for. */
    tokens: 32,
    /** All that their score sends to the weak model. */
    min_score: 0,
  },
  /** The sentence encoder that ships with pointsman. */
  embedder: 'local',
  /** SQLite file of the request log, made when missing; relative to the working directory. */
  db: 'pointsman.db',
  /** What the log keeps of a prompt's text: nothing. Scores are always kept. */
  log_prompts: 'none',
  /** Sentence vectors, which `train` learns from. Personal data like the text itself. */
  log_embeddings: true,
  /** Log lines of every request, and stack traces. */
  verbose: false,
  shadow: {
    /** Share of scored requests whose other model is asked, too: none. */
    share: 0,
    /** US dollars for both answers and the judge, in a UTC day. */
    max_cost_per_day: 1,
    /** Comparisons begun in an hour. */
    max_per_hour: 60,
  },
  timeouts: {
    /** TCP and TLS connect to an upstream: 5 s. */
    connect: 5000,
    /** Request sent until response headers: 600 s, since a local model may load for minutes. */
    headers: 600_000,
    /** The same where both upstreams are remote: 120 s. */
    remoteHeaders: 120_000,
    /** Between two chunks of a response body: 120 s. */
    idle: 120_000,
    /** The whole upstream call: 15 min. */
    total: 900_000,
    /** The decision, embedding included: 2 s; after it the default tier answers. */
    decision: 2000,
    /** For running requests to finish after SIGTERM: 30 s. */
    drain: 30_000,
    /** One call to an embedding endpoint: 10 s. */
    embedding: 10_000,
    /** One rating of causal_llm: 10 s. */
    causalLlm: 10_000,
  },
  limits: {
    /** Request body: 10 MiB. */
    body_bytes: 10 * 1024 * 1024,
    /** Nesting of a request's JSON; V8 overflows its stack at some thousands. */
    json_depth: 200,
    /** An answer that is not streamed: 32 MiB. */
    answer_bytes: 32 * 1024 * 1024,
    /** One event of a stream: 1 MiB. */
    event_bytes: 1024 * 1024,
    /** Requests at the same time; over it 503. */
    in_flight: 256,
  },
} as const;
