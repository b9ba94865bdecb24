import type { RouterSettings } from './litellm-schema.ts';
import type { Settings } from './settings-schema.ts';

/** LiteLLM's router settings from their two sections, and where each stands. */
export interface MergedRouterSettings {
  readonly router: RouterSettings;
  /** `router_settings.fallbacks (pointsman.yaml, line 9)` */
  readonly placeOf: (key: keyof RouterSettings, ...inner: string[]) => string;
}

export type Locate = (path: readonly PropertyKey[]) => string;

/** `router_settings` wins over `litellm_settings`, key by key, as in LiteLLM. */
export function mergeRouterSettings(settings: Settings, locate: Locate): MergedRouterSettings {
  const { request_timeout: requestTimeout, ...lower } = settings.litellm_settings ?? {};
  const upper: RouterSettings = settings.router_settings ?? {};
  const router: Record<string, unknown> = { timeout: requestTimeout };
  for (const [key, value] of [...Object.entries(lower), ...Object.entries(upper)]) {
    if (value !== undefined) router[key] = value;
  }
  return {
    router,
    placeOf(key, ...inner) {
      const section = upper[key] === undefined ? 'litellm_settings' : 'router_settings';
      return locate([section, key, ...inner]);
    },
  };
}
