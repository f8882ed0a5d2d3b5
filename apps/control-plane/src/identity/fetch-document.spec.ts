import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { fetchDocument, isPrivateAddress } from './fetch-document.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('private addresses', () => {
  const ours = [
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '3fff::1',
    '4000::1',
    '5f00::1',
    '8000::1',
    '::ffff:0:7f00:1',
  ];
  test.each(ours)('%s is one', (address) => expect(isPrivateAddress(address)).toBe(true));
  test.each(['1.1.1.1', '8.8.8.8', '172.32.0.1', '2606:4700::1111'])('%s is none', (address) =>
    expect(isPrivateAddress(address)).toBe(false),
  );
});

describe('fetchDocument', () => {
  test('reads a document where private addresses are allowed', async () => {
    const url = await serve((_request, response) => response.end('{"keys":[]}'));
    expect(await fetchDocument(url, { allowPrivate: true })).toBe('{"keys":[]}');
  });

  test('refuses what it must not reach before it connects', async () => {
    let asked = 0;
    const url = await serve((_request, response) => {
      asked++;
      response.end('{}');
    });
    const secure = url.replace('http:', 'https:');
    const port = new URL(url).port;
    await expect(fetchDocument(url, { allowPrivate: false })).rejects.toThrow('must be https');
    await expect(fetchDocument(secure, { allowPrivate: false })).rejects.toThrow('private or local');
    await expect(fetchDocument(`https://[::ffff:127.0.0.1]:${port}`, { allowPrivate: false })).rejects.toThrow(
      'private or local',
    );
    await expect(fetchDocument(`https://2130706433:${port}`, { allowPrivate: false })).rejects.toThrow(
      'private or local',
    );
    const resolve = async () => [
      { address: '1.1.1.1', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
    await expect(fetchDocument(`https://idp.test:${port}`, { allowPrivate: false, resolve })).rejects.toThrow(
      'private or local',
    );
    await expect(fetchDocument('file:///etc/passwd', { allowPrivate: true })).rejects.toThrow('not an https URL');
    await expect(fetchDocument('https://a:b@idp.test', { allowPrivate: true })).rejects.toThrow('user name');
    expect(asked).toBe(0);
  });

  test('connects to the address that was checked, whatever the name says later', async () => {
    const url = await serve((request, response) => response.end(request.headers.host));
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
    const port = new URL(url).port;
    expect(await fetchDocument(`http://idp.invalid:${port}/`, { allowPrivate: true, resolve })).toBe(
      `idp.invalid:${port}`,
    );
  });

  test('follows no redirect, and bounds size', async () => {
    const redirect = await serve((_request, response) =>
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    );
    await expect(fetchDocument(redirect, { allowPrivate: true })).rejects.toThrow('answered 302');
    const endless = await serve((_request, response) => {
      const more = (): void => {
        while (response.write('x'.repeat(65_536)));
      };
      response.on('drain', more).on('error', () => undefined);
      more();
    });
    await expect(fetchDocument(endless, { allowPrivate: true })).rejects.toThrow('longer than');
    const broken = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('x');
      setTimeout(() => response.destroy(), 20);
    });
    await expect(fetchDocument(broken, { allowPrivate: true })).rejects.toThrow('broke off');
  });
});
