import js from '@eslint/js';
import globals from 'globals';

export default [
  { ignores: ['dist/', '.dist-new/'] },
  js.configs.recommended,
  {
    files: ['src/**/*.js'],
    languageOptions: { ecmaVersion: 2024, sourceType: 'module', globals: globals.browser },
    rules: {
      curly: ['error', 'multi-line'],
      eqeqeq: 'error',
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        { property: 'innerHTML', message: 'Build nodes with el(); text from people never becomes markup.' },
        { property: 'outerHTML', message: 'Build nodes with el(); text from people never becomes markup.' },
        { property: 'insertAdjacentHTML', message: 'Build nodes with el(); text from people never becomes markup.' },
        { property: 'cssText', message: 'Set a class, or one property of style; the policy refuses style attributes.' },
      ],
      'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'prefer-const': 'error',
    },
  },
  { files: ['*.mjs'], languageOptions: { ecmaVersion: 2024, sourceType: 'module', globals: globals.node } },
];
