import type { Server } from 'node:net';
import { exitCodes } from './exit-codes.js';
import type { ListenAddress } from './fields.js';
import { ConfigProblem, StartProblem } from './problem.js';

/** Says why the program could not start, and with which code it ends. What nobody foresaw is told with its stack. */
export function tellStartProblem(program: string, problem: unknown): number {
  const say = (line: string): void => void process.stderr.write(`${program}: ${line}\n`);
  if (problem instanceof ConfigProblem) {
    for (const each of problem.problems) say(each);
    say('see `--help` or docs/configuration.md');
    return exitCodes.usage;
  }
  if (problem instanceof StartProblem) {
    say(problem.message);
    return problem.exitCode;
  }
  say(problem instanceof Error ? (problem.stack ?? problem.message) : String(problem));
  return exitCodes.failed;
}

/** A listener, the variable that says where it listens, and what hears of it when it breaks later. */
export interface ListenOptions {
  readonly variable: string;
  readonly address: ListenAddress;
  /** It goes on; e.g. too many files were open to take one more connection. */
  readonly report: (problem: Error) => void;
  /** With the other processes of one cluster. */
  readonly shared?: boolean;
}

/** The port that it listens on. @throws StartProblem */
export function listen(server: Server, { variable, address, report, shared = false }: ListenOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error): void => reject(cannotListen(variable, address, cause));
    server.once('error', failed);
    server.listen({ host: address.host, port: address.port, exclusive: !shared }, () => {
      server.off('error', failed);
      // Without a listener an error would end the process, and every session with it.
      server.on('error', report);
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : address.port);
    });
  });
}

export function cannotListen(variable: string, { host, port }: ListenAddress, cause: unknown): StartProblem {
  const { code = 'error' } = cause as NodeJS.ErrnoException;
  const why = reasons[code] ?? `it cannot be listened on (${code}): choose another`;
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new StartProblem(`${variable} ${place}: ${why}`, exitCodes.unavailable, { cause });
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use (EADDRINUSE): stop what listens there, or choose another',
  EADDRNOTAVAIL: 'this machine has no such address (EADDRNOTAVAIL): choose one of its own, or 0.0.0.0 for all',
  EACCES: 'this user may not listen there (EACCES): choose a port from 1024 upwards',
  ENOTFOUND: 'the host name is not known (ENOTFOUND): choose an address of this machine',
};
