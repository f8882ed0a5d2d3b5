import { lstatSync, statSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { StartProblem, exitCodes } from '@sallyport/runtime';

export interface LocalSocketOptions {
  /** The variable that names the directory. */
  readonly variable: string;
  readonly directory: string;
  /** As a client asks for it: its port is part of the name. */
  readonly port: number;
  /** The server goes on. */
  readonly report: (problem: Error) => void;
  /** Several processes share the socket; `makeWay` was called before they came. */
  readonly shared?: boolean;
}

/** What the system takes for the path of a socket, bytes. */
const longestPath = 107;

/**
 * Listens where PostgreSQL's clients look for a server on their own machine (`psql -h DIRECTORY`). Everybody on this machine
 * may connect, as at a port of loopback; the directory says who gets there. Closing the server takes the file away. Gives
 * its path.
 *
 * @throws StartProblem
 */
export const listenLocally = async (server: Server, options: LocalSocketOptions): Promise<string> => {
  const { report, shared = false } = options;
  const path = shared ? pathOf(options) : await makeWay(options);
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void =>
      reject(problem(options, `it cannot be listened on (${cause.code ?? 'error'})`, cause));
    server.once('error', failed);
    server.listen({ path, readableAll: true, writableAll: true }, () => {
      server.off('error', failed);
      server.on('error', report);
      resolve(path);
    });
  });
};

/**
 * What a proxy left behind that did not end properly is taken away; where somebody listens it is not. Gives the path.
 *
 * @throws StartProblem
 */
export const makeWay = async (place: Place): Promise<string> => {
  const { directory } = place;
  const path = pathOf(place);
  if (Buffer.byteLength(path) > longestPath)
    throw problem(place, `the path of a socket has at most ${longestPath} bytes: choose a shorter directory`);
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw problem(place, 'the directory is not there: create it, writable for this proxy');
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined) {
    if (!found.isSocket()) throw problem(place, 'something lies there that is no socket: move it away');
    if (await answers(path)) throw problem(place, 'somebody listens there: stop it, or choose another directory');
    unlinkSync(path);
  }
  return path;
};

type Place = Pick<LocalSocketOptions, 'variable' | 'directory' | 'port'>;

const pathOf = ({ directory, port }: Place): string => join(directory, `.s.PGSQL.${port}`);

const problem = (place: Place, why: string, cause?: unknown): StartProblem =>
  new StartProblem(`${place.variable} ${pathOf(place)}: ${why}`, exitCodes.unavailable, { cause });

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
