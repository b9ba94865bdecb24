/** The groups that the tiers stand for. */
export interface TierGroups {
  readonly strong: string;
  readonly weak: string;
}

/** The fallbacks when none are configured. */
export function eachOther({ strong, weak }: TierGroups): Map<string, string[]> {
  return new Map([
    [strong, [weak]],
    [weak, [strong]],
  ]);
}
