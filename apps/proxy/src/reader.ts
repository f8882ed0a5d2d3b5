import { join } from 'node:path';
import { setImmediate as rest } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { refuse } from '@sallyport/kernel';
import type { Catalog, Refusal } from '@sallyport/kernel';
import type { FromReader, ToReader } from './reader-thread.js';
import { unreadStatement } from './statements.js';
import type { Read } from './statements.js';

/** Reads long texts in a thread of its own, one at a time, in the order in which they were asked for. */
export interface Reader {
  /** Never rejects. A text that cannot be read there is refused, and so is one whose `signal` aborts. */
  read(text: string, catalog: Catalog | undefined, searchPath: readonly string[], signal: AbortSignal): Promise<Read>;
  close(): Promise<void>;
}

export interface ReaderBounds {
  /** Milliseconds for one text; the start of the thread counts. */
  readonly time: number;
  /** MB of heap. */
  readonly heap: number;
  /** Texts that wait. */
  readonly waiting: number;
  /** Milliseconds without a text, then the thread ends: the memory of a grammar never shrinks. */
  readonly idle: number;
}

export const readerBounds: ReaderBounds = { time: 10_000, heap: 1_024, waiting: 64, idle: 30_000 };

interface Asked {
  readonly text: string;
  readonly catalog: Catalog | undefined;
  readonly searchPath: readonly string[];
  readonly signal: AbortSignal;
  readonly answer: (reply: FromReader | Refusal) => void;
}

/** Catalogs that a thread keeps. */
const mostCatalogs = 4;
/** Of a list of a catalog in one message: what goes to the thread is copied in the loop of everybody. */
const slice = 200;
const program = join(import.meta.dirname, '../dist/reader-thread.js');

const hint = 'Nothing was executed. Send it in smaller parts.';
const tooMuch = refuse('limit_exceeded', 'the statement takes too long to read', { hint });
const tooMany = refuse('limit_exceeded', 'too many long statements wait to be read', {
  hint: 'Nothing was executed. Send it again later, or in smaller parts.',
});
const left = refuse('unreadable', 'the statement was not read to its end');

/** A running thread and the catalogs that it has. */
const startThread = ({ heap }: ReaderBounds, program: string) => {
  const worker = new Worker(program, {
    argv: [],
    env: {},
    execArgv: [],
    // Trees of a grammar die young, in great numbers.
    resourceLimits: { maxOldGenerationSizeMb: heap, maxYoungGenerationSizeMb: Math.ceil(heap / 16) },
  });
  worker.unref();
  // Its end tells that too.
  worker.on('error', () => undefined);
  const known = new Map<Catalog, number>();
  let last = 0;
  const post = (message: ToReader) => worker.postMessage(message);
  const numberOf = async (catalog: Catalog): Promise<number> => {
    const had = known.get(catalog);
    if (had !== undefined) return had;
    const [oldest] = known;
    if (known.size >= mostCatalogs && oldest !== undefined) {
      known.delete(oldest[0]);
      post({ kind: 'forget', catalog: oldest[1] });
    }
    last += 1;
    const number = last;
    known.set(catalog, number);
    for (const [name, value] of Object.entries(catalog) as readonly (readonly [string, unknown])[]) {
      const items: readonly unknown[] | undefined = Array.isArray(value) ? value : undefined;
      if (items === undefined) post({ kind: 'field', catalog: number, name, value });
      else
        for (let at = 0; at === 0 || at < items.length; at += slice) {
          post({ kind: 'items', catalog: number, name, items: items.slice(at, at + slice) });
          await rest();
        }
    }
    return number;
  };
  return { worker, post, numberOf };
};
type Thread = ReturnType<typeof startThread>;

export const createReader = (bounds: ReaderBounds = readerBounds, file: string = program): Reader => {
  const queue: Asked[] = [];
  let thread: Thread | undefined;
  let busy: Asked | undefined;
  let closed = false;
  let idle: NodeJS.Timeout | undefined;

  const end = (which: Thread | undefined): void => {
    if (which === undefined) return;
    if (thread === which) thread = undefined;
    void which.worker.terminate();
  };

  const started = (): Thread => {
    const made = startThread(bounds, file);
    made.worker.once('exit', () => end(made));
    return made;
  };

  /** One text, whatever becomes of it. */
  const readOne = async (asked: Asked): Promise<FromReader | Refusal> => {
    const mine = (thread ??= started());
    const gone = Promise.withResolvers<Refusal>();
    const lost = () => {
      end(mine);
      gone.resolve(left);
    };
    const stop = () => {
      end(mine);
      gone.resolve(tooMuch);
    };
    const reply = Promise.withResolvers<FromReader>();
    mine.worker.on('message', reply.resolve).once('exit', lost);
    asked.signal.addEventListener('abort', lost, { once: true });
    let timer: NodeJS.Timeout | undefined;
    try {
      const catalog = asked.catalog && (await Promise.race([mine.numberOf(asked.catalog), gone.promise]));
      if (typeof catalog === 'object') return catalog;
      mine.post({ kind: 'read', text: asked.text, catalog, searchPath: asked.searchPath });
      timer = setTimeout(stop, bounds.time).unref();
      return await Promise.race([reply.promise, gone.promise]);
    } finally {
      clearTimeout(timer);
      asked.signal.removeEventListener('abort', lost);
      mine.worker.off('message', reply.resolve).off('exit', lost);
    }
  };

  const next = (): void => {
    if (busy !== undefined || closed) return;
    const asked = queue.shift();
    if (asked === undefined) {
      idle = setTimeout(() => end(thread), bounds.idle).unref();
      return;
    }
    clearTimeout(idle);
    busy = asked;
    const done = (reply: FromReader | Refusal) => {
      busy = undefined;
      asked.answer(reply);
      next();
    };
    readOne(asked).then(done, () => {
      end(thread);
      done(left);
    });
  };

  return {
    async read(text, catalog, searchPath, signal) {
      const refused = (refusal: Refusal): Read => ({ kind: 'refused', refusal, statement: unreadStatement(text) });
      if (closed || signal.aborted) return refused(left);
      if (queue.length >= bounds.waiting) return refused(tooMany);
      const { promise, resolve } = Promise.withResolvers<FromReader | Refusal>();
      const asked: Asked = { text, catalog, searchPath, signal, answer: resolve };
      queue.push(asked);
      const leave = () => {
        const at = queue.indexOf(asked);
        if (at < 0) return;
        queue.splice(at, 1);
        resolve(left);
      };
      signal.addEventListener('abort', leave, { once: true });
      next();
      const reply = await promise;
      signal.removeEventListener('abort', leave);
      if (!('kind' in reply)) return refused(reply);
      const statement = { ...reply.statement, text };
      return reply.kind === 'read' ? { kind: 'read', statement } : { ...reply, statement };
    },
    async close() {
      closed = true;
      clearTimeout(idle);
      for (const asked of queue.splice(0)) asked.answer(left);
      await thread?.worker.terminate();
    },
  };
};
