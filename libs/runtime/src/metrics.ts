/** Counters and gauges in the Prometheus text format, without labels that could hold a caller's words. */
export interface Metrics {
  counter(name: string, help: string): { add(value?: number): void };
  gauge(name: string, help: string, read: () => number): void;
  render(): string;
}

export function createMetrics(): Metrics {
  const readers = new Map<
    string,
    { readonly help: string; readonly type: 'counter' | 'gauge'; readonly read: () => number }
  >();
  const register = (name: string, help: string, type: 'counter' | 'gauge', read: () => number): void => {
    if (!/^sallyport_[a-z_]+$/.test(name) || readers.has(name)) throw new Error(`metric ${name} is misnamed or taken`);
    readers.set(name, { help, type, read });
  };
  return {
    counter: (name, help) => {
      let total = 0;
      register(name, help, 'counter', () => total);
      return { add: (value = 1) => void (total += value) };
    },
    gauge: (name, help, read) => register(name, help, 'gauge', read),
    render: () =>
      [...readers]
        .map(([name, { help, type, read }]) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${read()}\n`)
        .join(''),
  };
}
