import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { sally } from '../testing/sally.js';
import { createProgram } from './program.js';

const room = join(dirname(fileURLToPath(import.meta.url)), '..');
const nowhere = { write: () => undefined };
const program = createProgram({} as never, { out: nowhere, err: nowhere });
const leaves = (command: Command, path: readonly string[] = []): readonly (readonly [string, Command])[] =>
  command.commands.length === 0
    ? [[path.join(' '), command]]
    : command.commands.flatMap((inner) => leaves(inner, [...path, inner.name()]));
const commands = leaves(program);

test('the commands are those that the documentation names', () => {
  expect(commands.map(([path]) => path)).toEqual([
    'login',
    'logout',
    'whoami',
    'logins ls',
    'logins revoke',
    'token exchange',
    'token inspect',
    'connect',
    'run',
    'doctor',
    'explain',
    'sessions ls',
    'sessions show',
    'sessions end',
    'budgets',
    'approvals ls',
    'approvals show',
    'approvals approve',
    'approvals deny',
    'approvals run',
    'apply',
    'get',
    'delete',
    'catalog ls',
    'catalog show',
    'catalog relations',
    'catalog columns',
    'catalog functions',
    'catalog types',
    'catalog operators',
    'catalog read',
    'observed ls',
    'observed bind',
    'observed forget',
    'suggestions ls',
    'suggestions accept',
    'suggestions sample',
    'nodes ls',
    'join-tokens create',
    'join-tokens ls',
    'join-tokens rm',
    'api-tokens create',
    'api-tokens ls',
    'api-tokens revoke',
    'completion',
  ]);
});

describe.each(commands)('sally %s --help', (path, command) => {
  test('shows examples that name only what exists', async () => {
    const { exitCode, stdout } = await sally([...path.split(' '), '--help']);
    expect(exitCode).toBe(0);
    const examples = stdout.slice(stdout.indexOf('\nExamples:\n'));
    expect(stdout).toContain('\nExamples:\n');
    const [mine = ''] = new RegExp(`\\bsally ${path}\\b.*`).exec(examples) ?? [];
    expect(mine).not.toBe('');
    const known = [...command.options, ...program.options].flatMap(({ long, short }) => [long, short]);
    // Not the flags of a program that is run, nor of a command within quotes.
    const lines = examples.split('\n').map((each) => each.replace(/'[^']*'/g, '').replace(/ -- .*/, ''));
    for (const line of lines.filter((each) => each.includes(`sally ${path}`)))
      for (const [flag = ''] of line.matchAll(/(?<=\s)--?[a-z][a-z-]*/g)) expect(known).toContain(flag);
  });

  test('has a description', () => expect(command.description()).not.toBe(''));
});

test('`npx sally` is ours: what npm links is in the repository, executable, before anything is built', () => {
  const { bin } = JSON.parse(readFileSync(join(room, 'package.json'), 'utf8')) as {
    readonly bin: { readonly sally: string };
  };
  expect(statSync(join(room, bin.sally)).mode & 0o111).toBe(0o111);
  expect(execFileSync('git', ['ls-files', bin.sally], { cwd: room, encoding: 'utf8' })).toBe('bin/sally.js\n');
  expect(execFileSync(process.execPath, [join(room, bin.sally), '--help'], { encoding: 'utf8' })).toContain(
    'Usage: sally',
  );
});

test.each([
  [['nonsense'], 'unknown command'],
  [['sessions', 'ls', '--nonsense'], 'unknown option'],
  [['sessions'], 'which command?'],
  [[], 'which command?'],
  [['login'], "required option '--url <url>' not specified"],
  [['sessions', 'show'], "missing required argument 'session'"],
  [['sessions', 'ls', '--limit', '0'], '--limit 0 is not a number'],
  [['connect', 'billing', '--port', 'x'], '--port x is not a number'],
  [['connect', 'billing'], 'which gate?'],
  [['connect', 'billing', '--gate', 'gate'], 'the gate gate is not host:port'],
  [['join-tokens', 'create', 'robot', 'x'], 'Allowed choices are proxy, agent'],
  [['run', 'billing'], "missing required argument 'program'"],
  [['run', 'billing', 'true'], 'which gate?'],
  [['explain', '99999'], '99999 is no code of Sallyport'],
  [['completion'], 'which shell?'],
  [['completion', 'tcsh'], 'Allowed choices are bash, zsh, fish'],
  [['suggestions', 'accept', 'billing'], 'which suggestions?'],
  [['observed', 'bind', 'obs_1', 'etl', '--claim', 'sub'], '--claim sub is no claim'],
  [['get', 'robots'], 'there is no kind robots'],
  [['get', 'column-tags'], 'whose column tags?'],
  [['approvals', 'deny', 'apr_1'], "required option '--reason <text>' not specified"],
  [['login', '--url', 'https://x', '--name', 'ada'], '--name goes with --setup'],
  [['login', '--url', 'https://x', '--setup'], '--setup needs --name'],
  [['login', '--url', 'http://gate.example.com'], 'is not encrypted'],
])('%j is a usage error: code 64 and the way out', async (args, message) => {
  const plain = await sally(args);
  expect([plain.exitCode, plain.stderr]).toEqual([64, expect.stringContaining(message)]);
  const json = await sally([...args, '--json']);
  expect(json.exitCode).toBe(64);
  expect(JSON.parse(json.stderr)).toMatchObject({ error: { exitCode: 64, hint: expect.any(String) } });
});
