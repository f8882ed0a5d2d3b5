/* eslint-disable no-restricted-imports -- a driver for tests, over real sockets */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Attempt, CommandQuestion, Note, Permit, Session, Step, Verdict } from '@sallyport/kernel';
import { postgres } from '../src/index.js';
import { openTarget } from '../src/login/index.js';
import type { OpenedTarget, TargetOptions } from '../src/login/index.js';
import { context, permit } from './rig.js';

/** A driver of the least kind, over real sockets, to see a real client, a session and a real target together. */
export interface Gate {
  readonly port: number;
  readonly notes: Note[];
  readonly questions: CommandQuestion[];
  decide: (question: CommandQuestion) => Verdict | Promise<Verdict>;
  /** Of what was tried. */
  readonly attempts: Attempt[];
  settle: (attempt: Attempt) => Verdict | Promise<Verdict>;
  stop(): Promise<void>;
}

export const startGate = async (target: Omit<TargetOptions, 'parameters' | 'database'>): Promise<Gate> => {
  const sockets = new Set<Duplex>();
  const keys = new Map<string, () => Promise<void>>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    serve(socket);
  });

  const serve = (client: Socket): void => {
    client.setNoDelay(true);
    const session: Session = postgres.open({
      ...context({ tls: false }),
      random: (length) => new Uint8Array(randomBytes(length)),
    });
    let opened: OpenedTarget | undefined;
    let cancelKey = '';
    let login = { database: '', parameters: {} as Readonly<Record<string, string>> };
    const perform = (steps: readonly Step[]): void => {
      for (const step of steps) {
        if (step.kind === 'toClient') client.write(step.bytes);
        else if (step.kind === 'toTarget') opened?.stream.write(step.bytes);
        else if (step.kind === 'note') gate.notes.push(step.note);
        else if (step.kind === 'stop') void opened?.cancel().finally(() => perform(session.stopped()));
        else if (step.kind === 'cancellable') cancelKey = Buffer.from(step.key).toString('hex');
        else if (step.kind === 'close') {
          client.end();
          opened?.stream.end();
        } else if (step.kind === 'dial') void dial();
        else if (step.kind === 'ask') {
          const { question, id } = step;
          if (question.kind === 'command') {
            gate.questions.push(question);
            const verdict = gate.decide(question);
            if (verdict instanceof Promise) void verdict.then((late) => perform(session.answer(id, late)));
            else perform(session.answer(id, verdict));
          } else if (question.kind === 'tried') {
            gate.attempts.push(question.attempt);
            const verdict = gate.settle(question.attempt);
            if (verdict instanceof Promise) void verdict.then((late) => perform(session.answer(id, late)));
            else perform(session.answer(id, verdict));
          } else if (question.kind === 'cancel') {
            void keys.get(Buffer.from(question.key).toString('hex'))?.();
            perform(session.answer(id, { kind: 'allow', permit: mint('login') }));
          } else {
            login = question;
            perform(session.answer(id, { kind: 'allow', permit: mint('login') }));
          }
        }
      }
    };
    const dial = async (): Promise<void> => {
      try {
        opened = await openTarget({ ...target, ...login });
      } catch (error) {
        const message = error instanceof Error ? error.message : '';
        return perform(session.dialed({ kind: 'refused', refusal: { code: 'target_unavailable', message } }));
      }
      const { stream, greeting, cancel } = opened;
      sockets.add(stream);
      stream.on('data', (chunk: Buffer) => perform(session.feed('target', chunk)));
      stream.on('end', () => perform(session.end('target')));
      stream.on('close', () => perform(session.end('target')));
      stream.on('error', () => undefined);
      perform(session.dialed({ kind: 'opened', greeting }));
      keys.set(cancelKey, cancel);
      stream.resume();
    };
    client.on('data', (chunk) => perform(session.feed('client', chunk as Buffer)));
    client.on('end', () => perform(session.end('client')));
    client.on('error', () => undefined);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const gate: Gate = {
    port: (server.address() as AddressInfo).port,
    notes: [],
    questions: [],
    attempts: [],
    settle: () => ({ kind: 'allow', permit: mint('command') }),
    decide: () => ({ kind: 'allow', permit: mint('command') }),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return gate;
};

const mint = (scope: 'login' | 'command'): Permit => permit(scope);
