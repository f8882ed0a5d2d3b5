import { mkdirSync, readFileSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Bundle } from '@sallyport/contracts';
import { encodeChunk } from '@sallyport/policy';
import type { CatalogPart } from '@sallyport/policy';

/** The last good bundle on disk, exactly as it was signed: a proxy that restarts alone goes on with it. */
export interface BundleFile {
  /** `heardAt`: when the control plane was last heard of, milliseconds since the epoch. `undefined`: none was kept yet. */
  read(): { readonly bundle: Bundle; readonly heardAt: number } | 'damaged' | undefined;
  /** Parts of catalogs, by digest, are each kept once: what is there already is not written again. */
  write(bundle: Bundle, parts: ReadonlyMap<string, CatalogPart>): Promise<void>;
  /** The control plane was heard of now. */
  touch(): void;
}

const isDigest = (name: string): boolean => /^[0-9a-f]{64}$/.test(name);

export const createBundleFile = (directory: string): BundleFile => {
  const path = join(directory, 'bundle.bin');
  const partsPath = join(directory, 'catalog-parts');
  const replace = async (file: string, content: Uint8Array): Promise<void> => {
    await writeFile(`${file}.new`, content, { mode: 0o600, flush: true });
    await rename(`${file}.new`, file);
  };
  return {
    read() {
      try {
        const { mtimeMs } = statSync(path);
        const bundle = Bundle.decode(readFileSync(path));
        mkdirSync(partsPath, { recursive: true, mode: 0o700 });
        // Under whatever name a file stands here, what is in it is taken by its digest alone.
        const parts = readdirSync(partsPath)
          .filter(isDigest)
          .map((digest) => ({
            kind: 'catalog_part',
            name: '',
            digest,
            content: readFileSync(join(partsPath, digest)),
          }));
        return { bundle: { ...bundle, chunks: [...bundle.chunks, ...parts] }, heardAt: mtimeMs };
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'damaged';
      }
    },
    async write(bundle, parts) {
      await mkdir(partsPath, { recursive: true, mode: 0o700 });
      const there = new Set(await readdir(partsPath));
      for (const [digest, value] of parts)
        // Canonical: what was read from bytes is written as the same bytes.
        if (!there.has(digest)) await replace(join(partsPath, digest), encodeChunk({ kind: 'catalog_part', value }));
      await replace(path, Bundle.encode(bundle).finish());
      for (const name of there) if (!parts.has(name)) await rm(join(partsPath, name), { force: true });
    },
    touch() {
      const now = new Date();
      utimesSync(path, now, now);
    },
  };
};
