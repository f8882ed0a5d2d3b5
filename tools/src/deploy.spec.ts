import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { z } from 'zod';
import { agentConfigSchema, isCredentialVariable } from '@sallyport/agent/config';
import { configSchema as controlPlaneConfigSchema } from '@sallyport/control-plane/config';
import { proxyConfigSchema } from '@sallyport/proxy/config';
import { ConfigProblem, readConfig } from '@sallyport/runtime';
import { rootDirectory } from './stack/paths.js';

const deploy = (path: string): string => readFileSync(join(rootDirectory, 'deploy', path), 'utf8');

type Environment = Readonly<Record<string, string>>;
interface Program {
  readonly name: 'control-plane' | 'proxy' | 'agent';
  readonly schema: z.ZodObject;
}
const programs: readonly Program[] = [
  { name: 'control-plane', schema: controlPlaneConfigSchema },
  { name: 'proxy', schema: proxyConfigSchema },
  { name: 'agent', schema: agentConfigSchema },
];

/** `NAME=value` lines; a variable that is commented out counts as well, it is an offer. */
const variablesOf = (text: string): Environment =>
  Object.fromEntries(
    [...text.matchAll(/^#?(SALLYPORT_\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );

/** What systemd gives the unit: its environment file, and what the unit itself sets. */
const ofUnit = (name: string): Environment => ({
  ...variablesOf(deploy(`systemd/${name}.env`)),
  ...variablesOf(deploy(`systemd/sallyport-${name}.service`).replace(/^Environment=/gm, '')),
});

/** Docker's ENV and compose's environment. */
const ofContainer = (name: string): Environment => {
  const compose = parse(deploy('docker/compose.yaml'), { merge: true }) as {
    readonly services: Readonly<Record<string, { readonly environment: Environment }>>;
  };
  const image = variablesOf(deploy(`docker/${name}.Dockerfile`).replace(/^ENV /gm, ''));
  return { ...image, ...compose.services[name]?.environment };
};

/** A secret that comes in a file has a value only where it is deployed. */
const secrets: Environment = {
  SALLYPORT_KEY: Buffer.alloc(32).toString('base64'),
  SALLYPORT_DATABASE_URL: 'postgres://sallyport:secret@db:5432/sallyport',
};

function problemsOf({ schema }: Program, environment: Environment): readonly string[] {
  const values = Object.entries(environment).map(([name, value]): [string, string] => {
    const plain = name.replace(/_FILE$/, '');
    return plain === name
      ? [name, value.replace(/^\$\{\w+:-(.*)\}$/, '$1')]
      : [plain, secrets[plain] ?? 'unknown secret'];
  });
  try {
    readConfig(schema, Object.fromEntries(values), { alsoKnown: isCredentialVariable });
    return [];
  } catch (error) {
    if (error instanceof ConfigProblem) return error.problems;
    throw error;
  }
}

describe.each(programs)('$name', (program) => {
  const { name } = program;
  test.each([
    ['systemd', ofUnit(name)],
    ['containers', ofContainer(name)],
  ])('%s: the program takes every variable and every value', (_where, environment) => {
    expect(Object.keys(environment).length).toBeGreaterThan(3);
    expect(problemsOf(program, environment)).toEqual([]);
  });

  test('a variable that nobody knows would be seen', () => {
    expect(problemsOf(program, { ...ofUnit(name), SALLYPORT_NONSENSE: '1' })).toHaveLength(1);
    expect(problemsOf(program, { ...ofUnit(name), SALLYPORT_LOG_LEVEL: 'loud' })).toHaveLength(1);
  });

  test('what is started and what is copied is there', () => {
    const unit = deploy(`systemd/sallyport-${name}.service`);
    const image = deploy(`docker/${name}.Dockerfile`);
    const paths = [
      ...[...unit.matchAll(/\/opt\/sallyport\/(\S+)/g), ...image.matchAll(/"\/opt\/sallyport\/([^"]+)"/g)],
      ...image.matchAll(/--from=build \/src\/(\S+)/g),
    ].map(([, path = '']) => path);
    expect(paths).toEqual(expect.arrayContaining([`apps/${name}/dist/main.js`, 'node_modules', 'libs']));
    expect(paths.filter((path) => !existsSync(join(rootDirectory, path)))).toEqual([]);
  });

  test('stops later than the program needs to stop', () => {
    const seconds = (value: string | undefined, other: number): number =>
      Number(/^(\d+)s$/.exec(value ?? '')?.[1] ?? other);
    const unit = ofUnit(name);
    const needed =
      name === 'control-plane'
        ? seconds(unit['SALLYPORT_SHUTDOWN_DELAY'], 0) + seconds(unit['SALLYPORT_SHUTDOWN_LIMIT'], 10)
        : seconds(unit['SALLYPORT_DRAIN'], 10);
    const given = Number(/^TimeoutStopSec=(\d+)$/m.exec(deploy(`systemd/sallyport-${name}.service`))?.[1]);
    expect(given).toBeGreaterThan(needed + 5);
  });
});

test('every secret of the compose file has a file of its own, none is written into it', () => {
  const compose = parse(deploy('docker/compose.yaml'), { merge: true }) as {
    readonly services: Readonly<Record<string, { readonly secrets?: readonly string[] }>>;
    readonly secrets: Readonly<Record<string, unknown>>;
  };
  const used = Object.values(compose.services).flatMap((service) => service.secrets ?? []);
  expect([...new Set(used)].sort()).toEqual(Object.keys(compose.secrets).sort());
});

test('images are built of the same Node that the repository pins', () => {
  const { devDependencies } = JSON.parse(readFileSync(join(rootDirectory, 'package.json'), 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  const major = devDependencies['node']?.split('.')[0];
  for (const name of readdirSync(join(rootDirectory, 'deploy/docker')).filter((each) => each.endsWith('.Dockerfile')))
    for (const [, tag] of deploy(`docker/${name}`).matchAll(/^FROM (\S+)/gm))
      expect(tag).toMatch(new RegExp(`^node:${major}-`));
});

describe('systemd', () => {
  const analyze = (...args: readonly string[]) => spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  const isInstalled = analyze('--version').status === 0;
  /** Their programs are looked for on this machine: here the checkout is where /opt/sallyport would be. */
  function withUnits(look: (paths: readonly string[]) => void): void {
    const directory = mkdtempSync(join(tmpdir(), 'sallyport-units-'));
    try {
      look(
        programs.map(({ name }) => {
          const path = join(directory, `sallyport-${name}.service`);
          writeFileSync(path, deploy(`systemd/sallyport-${name}.service`).replaceAll('/opt/sallyport', rootDirectory));
          return path;
        }),
      );
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  test('verifies the units, where it is installed', () => {
    process.stdout.write(
      isInstalled ? 'units: verified by systemd-analyze\n' : 'units: systemd is not installed here: not verified\n',
    );
    if (!isInstalled) return;
    withUnits((paths) => {
      const { status, stdout, stderr } = analyze('verify', '--man=no', ...paths);
      expect([status, stdout, stderr]).toEqual([0, '', '']);
    });
  });

  test('finds them well fenced, where it is installed', () => {
    if (!isInstalled) return;
    withUnits((paths) => {
      for (const path of paths) {
        const exposure = /: (\d+\.\d) /.exec(
          analyze('security', '--offline=true', path).stdout.split('\n').at(-2) ?? '',
        )?.[1];
        expect(Number(exposure)).toBeLessThanOrEqual(2);
      }
    });
  });
});
