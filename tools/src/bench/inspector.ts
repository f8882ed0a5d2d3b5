/** A command of the inspector, and what it answers. */
export type Call = (method: string, params?: Readonly<Record<string, unknown>>) => Promise<unknown>;

/** Attaches to a Node process that was started with `--inspect-port=PORT`: nothing listens there until it is asked to. */
export async function inspect(pid: number, port: number): Promise<Call> {
  process.kill(pid, 'SIGUSR1');
  const socket = new WebSocket(await debuggerUrl(port));
  const waiting = new Map<number, (result: unknown) => void>();
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', () => reject(new Error('the inspector took no connection')));
  });
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { readonly id?: number; readonly result?: unknown };
    if (id !== undefined) waiting.get(id)?.(result);
  });
  let last = 0;
  return (method, params = {}) =>
    new Promise((resolve) => {
      const id = ++last;
      waiting.set(id, resolve);
      socket.send(JSON.stringify({ id, method, params }));
    });
}

async function debuggerUrl(port: number): Promise<string> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const found = await fetch(`http://127.0.0.1:${port}/json`).catch(() => undefined);
    const [first] = found === undefined ? [] : ((await found.json()) as { readonly webSocketDebuggerUrl: string }[]);
    if (first !== undefined) return first.webSocketDebuggerUrl;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the inspector did not open within 5 s');
}

/** What stays when nothing is garbage, megabytes. */
export async function residentAfterCollection(call: Call): Promise<number> {
  await call('HeapProfiler.collectGarbage');
  const { result } = (await call('Runtime.evaluate', { expression: 'process.memoryUsage.rss()' })) as {
    readonly result: { readonly value: number };
  };
  return result.value / 2 ** 20;
}
