import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bundle } from '@sallyport/contracts';

/** The last good bundle as it was signed, so that an agent which restarts alone goes on serving. */
export interface BundleFile {
  /** `undefined`: none was kept yet. */
  read(): Bundle | 'damaged' | undefined;
  write(bundle: Bundle): void;
}

export function createBundleFile(directory: string): BundleFile {
  const path = join(directory, 'bundle.bin');
  return {
    read: () => {
      try {
        return Bundle.decode(readFileSync(path));
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'damaged';
      }
    },
    write: (bundle) => {
      writeFileSync(`${path}.new`, Bundle.encode(bundle).finish(), { mode: 0o600, flush: true });
      renameSync(`${path}.new`, path);
    },
  };
}
