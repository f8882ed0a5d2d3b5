import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseXml, textIn, xmlLimits, XmlRefused } from './xml.js';

test('reads elements, attributes, text and what XML itself escapes', () => {
  const root = parseXml('\uFEFF<?xml version="1.0" encoding="UTF-8"?>\n<a b="1 &lt; 2"><c>&amp;&#65;</c></a>');
  expect([root.localName, root.getAttribute('b'), textIn(root)]).toEqual(['a', '1 < 2', '&A']);
});

test.each<[string, string]>([
  ['nothing', ''],
  ['text', 'hello'],
  ['a document type', '<!DOCTYPE a><a/>'],
  ['a document type in small letters', '<!doctype a><a/>'],
  ['a comment', '<a><!-- --></a>'],
  ['CDATA', '<a><![CDATA[x]]></a>'],
  ['a processing instruction', '<a><?x y?></a>'],
  ['two declarations', '<?xml version="1.0"?><?xml version="1.0"?><a/>'],
  ['an entity that nobody declared', '<a>&b;</a>'],
  ['two roots', '<a/><b/>'],
  ['text after the root', '<a/>b'],
  ['an element that nothing ends', '<a><b></a>'],
  ['an attribute twice', '<a b="1" b="2"/>'],
  ['an attribute without quotes', '<a b=1/>'],
  ['a prefix of no namespace', '<x:a/>'],
  ['too deep', '<a>'.repeat(xmlLimits.depth + 1) + '</a>'.repeat(xmlLimits.depth + 1)],
  ['too many', `<a>${'<b/>'.repeat(xmlLimits.elements * 2)}</a>`],
  ['too long', `<a>${'x'.repeat(xmlLimits.characters)}</a>`],
])('refuses %s', (_, text) => {
  expect(() => parseXml(text)).toThrow(XmlRefused);
});

test('whatever comes is read or refused', () => {
  const piece = fc.constantFrom(
    '<a>',
    '</a>',
    '<a/>',
    '<',
    '>',
    '&',
    '"',
    '<!--',
    '-->',
    '<?xml',
    '?>',
    ' b="',
    'x',
    '\0',
    '\uD800',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      try {
        expect(parseXml(pieces.join('')).nodeType).toBe(1);
      } catch (cause) {
        expect(cause).toBeInstanceOf(XmlRefused);
      }
    }),
  );
});
