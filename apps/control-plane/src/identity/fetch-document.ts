import { lookup } from 'node:dns/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP } from 'node:net';
import { within } from '../within.js';

const limits = { bytes: 262_144, milliseconds: 5_000 } as const;

// Apart: a list takes every IPv4 address for an IPv6 one as well.
const privateRanges = { ipv4: new BlockList(), ipv6: new BlockList() } as const;
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  privateRanges.ipv4.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  // Only 2000::/3 is anybody's on the Internet.
  ['::', 3],
  ['4000::', 2],
  ['8000::', 1],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  privateRanges.ipv6.addSubnet(network, prefix, 'ipv6');

/** Addresses that are ours or nobody's: what a URL that somebody typed must not reach. IPv4 in IPv6 counts as IPv4. */
export function isPrivateAddress(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return isPrivateAddress(mapped);
  if (/^::ffff:/i.test(address)) return true;
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  return privateRanges[family].check(address, family);
}

export type Resolve = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;
const resolveAll: Resolve = (host) => lookup(host, { all: true, verbatim: true });

/**
 * Reads a small document from a URL that an admin typed. The name is resolved once and the connection goes to the very
 * address that was checked; no redirect is followed; time and size are bounded. Messages are for the admin.
 */
export async function fetchDocument(text: string, { accept = keysOrJson, ...reach }: Fetching): Promise<string> {
  const { status, body } = await fetchGuarded(text, { method: 'GET', headers: { accept } }, reach);
  if (status !== 200) throw new Error(`it answered ${status}, not 200`);
  return body;
}

const keysOrJson = 'application/jwk-set+json, application/json';

interface Reach {
  readonly allowPrivate: boolean;
  readonly resolve?: Resolve;
}
interface Fetching extends Reach {
  readonly accept?: string;
}

interface Asked {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

interface Fetched {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** As above, for what is asked for in other ways: at a provider's token endpoint, say. */
export async function fetchGuarded(
  text: string,
  asked: Asked,
  { allowPrivate, resolve = resolveAll }: Reach,
): Promise<Fetched> {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new Error('it is not an https URL');
  if (url.protocol === 'http:' && !allowPrivate) throw new Error('it must be https');
  if (url.username !== '' || url.password !== '') throw new Error('it must not hold a user name or password');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(host) === 0 ? await named(host, resolve) : [{ address: host, family: isIP(host) }];
  const [target] = addresses;
  if (target === undefined) throw new Error(`${host} has no address`);
  if (!allowPrivate && addresses.some(({ address }) => isPrivateAddress(address)))
    throw new Error(`${host} is on a private or local address (SALLYPORT_ALLOW_PRIVATE_URLS=true would allow it)`);
  return exchange(url, asked, target);
}

async function named(host: string, resolve: Resolve): ReturnType<Resolve> {
  try {
    return await within(limits.milliseconds, resolve(host));
  } catch {
    throw new Error(`${host} cannot be resolved`);
  }
}

function exchange(
  url: URL,
  { method, headers, body }: Asked,
  target: { readonly address: string; readonly family: number },
): Promise<Fetched> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(url, {
      agent: false,
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }) },
      signal: AbortSignal.timeout(limits.milliseconds),
      lookup: (_host, options, done) => {
        if (options.all === true) done(null, [{ ...target }]);
        else done(null, target.address, target.family);
      },
    });
    request.once('error', (cause) => reject(new Error(problemOf(cause))));
    request.once('response', (response) => {
      const status = response.statusCode ?? 0;
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= limits.bytes) {
          chunks.push(chunk);
          return;
        }
        reject(new Error(`its answer is longer than ${limits.bytes} bytes`));
        response.destroy();
      });
      response.once('error', () => reject(new Error('its answer broke off')));
      response.once('end', () => {
        const { 'content-type': type = '' } = response.headers;
        resolve({ status, headers: { 'content-type': type }, body: Buffer.concat(chunks).toString('utf8') });
      });
    });
    request.end(body);
  });
}

const problemOf = ({ name }: Error): string =>
  name === 'AbortError' || name === 'TimeoutError' ? 'it did not answer in time' : 'it cannot be reached';
