import { ConfigError } from '../errors.ts';

/** `bedrock/[converse/|invoke/][region/]id`, read in full so that it can be refused with care. */
export interface BedrockModel {
  readonly kind: 'bedrock';
  readonly api: 'converse' | 'invoke';
  /** From the path, else from the ARN; null: the settings or the environment would say. */
  readonly region: string | null;
  /** With its dotted prefix (`eu.`, `us-gov.`, `apac.`): an inference profile, never a region. */
  readonly id: string;
}

const regionInPath = /^([a-z]{2}(?:-gov)?-[a-z]+-\d+)\//;
const regionInArn = /^arn:[a-z-]+:bedrock:([a-z0-9-]+):/;

/** @throws ConfigError when nothing is left for the id. */
export function parseBedrockModel(text: string): BedrockModel {
  let rest = text.slice('bedrock/'.length);
  const [, api = null] = /^(converse|invoke)\//.exec(rest) ?? [];
  if (api !== null) rest = rest.slice(api.length + 1);
  const [, pathRegion = null] = regionInPath.exec(rest) ?? [];
  const id = pathRegion === null ? rest : rest.slice(pathRegion.length + 1);
  if (id === '') {
    throw new ConfigError(
      `model "${text}" names no model: write bedrock/[converse/|invoke/][region/]id`,
    );
  }
  const [, arnRegion = null] = regionInArn.exec(id) ?? [];
  return {
    kind: 'bedrock',
    api: api === 'invoke' ? 'invoke' : 'converse',
    region: pathRegion ?? arnRegion,
    id,
  };
}
