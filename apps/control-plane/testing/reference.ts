import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, object>> }>>;
}

export interface ReferenceDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

export interface Exchange {
  readonly method: string;
  /** With or without a query. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string | null;
  readonly body: unknown;
}

const problemType = 'application/problem+json';

/** Holds what a server answers against its own reference at /docs-json, so that the reference cannot lie. */
export class Reference {
  readonly #document: ReferenceDocument;
  readonly #ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false });
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(document: ReferenceDocument) {
    this.#document = document;
    this.#ajv.addSchema(document, 'reference');
  }

  static async of(url: string): Promise<Reference> {
    const answer = await fetch(new URL('/docs-json', url));
    return new Reference((await answer.json()) as ReferenceDocument);
  }

  /** What of an answer is not as the reference says; nothing when it is. */
  faults({ method, path, status, contentType, body }: Exchange): readonly string[] {
    const [pathname = ''] = path.split('?');
    const verb = method.toLowerCase();
    const template = this.#templateOf(verb, pathname);
    const mediaType = contentType?.split(';')[0] ?? '';
    // No operation: nothing but a problem can come of it.
    if (template === undefined)
      return mediaType === problemType ? this.#against('#/components/schemas/Problem', body) : [`no ${verb} ${path}`];
    const response = this.#document.paths[template]?.[verb]?.responses[String(status)];
    if (response === undefined) return [`${status} is not documented`];
    if (response.content === undefined) return mediaType === '' ? [] : [`${status} has a body, documented without`];
    if (response.content[mediaType] === undefined) return [`${status} as ${mediaType || 'nothing'} is not documented`];
    const place = ['paths', template, verb, 'responses', String(status), 'content', mediaType, 'schema'];
    return this.#against(`#/${place.map(pointer).join('/')}`, body);
  }

  #templateOf(verb: string, pathname: string): string | undefined {
    const parts = pathname.split('/');
    return Object.entries(this.#document.paths).find(([template, operations]) => {
      const wanted = template.split('/');
      return (
        operations[verb] !== undefined &&
        wanted.length === parts.length &&
        wanted.every((part, index) => part.startsWith('{') || part === parts[index])
      );
    })?.[0];
  }

  #against(place: string, body: unknown): readonly string[] {
    let validator = this.#validators.get(place);
    if (validator === undefined) {
      validator = this.#ajv.compile({ $ref: `reference${place}` });
      this.#validators.set(place, validator);
    }
    if (validator(body)) return [];
    return (validator.errors ?? []).map(({ instancePath, message, params }) =>
      `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`.trim(),
    );
  }
}

const pointer = (part: string): string => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
