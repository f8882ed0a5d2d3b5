import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProgram } from '../program.js';
import { renderBash } from './bash.js';
import { renderFish } from './fish.js';
import { namesOf } from './names.js';
import { tableOf, walk } from './table.js';
import { renderZsh } from './zsh.js';

const nowhere = { write: () => undefined };
const table = tableOf(createProgram({} as never, { out: nowhere, err: nowhere }));

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-completion-'));
  for (const [shell, script] of [
    ['bash', renderBash(table)],
    ['zsh', renderZsh(table)],
    ['fish', renderFish(table)],
  ] as const)
    writeFileSync(join(directory, `sally.${shell}`), script);
  // What a logged-in sally answers; that it does is tried end to end.
  writeFileSync(
    join(directory, 'sally'),
    '#!/bin/sh\ncase "$*" in "completion --names connections") echo billing; echo orders ;; *) echo "said <$*>" ;; esac\n',
  );
  chmodSync(join(directory, 'sally'), 0o755);
  writeFileSync(join(directory, 'token.txt'), '');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const env = () => ({ PATH: `${directory}:${process.env['PATH'] ?? ''}`, HOME: directory, TERM: 'dumb' });
const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

/** What a person types, up to the tab key, and what is offered; `…`: among others. */
const cases: readonly (readonly [typed: string, offered: readonly string[]])[] = [
  ['sally ', ['login', 'doctor', 'completion', '…']],
  ['sally doc', ['doctor']],
  ['sally sessions ', ['ls', 'show', 'end']],
  ['sally --json sessions s', ['show']],
  ['sally sessions ls --', ['--principal', '--connection', '--open', '--limit', '--json', '--help']],
  ['sally sessions ls --connection o', ['orders']],
  ['sally connect ', ['billing', 'orders']],
  ['sally connect b', ['billing']],
  ['sally connect --gate gate.example.com:7432 --insecure b', ['billing']],
  ['sally connect --gate ', []],
  ['sally connect billing ', []],
  ['sally doctor billing --token-file tok', ['token.txt']],
  ['sally token --audience-parameter ', ['resource', 'audience']],
  ['sally completion ', ['bash', 'zsh', 'fish']],
  ['sally get sub', ['subagent']],
  ['sally explain approval_p', ['approval_pending']],
  ['sally run billing -- ls tok', ['token.txt']],
];

const offers = (seen: readonly string[], offered: readonly string[]): void => {
  const wanted = offered.filter((each) => each !== '…');
  expect(seen).toEqual(offered.includes('…') ? expect.arrayContaining(wanted) : wanted);
};

describe('in bash', () => {
  const complete = (typed: string): readonly string[] => {
    const script = `source "$1"; COMP_LINE=$2 COMP_POINT=\${#2}; _sally; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const args = ['--norc', '-c', script, 'bash', join(directory, 'sally.bash'), typed];
    return linesOf(execFileSync('bash', args, { cwd: directory, env: env(), encoding: 'utf8' }));
  };
  test.each(cases)('%j offers %j', (typed, offered) => offers(complete(typed), offered));

  test('after -- the words are those of another program', () => {
    expect(complete('sally run billing -- --')).toEqual([]);
    expect(complete('sally run billing -- bas')).toContain('bash');
  });

  test('a whole line is completed by bash itself: the function is bound to `sally`', () => {
    const script = `source "$1"; complete -p sally`;
    const said = execFileSync('bash', ['--norc', '-c', script, 'bash', join(directory, 'sally.bash')], { env: env() });
    expect(said.toString()).toBe('complete -F _sally sally\n');
  });
});

const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;
// Told either way: which shells this run has tried.
process.stdout.write(`completion: tried in ${['bash', 'zsh', 'fish'].filter(has).join(', ')}\n`);

(has('fish') ? describe : describe.skip)('in fish, where it is installed', () => {
  const complete = (typed: string): readonly string[] => {
    const script = `source ${join(directory, 'sally.fish')}; complete -C ${JSON.stringify(typed)}`;
    const said = execFileSync('fish', ['--no-config', '-c', script], { cwd: directory, env: env(), encoding: 'utf8' });
    return linesOf(said).map((line) => line.split('\t')[0] ?? '');
  };
  test.each(cases)('%j offers %j', (typed, offered) => {
    const seen = complete(typed);
    expect([...seen].sort()).toEqual(expect.arrayContaining(offered.filter((each) => each !== '…')));
  });
});

(has('zsh') ? describe : describe.skip)('in zsh, where it is installed', () => {
  /** What `sally` is called with after the tab key, in an interactive shell at a pseudo-terminal. */
  const complete = (typed: string, load = `source ${join(directory, 'sally.zsh')}`): string => {
    const script = `
zmodload zsh/zpty
zpty shell "TERM=dumb PS1='> ' zsh -f -i"
zpty -w shell "cd ${directory}; fpath=(${directory}/functions \\$fpath); autoload -Uz compinit; compinit -u -D; ${load}; unsetopt zle_bracketed_paste 2>/dev/null; echo rea''dy"
zpty -r -m shell line '*ready*'
zpty -w shell $'${typed}\\t'
zpty -r -m shell line '*said <*>*' && print -r -- "$line"
zpty -d shell`;
    const said = execFileSync('zsh', ['-f', '-c', script], { env: env(), encoding: 'utf8', timeout: 30_000 });
    return /said <([^>]*)>/.exec(said)?.[1] ?? said;
  };
  test.each([
    ['sally doc', 'doctor'],
    ['sally sessions sh', 'sessions show'],
    ['sally connect b', 'connect billing'],
    ['sally token --audience-parameter r', 'token --audience-parameter resource'],
    ['sally doctor billing --token-file tok', 'doctor billing --token-file token.txt'],
    ['sally explain approval_pe', 'explain approval_pending'],
    ['sally run billing -- ls tok', 'run billing -- ls token.txt'],
  ])('%j becomes %j', (typed, whole) => expect(complete(typed)).toBe(whole));

  test('from the fpath, too', () => {
    mkdirSync(join(directory, 'functions'));
    writeFileSync(join(directory, 'functions', '_sally'), renderZsh(table));
    expect(complete('sally sessions sh', ':')).toBe('sessions show');
    expect(complete('sally connect b', ':')).toBe('connect billing');
  });
});

test('every command and option is in each of the scripts', () => {
  const scripts = [renderBash(table), renderZsh(table), renderFish(table)];
  for (const { entry } of walk(table))
    for (const { flags } of entry.options)
      for (const flag of flags)
        for (const script of scripts)
          expect(script).toMatch(new RegExp(`(?:^|[ '|(])(?:${flag}|-[ls] ${flag.replace(/^-+/, '')})\\b`, 'm'));
  expect(walk(table).some(({ entry }) => entry.options.some(({ flags }) => flags.includes('--names')))).toBe(false);
});

test('a name that a shell would run is not offered', async () => {
  const items = [{ id: 'con_1', name: 'billing' }, { id: 'con_2', name: '$(reboot)' }, { id: 'ses_3' }];
  const client = { get: () => Promise.resolve({ items }) };
  expect(await namesOf('connections', client as never)).toEqual(['billing', 'ses_3']);
});
