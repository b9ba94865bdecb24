/** What a request may ask for that not every model can do: what `supports` in the settings names. */
export type Ability = 'images' | 'tools' | 'schema';

/** What a deployment must be able to do to answer a request. */
export interface Demands {
  /** Estimated. */
  readonly promptTokens: number;
  readonly needs: readonly Ability[];
  /** Only deployments on this machine or in its network may see it. */
  readonly isLocalOnly: boolean;
}
