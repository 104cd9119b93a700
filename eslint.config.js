import js from '@eslint/js'
import ts from 'typescript-eslint'

/**
 * The import direction of the house (docs/architecture.md): a folder may import from itself, from
 * the folders named here, and from node:. `host` and `errors` are leaves everybody may use.
 */
const nouns = ['boot', 'fdt', 'devices', 'gic', 'pmu', 'vcpu']
const below = {
  errors: [],
  host: ['errors'],
  native: ['errors'],
  ioctl: ['native', 'errors'],
  ...Object.fromEntries(nouns.map(noun => [noun, ['ioctl', 'native', 'host', 'errors']])),
  vm: [...nouns, 'ioctl', 'native', 'host', 'errors'],
  look: ['vm', ...nouns, 'ioctl', 'native', 'host', 'errors'],
  doctor: ['look', 'vm', ...nouns, 'ioctl', 'native', 'host', 'errors'],
  report: ['vm', ...nouns, 'ioctl', 'host', 'errors'],
  check: ['report', 'vm', ...nouns, 'ioctl', 'native', 'host', 'errors'],
  lab: ['vm', ...nouns, 'host', 'errors'],
}
const folders = [...Object.keys(below), 'cli']
const ffiPackages = ['ffi-napi', 'ref-napi', 'ref-struct-di']
const ffiFence = {
  regex: `^(${ffiPackages.join('|')})(/|$)`,
  message: 'Only src/native may know the FFI packages.',
}

const processExit = {
  name: 'node:process',
  message: 'Use the global `process`; only src/cli/main.ts ends it.',
}

const layerRules = Object.entries(below).map(([folder, allowed]) => {
  const forbidden = folders.filter(other => other !== folder && !allowed.includes(other))
  return {
    files: [`src/${folder}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [processExit],
          patterns: [
            ...(folder === 'native' ? [] : [ffiFence]),
            {
              regex: `^(\\./)?(\\.\\./)+((${forbidden.join('|')})/|index\\.)`,
              message: `src/${folder} may import only from: ${allowed.join(', ') || 'nothing'} (docs/architecture.md).`,
            },
          ],
        },
      ],
      // What the rule above cannot see: a folder imports statically, or not at all.
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ImportExpression',
          message: 'Only src/cli imports lazily, where the layer rule has nothing to forbid.',
        },
        ...(folder === 'native'
          ? []
          : [
              {
                selector: "ImportSpecifier[imported.name='createRequire']",
                message: 'Only src/native and src/cli load packages by hand.',
              },
            ]),
      ],
    },
  }
})

export default ts.config(
  { ignores: ['dist/', 'coverage/', 'native-shims/prebuilds/', 'guests/build/', 'test/fixtures/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [ts.configs.strictTypeChecked, ts.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-restricted-imports': ['error', { patterns: [ffiFence] }],
    },
  },
  ...layerRules,
  {
    // A test that is wrong about "there" fails anyway.
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/main.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'exit',
          message: 'Only src/cli/main.ts decides how the process ends.',
        },
      ],
    },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        performance: 'readonly',
        setTimeout: 'readonly',
        setImmediate: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        AbortController: 'readonly',
      },
    },
  },
  {
    // CommonJS, by bin/package.json: Node starts it faster.
    files: ['bin/*.js'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { __dirname: 'readonly', require: 'readonly' },
    },
  },
)
