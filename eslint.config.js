import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Forbids imports that go against the arrows of docs/architecture.md. */
function arrows(folder, forbidden) {
  return {
    files: [`src/${folder}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: forbidden.map((name) => ({ group: [`../${name}/*`, `../../${name}/*`] })) },
      ],
    },
  };
}

export default tseslint.config(
  { ignores: ['dist', 'coverage', 'node_modules'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['*.js', 'scripts/*.mjs'] } },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  { files: ['src/**/*.ts'], rules: { 'no-console': 'error' } },
  { files: ['**/*.js', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
  // The browser's modules: tsc checks their names and types (tsconfig.page.json).
  { files: ['src/dashboard/page/*.js'], rules: { 'no-undef': 'off' } },
  {
    files: ['scripts/*.mjs'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
  arrows('math', [
    'config',
    'judging',
    'http',
    'embedding',
    'routing',
    'upstream',
    'store',
    'training',
    'cli',
  ]),
  arrows('embedding', ['judging', 'http', 'routing', 'upstream', 'store', 'training', 'cli']),
  arrows('routing', ['judging', 'http', 'upstream', 'store', 'training', 'learning', 'cli']),
  arrows('upstream', ['judging', 'http', 'embedding', 'routing', 'store', 'training', 'cli']),
  arrows('store', [
    ...['judging', 'http', 'embedding', 'routing', 'upstream', 'training', 'learning', 'cli'],
  ]),
  arrows('judging', ['http', 'embedding', 'config', 'training', 'learning', 'evaluation', 'cli']),
  arrows('calibration', [
    'dashboard',
    'config',
    'http',
    'embedding',
    'routing',
    'upstream',
    'store',
    'training',
    'evaluation',
    'cli',
  ]),
  arrows('training', ['judging', 'http', 'upstream', 'store', 'cli', 'evaluation', 'learning']),
  arrows('evaluation', ['judging', 'http', 'upstream', 'store', 'cli', 'learning']),
  arrows('learning', [
    ...['judging', 'config', 'http', 'embedding', 'dispatch', 'upstream', 'store', 'cli'],
  ]),
  arrows('http', ['cli', 'training', 'evaluation', 'learning', 'dashboard']),
  arrows('dashboard', ['cli', 'training', 'evaluation', 'learning']),
);
