import { mkdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bundle } from '@sallyport/contracts';

/** The last good bundle on disk, exactly as it was signed: a proxy that restarts alone goes on with it. */
export interface BundleFile {
  /** `heardAt`: when the control plane was last heard of, milliseconds since the epoch. `undefined`: none was kept yet. */
  read(): { readonly bundle: Bundle; readonly heardAt: number } | 'damaged' | undefined;
  write(bundle: Bundle): void;
  /** The control plane was heard of now. */
  touch(): void;
}

export const createBundleFile = (directory: string): BundleFile => {
  const path = join(directory, 'bundle.bin');
  return {
    read() {
      try {
        return { bundle: Bundle.decode(readFileSync(path)), heardAt: statSync(path).mtimeMs };
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'damaged';
      }
    },
    write(bundle) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      writeFileSync(`${path}.new`, Bundle.encode(bundle).finish(), { mode: 0o600, flush: true });
      renameSync(`${path}.new`, path);
    },
    touch() {
      const now = new Date();
      utimesSync(path, now, now);
    },
  };
};
