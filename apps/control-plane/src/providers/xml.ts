import { DOMParser } from '@xmldom/xmldom';

/** What providers send is small; what is not is refused before anything reads it. */
export const xmlLimits = { characters: 262_144, depth: 40, elements: 5_000 } as const;

export class XmlRefused extends Error {
  override readonly name = 'XmlRefused';
}

/**
 * Reads XML as SAML uses it: elements, attributes and text. Document types (and with them entities), comments,
 * processing instructions and CDATA have no place in it, and have all been used to make two readers see different things.
 *
 * @throws XmlRefused
 */
export function parseXml(text: string): Element {
  if (text.length > xmlLimits.characters) throw new XmlRefused('it is too long');
  if (/<!/.test(text)) throw new XmlRefused('it holds a document type, a comment or CDATA');
  if (/<\?/.test(text.replace(/^\uFEFF?\s*<\?xml [^?<>]*\?>/, '')))
    throw new XmlRefused('it holds a processing instruction');
  // The parser passes over what stands around the root.
  if (!/^\uFEFF?\s*<[^]*>\s*$/.test(text)) throw new XmlRefused('it is not well-formed XML');
  refuseDeep(text);
  const refuse = (): never => {
    throw new XmlRefused('it is not well-formed XML');
  };
  let root: Element | null;
  try {
    const handlers = { warning: refuse, error: refuse, fatalError: refuse };
    root = new DOMParser({ errorHandler: handlers }).parseFromString(text.replace(/^\uFEFF/, ''), 'text/xml')
      .documentElement as Element | null;
  } catch {
    return refuse();
  }
  if (root === null || allElements(root).some(isUnbound)) return refuse();
  return root;
}

/** A prefix that stands for nothing: the parser takes it. */
const isUnbound = (element: Element): boolean =>
  [element, ...Array.from(element.attributes)].some(
    ({ nodeName, namespaceURI }) => nodeName.includes(':') && !namespaceURI,
  );

/** Before a parser recurses. An upper bound is enough: nothing of SAML comes near it. */
function refuseDeep(text: string): void {
  let depth = 0;
  let elements = 0;
  for (const [tag] of text.matchAll(/<[^>]*>/g)) {
    if (tag.startsWith('</')) depth--;
    else if (!tag.endsWith('/>')) depth++;
    elements++;
    if (depth > xmlLimits.depth || elements > xmlLimits.elements * 2)
      throw new XmlRefused('it is nested too deeply, or has too many elements');
  }
}

export const namespaces = {
  protocol: 'urn:oasis:names:tc:SAML:2.0:protocol',
  assertion: 'urn:oasis:names:tc:SAML:2.0:assertion',
  metadata: 'urn:oasis:names:tc:SAML:2.0:metadata',
  signature: 'http://www.w3.org/2000/09/xmldsig#',
  encryption: 'http://www.w3.org/2001/04/xmlenc#',
} as const;
export type Namespace = keyof typeof namespaces;

export const isNamed = (element: Element, namespace: Namespace, name: string): boolean =>
  element.namespaceURI === namespaces[namespace] && element.localName === name;

export const childElements = (parent: Element): readonly Element[] =>
  Array.from(parent.childNodes).filter((node): node is Element => node.nodeType === 1);

export const childrenNamed = (parent: Element, namespace: Namespace, name: string): readonly Element[] =>
  childElements(parent).filter((child) => isNamed(child, namespace, name));

/** Itself and all below it. */
export const allElements = (root: Element): readonly Element[] => [root, ...childElements(root).flatMap(allElements)];

export const textIn = (element: Element | undefined): string => element?.textContent?.trim() ?? '';
