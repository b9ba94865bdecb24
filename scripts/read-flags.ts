import { parseArgs, type ParseArgsConfig } from 'node:util';

/**
 * The flags of a script. `--help` lists them, and a wrong one is told in one line: both end the process.
 * @param usage how the script is called, without its flags
 */
export function readFlags<Config extends ParseArgsConfig>(
  usage: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  const help = { type: 'boolean', default: false } as const;
  try {
    const parsed = parseArgs({ ...config, options: { ...config.options, help } });
    const { help: isAsked } = parsed.values as { readonly help?: boolean };
    if (isAsked !== true) return parsed as ReturnType<typeof parseArgs<Config>>;
    process.stdout.write(`${usage} [flags]\n${flagLines(config).join('')}`);
    process.exit(0);
  } catch (error) {
    if (!isWrongFlag(error)) throw error;
    process.stderr.write(`${error.message}\n--help lists the flags.\n`);
    process.exit(2);
  }
}

function flagLines({ options = {} }: ParseArgsConfig): string[] {
  return Object.entries(options).map(([name, { type, default: fallback }]) => {
    const value = type === 'string' ? ' VALUE' : '';
    return `  --${name}${value}${typeof fallback === 'string' ? ` (default: ${fallback})` : ''}\n`;
  });
}

function isWrongFlag(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && /^ERR_PARSE_ARGS_/.test(String(error.code));
}
