/** Waits until it holds, or gives up with what it waited for: never sleep and hope. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what = holds.toString(),
  timeoutMs = 15_000,
): Promise<void> {
  for (let waited = 0; !(await holds()); waited += 10) {
    if (waited > timeoutMs) throw new Error(`within ${timeoutMs} ms it did not come true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Waits until a backend of that server runs a text like this one. */
export const untilRunning = (server: Queryable, text: string): Promise<void> =>
  until(async () => {
    const { rows } = await server.query(
      `select 1 from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like '%' || $1 || '%'`,
      [text],
    );
    return rows.length > 0;
  }, `the server runs ${text}`);

interface Queryable {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}
