import type { ModelEntrySettings } from './litellm-schema.ts';

/** One entry of `model_list`, checked, and where it stands. */
export interface ModelEntry {
  /** For messages: `model_list[0] (pointsman.yaml, line 2)`. */
  readonly place: string;
  readonly index: number;
  readonly settings: ModelEntrySettings;
}
