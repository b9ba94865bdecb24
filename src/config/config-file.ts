import { readFileSync } from 'node:fs';
import { LineCounter, isMap, isNode, isScalar, isSeq, parseDocument, type Document } from 'yaml';
import { ConfigError } from '../errors.ts';
import type { SettingsSource } from './settings-source.ts';

/** @throws ConfigError when the file cannot be read or is not YAML. */
export function readConfigFile(path: string): SettingsSource {
  const lineCounter = new LineCounter();
  const document = parseDocument(readText(path), { lineCounter, merge: true });
  const [error] = document.errors;
  if (error) throw new ConfigError(`${path} is not valid YAML: ${withoutSource(error.message)}`);

  function lineOf(keys: readonly PropertyKey[]): number | null {
    let node: unknown = document.contents;
    let line: number | null = null;
    for (const key of keys) {
      if (isSeq(node) && typeof key === 'number') {
        node = node.items[key];
        if (!isNode(node) || !node.range) break;
        line = lineCounter.linePos(node.range[0]).line;
        continue;
      }
      if (!isMap(node)) break;
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key);
      if (!pair || !isScalar(pair.key) || !pair.key.range) break;
      line = lineCounter.linePos(pair.key.range[0]).line;
      node = pair.value;
    }
    return line;
  }

  return {
    kind: 'file',
    values: document.contents === null ? {} : toPlainValues(path, document),
    locate(keys) {
      const line = lineOf(keys);
      return `${dotted(keys)} (${path}${line === null ? '' : `, line ${line}`})`;
    },
  };
}

/** The library shows the lines around a mistake, and there may be a key on them. */
function withoutSource(message: string): string {
  const [first = ''] = message.split('\n');
  return first.replace(/: ".*"/, '').replace(/:$/, '');
}

/** `model_list[0].litellm_params.model` */
export function dotted(keys: readonly PropertyKey[]): string {
  return keys
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

function toPlainValues(path: string, document: Document): unknown {
  try {
    return document.toJS() as unknown;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    // What follows is the alias itself: a key that begins with * and lacks its quotes, perhaps.
    throw new ConfigError(`${path} is not usable YAML: ${why.replace(/: .*/s, '')}`, {
      cause: error,
    });
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/, \w+ '.*$/, '') : String(error);
    throw new ConfigError(`--config ${path} cannot be read (${why}): name a YAML file`, {
      cause: error,
    });
  }
}
