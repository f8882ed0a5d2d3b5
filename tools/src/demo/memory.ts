import { open, readFile } from 'node:fs/promises';

/**
 * Searches the writable memory of a running process (Linux, same user or root). `undefined` where the system does not
 * let us look.
 */
export async function findInMemory(
  pid: number,
  secret: string,
): Promise<{ readonly found: boolean; readonly megabytes: number } | undefined> {
  let maps: string;
  let memory: Awaited<ReturnType<typeof open>>;
  try {
    maps = await readFile(`/proc/${pid}/maps`, 'utf8');
    memory = await open(`/proc/${pid}/mem`, 'r');
  } catch {
    return undefined;
  }
  const needles = [Buffer.from(secret, 'latin1'), Buffer.from(secret, 'utf16le')];
  const chunk = Buffer.alloc(4 << 20);
  let searched = 0;
  let found = false;
  try {
    for (const line of maps.split('\n')) {
      const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
      if (match === null) continue;
      const end = parseInt(match[2] ?? '0', 16);
      for (let at = parseInt(match[1] ?? '0', 16); at < end; at += chunk.length - 256) {
        const wanted = Math.min(chunk.length, end - at);
        const { bytesRead } = await memory.read(chunk, 0, wanted, at).catch(() => ({ bytesRead: 0 }));
        searched += bytesRead;
        const seen = chunk.subarray(0, bytesRead);
        found ||= needles.some((needle) => seen.includes(needle));
        if (bytesRead < wanted) break;
      }
    }
  } finally {
    await memory.close();
  }
  return searched === 0 ? undefined : { found, megabytes: Math.round(searched / (1 << 20)) };
}
