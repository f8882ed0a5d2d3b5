import { describe, expect, test } from '@jest/globals';
import { fromCommand } from './command.js';
import { CredentialProblem } from './credential.js';

const node = (script: string, timeout?: number) => fromCommand('app', [process.execPath, '-e', script], timeout);

describe('a credential from a command', () => {
  test('is what it prints, without the last line end', async () => {
    await expect(node(`console.log('s3cret $HOME ')`).read()).resolves.toEqual({
      user: 'app',
      password: 's3cret $HOME ',
    });
  });

  test.each([
    ['fails', `console.log('s3cret'); console.error('s3cret'); process.exit(3)`],
    ['prints nothing', `console.log('')`],
    ['prints without end', `for (;;) process.stdout.write('s3cret'.repeat(10000))`],
  ])('one that %s gives none, and its words are not repeated', async (_what, script) => {
    const error: unknown = await node(script)
      .read()
      .catch((problem: unknown) => problem);
    expect(error).toBeInstanceOf(CredentialProblem);
    expect(String(error)).not.toContain('s3cret');
  });

  test('one that hangs and ignores signals is killed', async () => {
    const source = node(`process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)`, 300);
    await expect(source.read()).rejects.toThrow(/took longer than 300 ms/);
  });

  test('one whose child keeps its output open does not hang the reading', async () => {
    const source = fromCommand('app', ['/bin/sh', '-c', 'sleep 45 & sleep 45'], 300);
    await expect(source.read()).rejects.toThrow(CredentialProblem);
  });

  test('one that is not there is a problem, not a crash', async () => {
    await expect(fromCommand('app', ['/nowhere/at/all']).read()).rejects.toThrow(CredentialProblem);
  });

  test('hears nothing that is the agent’s own', async () => {
    process.env['SALLYPORT_CREDENTIAL_OTHER_PASSWORD'] = 'not-yours';
    try {
      const { password } = await node(`console.log(JSON.stringify(Object.keys(process.env)))`).read();
      expect(password).toContain('PATH');
      expect(password).not.toContain('SALLYPORT_');
    } finally {
      delete process.env['SALLYPORT_CREDENTIAL_OTHER_PASSWORD'];
    }
  });
});
