-- CreateTable
CREATE TABLE "CatalogPart" (
    "tenantId" TEXT NOT NULL,
    "snapshotId" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "content" BYTEA NOT NULL,

    CONSTRAINT "CatalogPart_pkey" PRIMARY KEY ("snapshotId","digest")
);

-- AddForeignKey
ALTER TABLE "CatalogPart" ADD CONSTRAINT "CatalogPart_snapshotId_fkey" FOREIGN KEY ("snapshotId") REFERENCES "CatalogSnapshot"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Catalogs of before were one piece. Agents send them in parts when they next say what they read.
UPDATE "CatalogSnapshot" SET "digest" = '', "content" = '', "stale" = false;
