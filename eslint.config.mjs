import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';
import { rooms } from './tools/rooms.mjs';

const noPermitCast = {
  selector: "TSAsExpression TSTypeReference[typeName.name='Permit']",
  message: 'Only libs/policy mints a Permit: a byte for a target needs a decision.',
};

const sharedSyntax = [
  { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
  { selector: 'TSAsExpression > TSAnyKeyword', message: 'No any.' },
];

/** Imports that a room may not have, from the one table. */
function fence(room) {
  const mine = [...room.may, room.name].map((name) => `@sallyport/${name}`);
  const exact = mine.map((name) => `${name}$`);
  const libraries = room.libraries.map((name) => (name.endsWith('/') ? name : `${name}(?:/|$)`));
  const allowed = ['\\.{1,2}/', ...(room.pure ? [] : ['node:']), ...exact, ...libraries].join('|');
  return {
    patterns: [
      {
        regex: `^(?!${allowed})`,
        message: `${room.name} may import only: ${[...mine, ...room.libraries].join(', ') || 'nothing'} (tools/rooms.mjs).`,
      },
      ...(room.never ?? []).map((name) => ({
        regex: `^@sallyport/${name}$`,
        message: `${room.name} must never import ${name} (tools/rooms.mjs).`,
      })),
    ],
  };
}

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '.cache/**',
      '.nx/**',
      'libs/contracts/src/gen/**',
      'apps/control-plane/src/db/generated/**',
      '**/*.cjs',
    ],
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended, tseslint.configs.strict],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      'max-lines': ['error', { max: 500 }],
      'no-restricted-syntax': ['error', ...sharedSyntax, noPermitCast],
    },
  },
  {
    // Decorated classes: constructor types are values at run time.
    files: ['apps/control-plane/**/*.ts'],
    rules: { '@typescript-eslint/consistent-type-imports': 'off' },
  },
  { files: ['libs/policy/**/*.ts'], rules: { 'no-restricted-syntax': ['error', ...sharedSyntax] } },
  ...rooms.map((room) => ({
    files: [`${room.path}/**/*.ts`],
    ignores: ['**/*.spec.ts', 'apps/*/testing/**'],
    rules: { 'no-restricted-imports': ['error', fence(room)] },
  })),
  {
    // The agent's side of a protocol is a room of its own inside the protocol's folder.
    files: ['libs/protocols/*/src/login/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: { 'no-restricted-imports': 'off' },
  },
  prettier,
);
