const swc = {
  swcrc: false,
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    target: 'es2024',
    keepClassNames: true,
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
};

const project = (displayName, roots, more = {}) => ({
  displayName,
  roots,
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  testMatch: ['**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  resolver: '<rootDir>/tools/jest-resolver.cjs',
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  ...more,
});

export default {
  maxWorkers: 2,
  testTimeout: 30_000,
  reporters: ['default', '<rootDir>/tools/tally-reporter.mjs'],
  projects: [
    project('libs', ['<rootDir>/libs']),
    project('apps', ['<rootDir>/apps', '<rootDir>/tools']),
    project('e2e', ['<rootDir>/e2e']),
  ],
};
