import { describe, expect, test } from '@jest/globals';
import { encodeUtf8 } from '@sallyport/kernel';
import fc from 'fast-check';
import { issued, issuers, passesLuhn } from './card.js';
import { createDetectors } from './detectors.js';
import { suspicious } from './prefilter.js';
import { detectorClasses } from './span.js';
import type { DetectorClass } from './span.js';

const detectors = createDetectors();
const withAddresses = createDetectors(detectorClasses);

const jwt = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJldGwiLCJleHAiOjF9.c2lnbmF0dXJl';
const block = '-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----';
const letters36 = 'abcdefghijklmnopqrstuvwxyz0123456789';

const positives: readonly (readonly [DetectorClass, string, string])[] = [
  ['card_number', 'pay 4242424242424242 now', 'pay [card_number] now'],
  ['card_number', '4242 4242 4242 4242', '[card_number]'],
  ['card_number', '4242-4242-4242-4242', '[card_number]'],
  ['card_number', '4242.4242.4242.4242', '[card_number]'],
  ['card_number', '4242\u00a04242\u00a04242\u00a04242', '[card_number]'],
  ['card_number', '４２４２４２４２４２４２４２４２', '[card_number]'],
  ['card_number', '４２４２　４２４２　４２４２　４２４２', '[card_number]'],
  ['card_number', '4242\u200b4242\u200b4242\u200b4242', '[card_number]'],
  ['card_number', '٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢', '[card_number]'],
  ['card_number', '𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐', '[card_number]'],
  ['card_number', '4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2', '[card_number]'],
  ['card_number', '4242–4242–4242–4242', '[card_number]'],
  ['card_number', 'amex 3782 822463 10005.', 'amex [card_number].'],
  ['card_number', 'visa13 4222222222222', 'visa13 [card_number]'],
  ['card_number', 'mc 5555555555554444, 2223003122003222', 'mc [card_number], [card_number]'],
  ['card_number', 'diners 30569309025904', 'diners [card_number]'],
  ['card_number', 'discover 6011111111111117', 'discover [card_number]'],
  ['card_number', 'jcb 3530111333300000', 'jcb [card_number]'],
  ['card_number', 'card_4242424242424242', 'card_[card_number]'],
  ['card_number', 'order 12 4242 4242 4242 4242', 'order 12 [card_number]'],
  ['card_number', '{4242424242424242,x}', '{[card_number],x}'],
  ['email', 'write to jane.doe+x@mail.example.co.uk.', 'write to [email].'],
  ['email', 'jörg@müller.de', '[email]'],
  ['email', 'jane＠example.com', '[email]'],
  ['email', '<a@b.io>', '<[email]>'],
  ['phone', 'call +49 30 901820', 'call [phone]'],
  ['phone', '+14155552671', '[phone]'],
  ['phone', '+1 (415) 555-2671', '[phone]'],
  ['phone', '(212) 555-1234', '[phone]'],
  ['phone', '212-555-1234', '[phone]'],
  ['phone', 'tel:1-212-555-1234', 'tel:[phone]'],
  ['iban', 'IBAN DE89 3704 0044 0532 0130 00', 'IBAN [iban]'],
  ['iban', 'GB82WEST12345698765432', '[iban]'],
  ['iban', 'gb82west12345698765432', '[iban]'],
  ['iban', 'NO9386011117947', '[iban]'],
  ['iban', 'MT84MALT011000012345MTLCAST001S', '[iban]'],
  ['national_id', 'SSN 536-90-4399', 'SSN [national_id]'],
  ['national_id', 'NI AB 12 34 56 C', 'NI [national_id]'],
  ['national_id', 'DNI 12345678Z', 'DNI [national_id]'],
  ['national_id', 'CPF 529.982.247-25', 'CPF [national_id]'],
  ['national_id', 'CF RSSMRA85T10A562S', 'CF [national_id]'],
  ['national_id', 'NIR 2 55 08 14 168 025 38', 'NIR [national_id]'],
  ['jwt', `Bearer ${jwt}`, 'Bearer [jwt]'],
  ['cloud_key', 'AKIAIOSFODNN7EXAMPLE', '[cloud_key]'],
  ['cloud_key', `AIza${letters36.slice(0, 35)}`, '[cloud_key]'],
  ['cloud_key', `ghp_${letters36}`, '[cloud_key]'],
  ['cloud_key', `github_pat_${letters36}`, '[cloud_key]'],
  ['cloud_key', `glpat-${letters36.slice(0, 20)}`, '[cloud_key]'],
  ['cloud_key', `xoxb${'-'}123456789012-abcdefghijkl`, '[cloud_key]'],
  ['cloud_key', `sk_${'live'}_4eC39HqLyjWDarjtT1zdp7dc`, '[cloud_key]'],
  ['cloud_key', `rk_${'test'}_4eC39HqLyjWDarjtT1zdp7dc`, '[cloud_key]'],
  ['private_key', `x ${block} y`, 'x [private_key] y'],
  ['private_key', '-----BEGIN PRIVATE KEY-----\nMIIE', '[private_key]'],
];

const negatives: readonly string[] = [
  '',
  'SELECT * FROM payments WHERE id = 42',
  '2024-01-02 10:11:12.123456+00',
  '2026-11-23T13:22:37.000Z',
  '20240102-101112.123456',
  '1700000000000',
  '1700000000000000',
  '1700000000000000000',
  '550e8400-e29b-41d4-a716-446655440000',
  'a1b2c3d4-4242-4242-4242-424242424242',
  '00000000-0000-0000-0000-000000000000',
  'd41d8cd98f00b204e9800998ecf8427e',
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  'a4242424242424242b',
  '0.4242424242424242',
  '3.141592653589793',
  '4.111111111111111',
  '-1.5e10',
  'ORD-2024-000123',
  'INV-20240102-0001',
  '4006381333931', // a barcode of goods that passes Luhn or not: EAN-13 by its own check digit
  '4242424242424241', // Luhn fails
  '1234567890123456',
  '0000000000000000',
  '424242424242424242424242424242424242', // longer than any card
  '192.168.1.10',
  '10.0.0.0/8',
  '1.2.3.4',
  'v24.21.0',
  'user@localhost',
  '@decorator',
  'left @ right',
  '@scope/package@1.2.3',
  'git@github.com:owner/repository.git',
  'a@@b',
  'x+12345678',
  '1+12345678',
  '+00:00',
  '+0530',
  '555-1234',
  '111-555-1234',
  '2024-212-555-1234',
  '000-12-3456',
  '666-12-3456',
  '900-12-3456',
  '123-45-67890',
  '12345678A', // wrong check letter
  'DE89370400440532013001', // mod 97 fails
  'GB00 not an iban at all',
  'eyJust a word',
  'AKIAshort',
  'sk_test',
  '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
  '-----BEGIN PUBLIC KEY-----',
  'Łódź, ul. Piotrkowska 12/34',
  '金額：１２３４円',
];

describe('detectors', () => {
  test.each(positives)('%s: %s', (kind, text, shown) => {
    expect(new Set(detectors.detect(text).map((span) => span.class))).toEqual(new Set([kind]));
    expect(detectors.scrubText(text)).toBe(shown);
    expect(suspicious(encodeUtf8(text))).toBe(true);
  });

  test.each(negatives)('leaves alone: %s', (text) => {
    expect(detectors.detect(text)).toEqual([]);
    expect(detectors.scrubText(text)).toBe(text);
  });

  test('IP addresses only where asked for', () => {
    expect(withAddresses.scrubText('from 192.168.1.10, 2001:db8::1 and fe80:0:0:0:1:2:3:4')).toBe(
      'from [ip_address], [ip_address] and [ip_address]',
    );
    for (const text of [
      '12:30:45',
      'a::b is a cast',
      '1.2.3.4.5',
      '256.1.1.1',
      'v1.2.3.4-rc',
      'x::text',
      'std::vector',
    ])
      expect(withAddresses.scrubText(text)).toBe(text === 'v1.2.3.4-rc' ? 'v1.2.3.4-rc' : text);
  });

  test('what a detector finds, the prefilter lets through', () => {
    const found = positives.map(([, text]) => text);
    fc.assert(
      fc.property(
        fc.constantFrom(...found),
        fc.string({ maxLength: 20 }),
        fc.string({ maxLength: 20 }),
        (text, a, b) => {
          const whole = `${a} ${text} ${b}`;
          if (detectors.detect(whole).length > 0) expect(suspicious(encodeUtf8(whole))).toBe(true);
        },
      ),
    );
  });

  test('clean cells do not pass the prefilter', () => {
    for (const text of ['Jane Doe', 'paid', 'EUR', '19.99', 'Łódź', 'a note about xylophones', '東京、日本。'])
      expect(suspicious(encodeUtf8(text))).toBe(false);
  });

  test('every card number is found, however it is grouped', () => {
    const separators = ['', ' ', '-', '.', '\u00a0', '\u2009', '\u2011', '  '];
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99999999999 }), fc.constantFrom(...separators), (seed, separator) => {
        const body = `4${String(seed).padStart(14, '7')}`;
        const check = [...'0123456789'].find((digit) => passesLuhn(body + digit)) ?? '';
        const number = (body + check).replace(/(\d{4})(?=\d)/g, `$1${separator}`);
        expect(detectors.scrubText(`a ${number} b`)).toBe('a [card_number] b');
      }),
    );
  });

  test('a number is a card of whoever issues its first digits in its length', () => {
    for (let prefix = 0; prefix < 10_000; prefix += 1)
      for (let length = 12; length <= 20; length += 1) {
        const digits = String(prefix).padStart(4, '0').padEnd(length, '0');
        const listed = issuers.some(({ from, to, lengths }) => {
          const first = digits.slice(0, from.length);
          return first >= from && first <= to && lengths.includes(length);
        });
        if (issued(digits) !== listed) throw new Error(`${digits}: ${listed ? 'is one' : 'is none'}`);
      }
  });

  test('spans are sorted and do not overlap, and nothing found is found again', () => {
    const pieces = [...positives.map(([, text]) => text), ...negatives, ' ', '\n', '1', '-', '@', '+'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 8 }), (parts) => {
        const text = parts.join('');
        let from = 0;
        for (const span of detectors.detect(text)) {
          expect(span.start).toBeGreaterThanOrEqual(from);
          expect(span.end).toBeGreaterThan(span.start);
          expect(span.end).toBeLessThanOrEqual(text.length);
          from = span.end;
        }
      }),
    );
  });

  test('work grows with length, not with its square', () => {
    const bombs = [
      '@',
      'a@',
      '1',
      '1 ',
      '12-',
      '4242 ',
      '+1',
      'eyJ',
      'eyJaaaaaaaa.',
      'AKIA',
      'DE8',
      '-----BEGIN ',
      '-',
      'k_live_',
    ]
      .concat(['-----BEGIN PRIVATE KEY-----', '-----END ', '12345678-', '\u200b', '4\u200b', 'gh', 'A1', '::', '1.1.'])
      .concat(['1\n', '4242 4242\n4242 4242\n', '4242 4242\n', '1-\r\n        ', '4\t\n', '_1'])
      .map((piece) => piece.repeat(Math.ceil(400_000 / piece.length)));
    for (const bomb of bombs) {
      withAddresses.detect(bomb);
      suspicious(encodeUtf8(bomb));
    }
  });
});
