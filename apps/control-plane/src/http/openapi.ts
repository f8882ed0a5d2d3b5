import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

/** The reference at /docs, its document at /docs-json. */
export function serveDocs(app: INestApplication): void {
  const config = new DocumentBuilder()
    .setTitle('Sallyport control plane')
    .setDescription(
      'Every noun is addressed by id or name. Lists are paged: `?limit`, `?cursor`, answered with `items` and `next`. ' +
        'Errors are `application/problem+json` (RFC 9457) with a stable `code`. ' +
        'POST takes an `Idempotency-Key`; PUT by name makes or changes, and is idempotent.',
    )
    .setVersion('v1')
    .addBearerAuth()
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, config), {
    customSiteTitle: 'Sallyport',
    jsonDocumentUrl: 'docs-json',
  });
}
