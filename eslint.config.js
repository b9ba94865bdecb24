import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Which folders of src/ each may import from: the table of docs/architecture.md. `cli/` may from all. */
const knows = {
  access: [],
  calibration: ['math'],
  config: ['access', 'dispatch', 'embedding', 'judging', 'privacy', 'routing', 'upstream'],
  dashboard: ['calibration', 'config', 'embedding', 'http', 'math', 'routing', 'store', 'upstream'],
  demo: [],
  dispatch: ['upstream'],
  embedding: [],
  evaluation: ['calibration', 'embedding', 'math', 'routing', 'training'],
  http: [
    ...['access', 'config', 'dispatch', 'embedding', 'judging', 'metrics', 'privacy', 'routing'],
    ...['store', 'upstream'],
  ],
  judging: ['dispatch', 'routing', 'store', 'upstream'],
  learning: ['math', 'routing', 'training'],
  math: [],
  metrics: ['dispatch', 'judging', 'store', 'upstream'],
  privacy: [],
  routing: ['embedding', 'math'],
  store: [],
  training: ['embedding', 'math', 'routing'],
  upstream: [],
};

const arrows = Object.entries(knows).map(([folder, known]) => {
  const forbidden = ['cli', ...Object.keys(knows)].filter(
    (name) => name !== folder && !known.includes(name),
  );
  return {
    files: [`src/${folder}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: forbidden.map((name) => ({ group: [`../${name}/*`, `../../${name}/*`] })) },
      ],
    },
  };
});

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
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'better-sqlite3',
              message:
                'Node 20 cannot run this version: take SqliteDatabase of src/store/sqlite.ts.',
              allowTypeImports: true,
            },
          ],
        },
      ],
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
  ...arrows,
);
