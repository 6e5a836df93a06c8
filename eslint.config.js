// What a machine can hold of the house rules. Types are checked by tsc, formatting by Prettier: neither is repeated here.
import { defineConfig, globalIgnores } from 'eslint/config';
import importX, { createNodeResolver } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';
import { directionRules } from './eslint.direction.js';

const typescript = ['**/*.ts'];
const production = ['src/**/*.ts', 'workflows/**/*.ts', 'activities/**/*.ts'];

export default defineConfig(
  globalIgnores(['node_modules/', '.passerelle/', 'coverage/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: typescript,
    extends: [tseslint.configs.strictTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    settings: {
      'import-x/extensions': ['.ts', '.js'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      // The sources name their imports as NodeNext wants them (`./x.js`); the file on disk is `./x.ts`.
      'import-x/resolver-next': [createNodeResolver({ extensionAlias: { '.js': ['.ts', '.js'] } })],
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // `return print(text)` ends a function early, and a callback may be one expression.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // `async () => void (await …)`: waits, and promises nothing.
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      // Texts are spread into code points on purpose: that is what their lengths and accents are compared by.
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // Beside noUncheckedIndexedAccess the alternatives are casts, which hide more.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Its flow analysis does not see what callbacks and awaited calls change meanwhile.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Interfaces say "async"; what implements them need not wait for anything.
      '@typescript-eslint/require-await': 'off',
      'import-x/no-cycle': 'error',
      eqeqeq: 'error',
      'no-restricted-globals': [
        'error',
        {
          name: 'fetch',
          message: 'src/http is the only door to the two systems; elsewhere use undici, where it is allowed.',
        },
      ],
    },
  },
  {
    files: production,
    ignores: ['src/cli/**'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ImportExpression[source.value=/^\\./]',
          message:
            'Lazy imports of our own files are for commands: the direction of imports is checked on static ones.',
        },
      ],
    },
  },
  ...directionRules,
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      // `expect(object.method)` does not call it.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
);
